"""The formats in which MovieLens sets have been published: how to cut each into fields.

Rows come with the number of their line. A rating row is `(userId, movieId, rating, timestamp)`,
a movie row `(movieId, title, genres, year)`, all text as written; a row that does not have the
fields of its format comes as an empty tuple.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from typing import NamedTuple

from recsys_app.datasets.files import Files, read_lines
from recsys_app.errors import BadDataError

Row = tuple[int, Sequence[str]]
Rows = Callable[[Files, str], Iterator[Row]]


class Format(NamedTuple):
    """One published format: its files, the ratings first and the movies second, and its readers."""

    files: tuple[str, ...]
    rating_rows: Rows
    movie_rows: Rows


def _csv_rows(required: tuple[str, ...], optional: tuple[str, ...]) -> Rows:
    """A reader of CSV that finds the columns by the header and gives them in the order named."""
    wanted = required + optional

    def rows(files: Files, path: str) -> Iterator[Row]:
        with read_lines(files, path) as lines:
            reader = csv.reader(lines, strict=True, skipinitialspace=True)
            try:
                header = [_column(name) for name in next(reader, [])]
                if absent := [name for name in required if _column(name) not in header]:
                    raise BadDataError(
                        f"{path} line 1 must name the columns {', '.join(required)}; "
                        f"{', '.join(absent)} is not there."
                    )
                # An optional column that is absent is read from the "" put behind each row.
                at = [header.index(c) if c in header else len(header) for c in map(_column, wanted)]
                pick, width = itemgetter(*at), len(header)
                for row in reader:
                    if len(row) == width:
                        row.append("")
                        yield reader.line_num, pick(row)
                    elif row:
                        yield reader.line_num, ()
            except csv.Error as error:
                raise BadDataError(f"{path} line {reader.line_num}: {error}") from None

    return rows


def _column(name: str) -> str:
    """`userId`, `user_id` and `User ID` are one column."""
    return name.strip('\ufeff" ').lower().replace("_", "").replace(" ", "")


def _cut_lines(cut: Callable[[str], Sequence[str]]) -> Rows:
    def rows(files: Files, path: str) -> Iterator[Row]:
        with read_lines(files, path) as lines:
            for number, line in enumerate(lines, 1):
                if line := line.rstrip("\r\n"):
                    yield number, cut(line)

    return rows


def _rating_cutter(separator: str) -> Callable[[str], Sequence[str]]:
    def cut(line: str) -> Sequence[str]:
        fields = line.split(separator)
        return fields if len(fields) == 4 else ()

    return cut


def _cut_dat_movie(line: str) -> Sequence[str]:
    movie_id, _, rest = line.partition("::")
    title, found, genres = rest.rpartition("::")
    return (movie_id, title, genres, "") if found else ()


def _item_rows(files: Files, path: str) -> Iterator[Row]:
    """The rows of `u.item`, where a movie has one 0 or 1 for each genre of `u.genre`."""
    names = []
    with read_lines(files, path.removesuffix("u.item") + "u.genre") as lines:
        for genre in lines:
            name, _, place = genre.strip().partition("|")
            if place:
                names.append("" if name == "unknown" else name)
    with read_lines(files, path) as lines:
        for number, line in enumerate(lines, 1):
            fields = line.rstrip("\r\n").split("|")
            if len(fields) == 5 + len(names):
                flags = zip(names, fields[5:], strict=True)
                genres = "|".join(name for name, flag in flags if name and flag == "1")
                yield number, (fields[0], fields[1], genres, "")
            elif fields != [""]:
                yield number, ()


FORMATS = (
    Format(
        ("ratings.csv", "movies.csv"),
        _csv_rows(("userId", "movieId", "rating"), ("timestamp",)),
        _csv_rows(("movieId", "title"), ("genres", "year")),
    ),
    Format(
        ("ratings.dat", "movies.dat"),
        _cut_lines(_rating_cutter("::")),
        _cut_lines(_cut_dat_movie),
    ),
    Format(
        ("u.data", "u.item", "u.genre"),
        _cut_lines(_rating_cutter("\t")),
        _item_rows,
    ),
)
