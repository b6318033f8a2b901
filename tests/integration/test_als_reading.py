"""Reading the archive with Spark: which rating counts, and which files are refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pyspark.sql import SparkSession

from jobs.ratings_reader import read_ratings
from recsys_app.archive import ArchiveRow, format_rows
from recsys_app.errors import BadDataError
from tests.archives import Archive

Read = Callable[..., set[tuple[int, int, float]]]


@pytest.fixture
def read(archive: Archive, spark: SparkSession) -> Read:
    """Reads the archive's ratings as (user, movie, stars)."""

    def read(**changes: bool) -> set[tuple[int, int, float]]:
        rows = read_ratings(spark, archive.training(**changes)).frame.collect()
        return {(row.userId, row.movieId, row.rating) for row in rows}

    return read


def test_the_highest_offset_of_the_highest_epoch_wins(archive: Archive, read: Read) -> None:
    archive.add([ArchiveRow(900, 1, 5, 1.0, 1), ArchiveRow(901, 1, 6, 1.0, 1)])
    archive.add([ArchiveRow(902, 1, 6, 2.0, 1), ArchiveRow(903, 2, 5, 3.0, 1)])
    archive.add([ArchiveRow(3, 1, 5, 4.0, 1), ArchiveRow(2, 1, 5, 5.0, 1)], epoch=1, partition=1)

    assert read() == {(1, 5, 4.0), (1, 6, 2.0), (2, 5, 3.0)}


def test_an_idempotency_key_counts_once_and_for_its_first_row(archive: Archive, read: Read) -> None:
    archive.add(
        [
            ArchiveRow(0, 1, 10, 5.0, 1, "k1"),
            ArchiveRow(1, 1, 10, 3.0, 1, "k2"),
            ArchiveRow(2, 1, 10, 5.0, 1, "k1"),  # a retry that came late
            ArchiveRow(3, 2, 10, 4.0, 1, "k1"),  # somebody else's key
            ArchiveRow(4, 1, 11, 2.0, 1),
            ArchiveRow(5, 1, 11, 1.0, 1),  # without a key, each row is a rating
        ]
    )
    assert read() == {(1, 10, 3.0), (2, 10, 4.0), (1, 11, 1.0)}


def test_void_rows_and_ratings_taken_back_leave_nothing(archive: Archive, read: Read) -> None:
    archive.add(
        [
            ArchiveRow(0, 1, 5, 4.5, 1),
            ArchiveRow(1),
            ArchiveRow(2, 1, 5, None, 1),
            ArchiveRow(3, 1, 6, 4.5, 1, "a-key"),
            ArchiveRow(4, 1, 7, None, 1),
            ArchiveRow(5, 1, 7, 0.5, 1),
        ]
    )

    assert read() == {(1, 6, 4.5), (1, 7, 0.5)}


GOOD = ArchiveRow(0, 1, 5, 4.5, 1)


BAD_ROWS = [
    "1,5,5.5,1,1,",
    "1,5,nan,1,1,",
    "0,5,4,1,1,",
    "1,2147483648,4,1,1,",
    "1,5,4,,1,",
    "1,5,4,1,,",
    "1,5,4,1",
    "1,5,4,1,1,2,5,4,1,1,",
    "1,,4,1,1,",
    ",,4,,1,",
    "a,5,4,1,1,",
    "",
]


def test_bad_rows_are_refused_or_left_out(archive: Archive, spark: SparkSession) -> None:
    archive.add([GOOD])
    path = archive.add_text(format_rows([GOOD]) + "\n".join(BAD_ROWS) + "\n", partition=1)

    with pytest.raises(BadDataError) as caught:
        read_ratings(spark, archive.training())

    assert path in str(caught.value)
    assert repr(BAD_ROWS[0]) in str(caught.value)
    ratings = read_ratings(spark, archive.training(allow_bad_rows=True))
    assert ratings.bad_rows == len(BAD_ROWS)
    assert ratings.count == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (format_rows([GOOD, GOOD])[:-1], "torn"),
        (format_rows([GOOD]).partition("\n")[2], "0 headers"),
        (format_rows([GOOD]) * 2, "2 headers"),
    ],
)
def test_a_file_that_is_not_whole_is_named(
    archive: Archive, read: Read, content: str, reason: str
) -> None:
    archive.add([GOOD])
    path = archive.add_text(content, partition=1)

    with pytest.raises(BadDataError) as caught:
        read()

    assert path in str(caught.value)
    assert reason in str(caught.value)


def test_an_empty_file_is_an_error(archive: Archive, read: Read) -> None:
    archive.add([GOOD])
    archive.add_text("")

    with pytest.raises(BadDataError, match="1 of 2 archive files are empty"):
        read()


def test_a_torn_row_never_counts_however_whole_it_looks(
    archive: Archive, spark: SparkSession
) -> None:
    archive.add_text(format_rows([GOOD, ArchiveRow(1, 1, 6, 4.0, 1, "key")])[:-2])

    ratings = read_ratings(spark, archive.training(allow_bad_rows=True))

    assert (ratings.count, ratings.bad_rows) == (1, 1)
