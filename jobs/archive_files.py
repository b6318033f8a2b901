"""Archive files as tables: checked, parsed and reduced to the last word in bulk, on executors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from recsys_app.archive import COLUMNS, HEADER, KEY, place_of
from recsys_app.models import MAX_ID, sequence_number

VERDICT = "files long, rows long, bad_rows long, keyed long, trouble string"
"""As `Verdict`."""

RATINGS = (
    "userId int, movieId int, partition int, rating float, timestamp long, sequence long, "
    "idempotencyKey string"
)
"""A row of the archive that is not void. A rating of null takes an earlier one back; most keys are
empty."""

COUNTS = "ratings long, users long"

_HEADER = HEADER.encode()
_ID = "[1-9][0-9]{0,9}"
_NUMBER = "(?:0|[1-9][0-9]{0,17})"
_STARS = r"(?:0\.5|[1-4](?:\.5)?|5)?"
_RATING = f"^{_ID},{_ID},{_STARS},{_NUMBER},{_NUMBER},{KEY}$"
_VOID = f"^,,,,{_NUMBER},$"
_TYPES = (pa.int64(), pa.int64(), pa.float32(), pa.int64(), pa.int64(), pa.string())
_ROWS_PER_BATCH = 65_536


class Verdict(NamedTuple):
    """What is in some files."""

    files: int = 0
    rows: int = 0
    """Void and bad ones too."""
    bad_rows: int = 0
    keyed: int = 0
    """Rows with an idempotency key."""
    trouble: str | None = None
    """The first file, by path, that is not whole, and what is wrong with it; None if all are."""

    def with_also(self, other: Verdict) -> Verdict:
        """Of the files of both."""
        return Verdict(
            self.files + other.files,
            self.rows + other.rows,
            self.bad_rows + other.bad_rows,
            self.keyed + other.keyed,
            min((each.trouble for each in (self, other) if each.trouble), default=None),
        )


def judge_files(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The verdict on files that come as `path string, content binary`."""
    verdict = Verdict()
    for path, content in _files(batches):
        verdict = verdict.with_also(_read(path, content)[1])
    yield pa.RecordBatch.from_pylist([verdict._asdict()], schema=_VERDICT_SCHEMA)


def read_files(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The good rows, as `RATINGS`, of files that come as `path string, content binary`."""
    for path, content in _files(batches):
        found = _read(path, content)[0]
        place = place_of(path)
        columns = {
            "userId": found["userId"].cast(pa.int32()),
            "movieId": found["movieId"].cast(pa.int32()),
            "partition": pa.repeat(pa.scalar(place.partition, pa.int32()), len(found)),
            "rating": found["rating"],
            "timestamp": found["timestamp"],
            "sequence": pc.add(found["offset"], sequence_number(place.epoch, 0)),
            "idempotencyKey": found["idempotencyKey"],
        }
        yield from pa.table(columns).to_batches(_ROWS_PER_BATCH)


def last_words(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Of `userId, movieId, …, sequence`, the row of each user and movie with the highest sequence,
    ordered by both. All rows of a user must be in the one partition."""
    found = list(batches)
    if not found:
        return
    rows = pa.Table.from_batches(found).combine_chunks()
    users, movies, sequence = (rows[name].to_numpy() for name in ("userId", "movieId", "sequence"))
    pairs = (users.astype(np.int64) << 32) | movies
    order = np.lexsort((sequence, pairs))
    is_last = np.append(np.diff(pairs[order]) != 0, True)
    yield from rows.take(pa.array(order[is_last])).to_batches(_ROWS_PER_BATCH)


def count_ratings(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """As `COUNTS`, of rows with a `userId`, those of a user one after the other and in no other
    partition."""
    ratings, users, last = 0, 0, None
    for batch in batches:
        ids = batch["userId"].to_numpy()
        if len(ids):
            ratings += len(ids)
            users += int(np.count_nonzero(np.diff(ids))) + (ids[0] != last)
            last = ids[-1]
    yield pa.RecordBatch.from_pydict({"ratings": [ratings], "users": [int(users)]})


_COUNTS = ("files", "rows", "bad_rows", "keyed")
_VERDICT_SCHEMA = pa.schema([*((name, pa.int64()) for name in _COUNTS), ("trouble", pa.string())])


def _files(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[str, bytes]]:
    for batch in batches:
        for path, content in zip(batch["path"], batch["content"], strict=True):
            yield path.as_py(), content.as_py()


def _read(path: str, content: bytes) -> tuple[pa.RecordBatch, Verdict]:
    """The good rows of a file that are not void, with the columns of the archive."""
    lines = pc.split_pattern(pa.array([content]), "\n").flatten()
    torn, lines = lines[-1].as_py(), lines[:-1]
    is_header = pc.equal(lines, _HEADER.strip())
    is_rating = pc.match_substring_regex(lines, _RATING)
    is_known = pc.or_(pc.or_(is_header, is_rating), pc.match_substring_regex(lines, _VOID))
    ratings = lines.filter(is_rating)
    rows = _parse(ratings)
    is_id = pc.less_equal(pc.max_element_wise(rows["userId"], rows["movieId"]), MAX_ID)
    bad = pa.concat_arrays([lines.filter(pc.invert(is_known)), ratings.filter(pc.invert(is_id))])
    rows = rows.filter(is_id)
    headers = pc.sum(is_header).as_py() or 0
    verdict = Verdict(
        files=1,
        rows=len(lines) + bool(torn) - headers,
        bad_rows=len(bad) + bool(torn),
        keyed=pc.sum(pc.not_equal(rows["idempotencyKey"], "")).as_py() or 0,
        trouble=_trouble(path, bad, torn, headers if content.startswith(_HEADER) else 0),
    )
    return rows, verdict


def _trouble(path: str, bad: pa.Array, torn: bytes, headers: int) -> str | None:
    if len(bad):
        row = bad[0].as_py().decode(errors="replace")
        return f"{path}: the row {row!r} is not {','.join(COLUMNS)}"
    if torn:
        return f"{path}: the last line {torn.decode(errors='replace')!r} is torn"
    if headers != 1:
        return f"{path}: {headers} headers, there must be one"
    return None


def _parse(ratings: pa.Array) -> pa.RecordBatch:
    """The columns of lines that match `_RATING`."""
    if not len(ratings):
        return pa.RecordBatch.from_arrays([pa.array([], each) for each in _TYPES], COLUMNS)
    whole = pa.ListArray.from_arrays(pa.array([0, len(ratings)], pa.int32()), ratings)
    table = csv.read_csv(
        pa.BufferReader(pc.binary_join(whole, b"\n")[0].as_buffer()),
        csv.ReadOptions(use_threads=False, column_names=COLUMNS),
        csv.ParseOptions(quote_char=False),
        csv.ConvertOptions(column_types=dict(zip(COLUMNS, _TYPES, strict=True))),
    )
    (batch,) = table.combine_chunks().to_batches()
    return batch
