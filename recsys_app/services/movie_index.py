"""Movies by the beginnings of the words in their titles, by genre and by year."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Sequence

from recsys_app.models import Movie

_WORD = re.compile(r"[^\W_]+")
_ARTICLES = frozenset({"the", "a", "an", "le", "la", "les", "der", "die", "das", "il", "el"})
_AFTER_ANY_LETTER = "\U0010ffff"
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ß": "ss", "æ": "ae", "œ": "oe", "ı": "i"})


def fold(text: str) -> str:
    """The text without case, accents and apostrophes: `Amélie's` and `amelies` are the same."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(c for c in decomposed if not unicodedata.combining(c) and c not in "'’")
    return plain.translate(_LETTERS)


class MovieFilter:
    """Which movies of a list are wanted."""

    def __init__(
        self,
        *,
        genre: str | None = None,
        year_from: int | None = None,
        year_to: int | None = None,
        exclude: Iterable[int] = (),
    ) -> None:
        self._genre = fold(genre) if genre else None
        self._years = (year_from, year_to)
        self._exclude = frozenset(exclude)

    def __bool__(self) -> bool:
        """Whether it refuses anything at all."""
        return bool(self._genre or self._exclude or self._years != (None, None))

    def __call__(self, movie: Movie) -> bool:
        return (
            movie.movieId not in self._exclude
            and (self._genre is None or self._genre in map(fold, movie.genres))
            and self._year_fits(movie.year)
        )

    def _year_fits(self, year: int | None) -> bool:
        first, last = self._years
        if first is None and last is None:
            return True
        return (
            year is not None and (first is None or year >= first) and (last is None or year <= last)
        )


class MovieIndex:
    """An index of a catalogue; a search of 60,000 movies takes milliseconds."""

    def __init__(self, movies: Sequence[Movie]) -> None:
        self._movies = {movie.movieId: movie for movie in movies}
        titles = {movie.movieId: _words(movie.title) for movie in movies}
        self._words = _SortedPrefixes(
            (word, movie_id) for movie_id, words in titles.items() for word in set(words)
        )
        self._beginnings = _SortedPrefixes(
            (beginning, movie_id)
            for movie_id, words in titles.items()
            for beginning in _beginnings(words)
        )
        self._popular: Sequence[int] | None = None
        self._places: dict[int, int] = {}
        self.order_by_popularity(())

    def order_by_popularity(self, popular: Sequence[int]) -> None:
        """From now on the popular movies, the most popular first, come before all others."""
        if popular is self._popular:
            return
        self._popular = popular
        known = [movie_id for movie_id in popular if movie_id in self._movies]
        in_order = dict.fromkeys([*known, *sorted(self._movies)])
        self._places = {movie_id: place for place, movie_id in enumerate(in_order)}

    def find(self, query: str = "", wanted: MovieFilter | None = None) -> list[Movie]:
        """The wanted movies with a word for each word of the query, which begins with it.

        First the titles that begin with the query, then the others; each by popularity.
        """
        words = _words(query)
        if query.strip() and not words:
            return []
        if words:
            found = set.intersection(*(self._words.with_prefix(word) for word in words))
            first = self._beginnings.with_prefix(" ".join(words)) & found
            place = self._places.__getitem__
            ids = [*sorted(first, key=place), *sorted(found - first, key=place)]
        else:
            ids = list(self._places)
        movies = map(self._movies.__getitem__, ids)
        return [movie for movie in movies if wanted(movie)] if wanted else list(movies)


class _SortedPrefixes:
    """Texts in order, so that those with the same beginning lie side by side."""

    def __init__(self, entries: Iterable[tuple[str, int]]) -> None:
        ordered = sorted(entries)
        self._texts = [text for text, _ in ordered]
        self._ids = [movie_id for _, movie_id in ordered]

    def with_prefix(self, prefix: str) -> set[int]:
        start = bisect_left(self._texts, prefix)
        stop = bisect_left(self._texts, prefix + _AFTER_ANY_LETTER, lo=start)
        return set(self._ids[start:stop])


def _beginnings(words: Sequence[str]) -> list[str]:
    """What a query that begins the title begins: the title, with and without its article."""
    whole = " ".join(words)
    return [whole, " ".join(words[1:])] if len(words) > 1 and words[0] in _ARTICLES else [whole]


def _words(text: str) -> list[str]:
    return _WORD.findall(fold(text))
