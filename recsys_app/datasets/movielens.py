"""MovieLens sets, and one's own in the same form, from a folder or a zip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from recsys_app.datasets.dataset import Dataset, OnBadRow
from recsys_app.datasets.files import Files, count_lines, fingerprint, open_files
from recsys_app.datasets.formats import FORMATS, Format
from recsys_app.datasets.titles import parse_title
from recsys_app.errors import BadDataError, ConfigurationError
from recsys_app.models import MAX_ID, Movie, Rating

_STARS = {half / 2 for half in range(1, 11)}
_STARS_TEXT = {f"{stars:g}": stars for stars in _STARS} | {str(stars): stars for stars in _STARS}
_NO_GENRES = "(no genres listed)"
_GENRES = {"Children's": "Children"}  # its name until 2003
_MAX_SECONDS = 2**53


class MovieLensDataset:
    """A set in one of the published formats; it is read from the disk row by row."""

    def __init__(self, *, files: Files, folder: str, layout: Format) -> None:
        self._files = files
        self._layout = layout
        paths = [name if folder == "." else f"{folder}/{name}" for name in layout.files]
        self._ratings, self._movies = paths[:2]
        self.name = files.name if folder == "." else PurePosixPath(folder).name
        self.fingerprint = fingerprint(files, paths)

    @property
    def size_hint(self) -> int:
        """The lines of the file, which costs one quick look through it."""
        return count_lines(self._files, self._ratings)

    def movies(self) -> Iterator[Movie]:
        """Each movie.

        Raises:
            BadDataError: a row that is not a movie.
        """
        for line, row in self._layout.movie_rows(self._files, self._movies):
            try:
                yield _movie(row)
            except ValueError as error:
                raise BadDataError(f"{self._movies} line {line}: {error}") from None

    def ratings(self, on_bad_row: OnBadRow | None = None) -> Iterator[Rating]:
        for line, row in self._rating_rows():
            try:
                rating = _rating(row)
            except ValueError as error:
                bad_row = BadDataError(f"{self._ratings} line {line}: {error}")
                if on_bad_row is None:
                    raise bad_row from None
                on_bad_row(bad_row)
            else:
                yield rating

    def _rating_rows(self) -> Iterator[tuple[int, Sequence[str]]]:
        return self._layout.rating_rows(self._files, self._ratings)


def open_dataset(path: Path) -> Dataset:
    """The set at the path: a folder or a zip that has it at its top or one folder down.

    Raises:
        ConfigurationError: there is none, or there are several.
    """
    files = open_files(path)
    folders = files.folders()
    found = [
        (folder, layout)
        for folder, names in folders.items()
        for layout in FORMATS
        if names.issuperset(layout.files)
    ]
    # A set at the top is meant, whatever lies below it.
    found = [match for match in found if match[0] == "."] or found
    if not found:
        raise ConfigurationError(_nothing_found(path, set().union(*folders.values())))
    if len(found) > 1:
        places = ", ".join(f"{folder}/{layout.files[0]}" for folder, layout in found)
        raise ConfigurationError(f"{path} has several sets ({places}); name one of them.")
    folder, layout = found[0]
    return MovieLensDataset(files=files, folder=folder, layout=layout)


def _nothing_found(path: Path, names: set[str]) -> str:
    for layout in FORMATS:
        there = [name for name in layout.files if name in names]
        absent = [name for name in layout.files if name not in names]
        if there:
            return f"{path} has {' and '.join(there)}, but not {' and '.join(absent)} beside it."
    expected = ", or ".join(" and ".join(layout.files) for layout in FORMATS)
    return f"{path} has no set of ratings: expected are {expected}."


def _rating(row: Sequence[str]) -> Rating:
    if not row:
        raise ValueError("the row has too many fields or too few")
    user_id, movie_id, stars, timestamp = row
    return Rating(
        userId=_whole(user_id, "userId", 1, MAX_ID),
        movieId=_whole(movie_id, "movieId", 1, MAX_ID),
        rating=_STARS_TEXT.get(stars) or _stars(stars),
        timestamp=_whole(timestamp, "timestamp", 0, _MAX_SECONDS) if timestamp else None,
    )


def _movie(row: Sequence[str]) -> Movie:
    if not row:
        raise ValueError("the row has too many fields or too few")
    movie_id, text, genres, year_text = row
    title, year = parse_title(text)
    if not title:
        raise ValueError("the title is empty")
    if year_text:
        year = _whole(year_text, "year", 1800, 2200)
    names = [] if genres == _NO_GENRES else [g.strip() for g in genres.split("|") if g.strip()]
    return Movie(
        movieId=_whole(movie_id, "movieId", 1, MAX_ID),
        title=title,
        year=year,
        genres=[_GENRES.get(name, name) for name in names],
    )


def _whole(text: str, field: str, low: int, high: int) -> int:
    # int() alone takes `1_000`, and refuses numbers of many digits with words of its own.
    if text.isdecimal() and len(text) <= 20 and low <= (number := int(text)) <= high:
        return number
    raise ValueError(f"{field} must be a whole number from {low} to {high}, not {_short(text)}")


def _stars(text: str) -> float:
    try:
        stars = float(text)
    except ValueError:
        stars = 0.0
    if stars not in _STARS:
        raise ValueError(f"rating must be from 0.5 to 5 in steps of 0.5, not {_short(text)}")
    return stars


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:40] + "…")
