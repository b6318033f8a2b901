"""Archive files in bulk: what `recsys_app.archive` says of a file one row at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyarrow as pa
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from jobs.archive_files import Verdict, count_ratings, judge_files, last_words, read_files
from recsys_app import archive
from recsys_app.archive import HEADER, ArchiveRow, file_name, format_rows, partition_directory
from recsys_app.errors import BadDataError
from recsys_app.models import MAX_ID, sequence_number

EPOCH, PARTITION = 2, 3
PATH = f"hdfs://h:1{partition_directory('/ratings', EPOCH, PARTITION)}/{file_name(0)}"

ids = st.integers(1, MAX_ID)
ratings = st.builds(
    ArchiveRow,
    offset=st.integers(0, 2**40),
    user_id=ids,
    movie_id=ids,
    rating=st.none() | st.integers(1, 10).map(lambda halves: halves / 2),
    timestamp=st.integers(0, 2**40),
    idempotency_key=st.from_regex(r"[A-Za-z0-9_.:-]{0,64}", fullmatch=True),
)
rows = ratings | st.integers(0, 2**40).map(ArchiveRow)
contents = st.lists(rows, max_size=5).map(format_rows)


def batches(*contents: str) -> Iterator[pa.RecordBatch]:
    for content in contents:
        yield pa.RecordBatch.from_pydict({"path": [PATH], "content": [content.encode()]})


def verdict(*contents: str) -> Verdict:
    (batch,) = judge_files(batches(*contents))
    return Verdict(**batch.to_pylist()[0])


def read(*contents: str) -> list[ArchiveRow]:
    found = []
    for batch in read_files(batches(*contents)):
        for row in batch.to_pylist():
            assert row["partition"] == PARTITION
            offset = row["sequence"] - sequence_number(EPOCH, 0)
            stars, time, key = row["rating"], row["timestamp"], row["idempotencyKey"]
            found.append(ArchiveRow(offset, row["userId"], row["movieId"], stars, time, key))
    return found


@settings(deadline=None)
@given(st.lists(rows, max_size=5))
def test_whole_files_come_back(some: list[ArchiveRow]) -> None:
    content = format_rows(some)
    assert read(content) == [row for row in some if not row.is_void]
    assert verdict(content) == Verdict(
        1, len(some), 0, sum(bool(row.idempotency_key) for row in some)
    )


@settings(deadline=None)  # the first call loads what Arrow computes with
@given(contents, st.data())
@example(HEADER, None)
@example(HEADER + ",,,,00,\n", None)
@example(",,,,0,\n" + HEADER, None)
def test_a_damaged_file_is_in_trouble_just_when_the_archive_says_so(
    content: str, data: st.DataObject | None
) -> None:
    if data:
        start = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(start, len(content)))
        content = content[:start] + data.draw(st.text(",019.\n-eaé", max_size=3)) + content[end:]
    assume(not re.search(r"\d{19}", content))  # more than Spark's integers hold
    try:
        expected = archive.parse_rows(content, PATH)
    except BadDataError:
        assert (verdict(content).trouble or "").startswith(PATH)
    else:
        assert verdict(content).trouble is None
        assert read(content) == [row for row in expected if not row.is_void]


def test_a_file_among_others_is_named_with_its_first_bad_row() -> None:
    content = format_rows([ArchiveRow(0, 1, 5, 4.5, 1)])
    found = verdict(content, content + f"1,{MAX_ID + 1},4,1,1,\n1,5,4\n", content + "x,\n")
    assert found[:3] == (3, 6, 3)
    assert found.trouble
    assert "the row '1,5,4' is not" in found.trouble


def test_the_last_word_of_each_user_on_each_movie() -> None:
    columns = {"userId": [2, 1, 2, 1, 2], "movieId": [7, 9, 7, 8, 6], "sequence": [5, 1, 4, 3, 2]}
    schema = pa.schema([("userId", pa.int32()), ("movieId", pa.int32()), ("sequence", pa.int64())])
    table = pa.table(columns, schema=schema)

    (found,) = last_words(table.to_batches(max_chunksize=2))

    assert [tuple(row.values()) for row in found.to_pylist()] == [
        (1, 8, 3),
        (1, 9, 1),
        (2, 6, 2),
        (2, 7, 5),
    ]
    assert list(last_words([])) == []


def test_ratings_and_users_are_counted_across_batches() -> None:
    table = pa.table({"userId": pa.array([3, 3, 3, 5, 9, 9], pa.int32())})

    for size in (1, 2, 4, 6):
        (found,) = count_ratings(table.to_batches(max_chunksize=size))
        assert found.to_pylist() == [{"ratings": 6, "users": 3}]

    (nothing,) = count_ratings([])
    assert nothing.to_pylist() == [{"ratings": 0, "users": 0}]
