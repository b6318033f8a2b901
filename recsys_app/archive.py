"""The archive of ratings in HDFS: names, columns and parsing, without any I/O.

    <root>/epoch=<e>/partition=<p>/<offset of the first row, 20 digits>.csv

A file has a header and one whole row for each offset of its partition that Kafka holds, in order.
Its name is the offset at which it starts, so that creating it is a compare-and-set: of any number
of writers that want to write the row after the last one, exactly one succeeds.

    1,296,4.5,1700000000,17,        user 1 gave movie 296 four and a half stars
    1,296,,1700000100,18,           user 1 took that rating back
    ,,,,19,                         nothing to keep: a dead letter, or an erased rating
    1,593,5,1700000200,20,k-81f2    sent with an idempotency key
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from recsys_app.errors import BadDataError
from recsys_app.models import MAX_ID, MAX_RATING, MIN_RATING, Rating

COLUMNS = ("userId", "movieId", "rating", "timestamp", "offset", "idempotencyKey")
HEADER = ",".join(COLUMNS) + "\n"
LONGEST_ROW = 256
"""Bytes: no row is longer, so that the end of a file is enough to find its last row."""

_STARS = {half / 2: f"{half / 2:g}" for half in range(1, 11)}
_FILE_NAME = re.compile(r"(\d{20})\.csv")
_DIRECTORY = re.compile(r"(epoch|partition)=(\d+)")
KEY = r"[A-Za-z0-9_.:-]{0,64}"
"""The pattern of an idempotency key; it may be empty."""


class ArchiveRow(NamedTuple):
    """What the archive holds for one offset of a partition."""

    offset: int
    user_id: int | None = None
    movie_id: int | None = None
    rating: float | None = None
    timestamp: int | None = None
    idempotency_key: str = ""

    @property
    def is_void(self) -> bool:
        """Whether the row only says that its offset was seen."""
        return self.user_id is None


class FilePlace(NamedTuple):
    """What a file of the archive starts with."""

    epoch: int
    partition: int
    first_offset: int


def epoch_directory(root: str, epoch: int) -> str:
    return f"{root}/epoch={epoch}"


def partition_directory(root: str, epoch: int, partition: int) -> str:
    return f"{root}/epoch={epoch}/partition={partition}"


def temporary_directory(root: str) -> str:
    return f"{root}/_tmp"


def documents_directory(root: str) -> str:
    """Where copies of what only MongoDB knows are kept."""
    return f"{root}/_documents"


def file_name(first_offset: int) -> str:
    return f"{first_offset:020d}.csv"


def first_offset(name: str) -> int | None:
    """The offset at which the file of this name starts; None if it is no file of the archive."""
    match = _FILE_NAME.fullmatch(name)
    return int(match[1]) if match else None


def directory_number(kind: str, name: str) -> int | None:
    """The number in `epoch=<n>` or `partition=<n>`; None if the name is not of that kind."""
    match = _DIRECTORY.fullmatch(name)
    return int(match[2]) if match and match[1] == kind else None


def place_of(path: str) -> FilePlace:
    """Where in the archive the file of this path is, which `partition_directory` made.

    Raises:
        BadDataError: it is no file of the archive.
    """
    *_, epoch_name, partition_name, name = path.split("/")
    epoch = directory_number("epoch", epoch_name)
    partition = directory_number("partition", partition_name)
    start = first_offset(name)
    if epoch is None or partition is None or start is None:
        raise BadDataError(f"{path} is no file of the archive")
    return FilePlace(epoch, partition, start)


def format_rows(rows: Iterable[ArchiveRow]) -> str:
    """The content of a file: the header, then the rows."""
    return format_lines([format_row(row) for row in rows])


def format_lines(lines: Sequence[str]) -> str:
    """The content of a file of these rows, which `format_row` or `format_rating` made."""
    return HEADER + "".join([f"{line}\n" for line in lines])


def format_row(row: ArchiveRow) -> str:
    if row.user_id is None:
        return f",,,,{row.offset},"
    stars = "" if row.rating is None else f"{row.rating:g}"
    return (
        f"{row.user_id},{row.movie_id},{stars},{row.timestamp},{row.offset},{row.idempotency_key}"
    )


def format_rating(offset: int, milliseconds: int, rating: Rating) -> str:
    """The row of a rating that Kafka took at this time; `format_row` without the detour."""
    stars = "" if rating.rating is None else _STARS[rating.rating]
    seconds = milliseconds // 1000 if rating.timestamp is None else rating.timestamp
    key = rating.idempotencyKey or ""
    return f"{rating.userId},{rating.movieId},{stars},{seconds},{offset},{key}"


def parse_rows(content: str, name: str) -> list[ArchiveRow]:
    """The rows of a file.

    Raises:
        BadDataError: the header or a row is not as this module writes it, or the last line is torn.
    """
    lines = content.split("\n")
    if lines[0] + "\n" != HEADER:
        raise BadDataError(f"{name}: the header is {lines[0]!r}, not {HEADER.strip()!r}")
    if lines[-1]:
        raise BadDataError(f"{name}: the last line {lines[-1]!r} is torn")
    return [_parse_row(line, name) for line in lines[1:-1]]


def parse_last_row(tail: str, name: str) -> ArchiveRow:
    """The last row, from the last `LONGEST_ROW` bytes (or more) of a file.

    Raises:
        BadDataError: the file is torn or has no row.
    """
    lines = tail.split("\n")
    if len(lines) < 2 or lines[-1] or not lines[-2] or lines[-2] + "\n" == HEADER:
        raise BadDataError(f"{name}: the end {tail[-80:]!r} is not a whole row")
    return _parse_row(lines[-2], name)


def _parse_row(line: str, name: str) -> ArchiveRow:
    try:
        user, movie, stars, timestamp, offset, key = line.split(",")
        if user == movie == stars == timestamp == key == "":
            row = ArchiveRow(int(offset))
        else:
            number = float(stars) if stars else None
            row = ArchiveRow(int(offset), int(user), int(movie), number, int(timestamp), key)
        # Python takes 1_0 and ٣ for numbers; Spark does not.
        if format_row(row) != line or row.offset < 0 or (row.timestamp or 0) < 0:
            raise ValueError(line)
    except ValueError:
        raise BadDataError(f"{name}: the row {line!r} is not {HEADER.strip()}") from None
    if row.is_void:
        return row
    if not (1 <= int(user) <= MAX_ID and 1 <= int(movie) <= MAX_ID):
        raise BadDataError(f"{name}: the row {line!r} has an id outside 1 … {MAX_ID}")
    if row.rating is not None and not (
        MIN_RATING <= row.rating <= MAX_RATING and (row.rating * 2).is_integer()
    ):
        raise BadDataError(f"{name}: the row {line!r} has a rating that is not 0.5, 1, … 5")
    if not re.fullmatch(KEY, key):
        raise BadDataError(f"{name}: the row {line!r} has an unusable idempotency key")
    return row
