"""The archive's names and rows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_app import archive
from recsys_app.archive import HEADER, ArchiveRow
from recsys_app.errors import BadDataError
from recsys_app.models import MAX_ID

ids = st.integers(1, MAX_ID)
ratings = st.builds(
    ArchiveRow,
    offset=st.integers(0, 2**63 - 1),
    user_id=ids,
    movie_id=ids,
    rating=st.none() | st.integers(1, 10).map(lambda halves: halves / 2),
    timestamp=st.integers(0, 2**53),
    idempotency_key=st.from_regex(r"[A-Za-z0-9_.:-]{0,64}", fullmatch=True),
)
rows = ratings | st.integers(0, 2**63 - 1).map(ArchiveRow)


@given(st.lists(rows, max_size=5))
def test_rows_come_back_as_they_were(some: list[ArchiveRow]) -> None:
    assert archive.parse_rows(archive.format_rows(some), "a.csv") == some


@given(st.lists(rows, min_size=1, max_size=5))
def test_the_end_of_a_file_is_enough_for_its_last_row(some: list[ArchiveRow]) -> None:
    tail = archive.format_rows(some)[-archive.LONGEST_ROW :]
    assert archive.parse_last_row(tail, "a.csv") == some[-1]


@given(st.lists(rows, min_size=1, max_size=3), st.data())
def test_a_file_cut_anywhere_is_noticed_or_has_whole_rows(
    some: list[ArchiveRow], data: st.DataObject
) -> None:
    content = archive.format_rows(some)
    cut = content[: data.draw(st.integers(0, len(content) - 1))]
    try:
        found = archive.parse_rows(cut, "a.csv")
    except BadDataError:
        return
    assert found == some[: len(found)]
    assert cut == archive.format_rows(found)


@pytest.mark.parametrize(
    "row",
    [
        "1,2,3,4,5",
        "1,2,3,4,5,k,",
        "1,2,5.5,4,5,",
        "1,2,nan,4,5,",
        "0,2,3,4,5,",
        f"{MAX_ID + 1},2,3,4,5,",
        "1,2,3,4,x,",
        "1,2,3,,5,",
        "1,2,3,4,5,a key",
        "",
    ],
)
def test_a_bad_row_is_named(row: str) -> None:
    with pytest.raises(BadDataError, match=r"a\.csv: the row"):
        archive.parse_rows(f"{HEADER}{row}\n", "a.csv")


def test_another_header_is_refused() -> None:
    with pytest.raises(BadDataError, match="the header is 'userId,movieId'"):
        archive.parse_rows("userId,movieId\n", "a.csv")


@pytest.mark.parametrize("tail", ["", HEADER, f"{HEADER}1,2,3,4,5,", "\n", "1,2,3,4,5,\n\n"])
def test_an_end_without_a_whole_row_is_refused(tail: str) -> None:
    with pytest.raises(BadDataError, match="not a whole row"):
        archive.parse_last_row(tail, "a.csv")


def test_names_sort_as_their_offsets_do() -> None:
    offsets = [0, 9, 10, 2**31, 10**19]
    names = [archive.file_name(offset) for offset in offsets]
    assert names == sorted(names)
    assert [archive.first_offset(name) for name in names] == offsets


@pytest.mark.parametrize("name", ["1.csv", f"{0:020d}.csv.tmp", f"x{0:020d}.csv", "_SUCCESS"])
def test_other_names_are_no_files_of_the_archive(name: str) -> None:
    assert archive.first_offset(name) is None


def test_directories_have_numbers() -> None:
    assert archive.directory_number("epoch", "epoch=12") == 12
    assert archive.directory_number("partition", "epoch=12") is None
    assert archive.directory_number("epoch", "epoch=") is None
