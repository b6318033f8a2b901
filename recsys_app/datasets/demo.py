"""The demo: well-known films, rated by invented people with tastes that one recognises."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from hashlib import blake2s
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recsys_app.datasets.dataset import Dataset, OnBadRow
from recsys_app.datasets.demo_catalogue import CATALOGUE, Film, films
from recsys_app.datasets.demo_tastes import ERAS, TASTES
from recsys_app.models import Movie, Rating

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_SEED = 20_240_229
_USERS = 300
_PURE_USERS = 6
_PURE_RATINGS = 40
_FIRST_SECOND = 1_609_459_200  # 2021-01-01
_LAST_SECOND = 1_767_225_600  # 2026-01-01


class _Rater(NamedTuple):
    """One person: how much each film is to their liking, and how they watch and rate."""

    liking: Floats
    ratings: int
    choosiness: float
    kindness: float
    whim: float


class DemoDataset:
    """Some 700 films and 300 raters; users 1 to 6 have one taste each, the others mix theirs."""

    name = "demo"

    def __init__(self) -> None:
        self._films = list(films())

    @cached_property
    def fingerprint(self) -> str:
        digest = blake2s(CATALOGUE.encode(), digest_size=8)
        digest.update(self._table.tobytes())
        return digest.hexdigest()

    @property
    def size_hint(self) -> int:
        return len(self._table)

    def movies(self) -> Iterator[Movie]:
        for movie_id, film in enumerate(self._films, 1):
            yield Movie(movieId=movie_id, title=film.title, year=film.year, genres=film.genres)

    def ratings(self, on_bad_row: OnBadRow | None = None) -> Iterator[Rating]:
        """Each rating, oldest first; there are no bad rows."""
        for user_id, movie_id, half_stars, timestamp in self._table.tolist():
            yield Rating(
                userId=user_id, movieId=movie_id, rating=half_stars / 2, timestamp=timestamp
            )

    @cached_property
    def _table(self) -> Ints:
        """Rows of user id, movie id, half stars and timestamp."""
        random = np.random.default_rng(_SEED)
        likings = _likings(self._films)
        fame = np.log([2.0**film.fame for film in self._films])
        acclaim = np.array([film.acclaim for film in self._films], dtype=np.float64)
        earliest = np.array([_new_year(film.year + 1) for film in self._films])
        rows = []
        for user_id in range(1, _USERS + 1):
            rater = _rater(random, user_id, likings)
            seen = _watch(random, rater, fame)
            stars = _rate(random, rater, acclaim)[seen]
            when = np.maximum(_evenings(random, len(seen)), earliest[seen])
            rows.append(np.column_stack([np.full_like(seen, user_id), seen + 1, stars, when]))
        table = np.concatenate(rows)
        return table[np.argsort(table[:, 3], kind="stable")]


def demo_dataset() -> Dataset:
    """The demo's movies and ratings, the same each time."""
    return DemoDataset()


def _likings(catalogue: list[Film]) -> Floats:
    """How much each taste likes each film: a row per taste with mean 0 and deviation 1."""
    traits = [{film.shelf, *film.genres, _era(film.year)} for film in catalogue]
    raw = np.array(
        [
            [sum(weights.get(trait, 0.0) for trait in of_film) for of_film in traits]
            for weights in TASTES.values()
        ]
    )
    centred = raw - raw.mean(axis=1, keepdims=True)
    return np.asarray(centred / centred.std(axis=1, keepdims=True), dtype=np.float64)


def _era(year: int) -> str:
    return next((era for era, (first, last) in ERAS.items() if first <= year <= last), "recent")


def _rater(random: np.random.Generator, user_id: int, likings: Floats) -> _Rater:
    if user_id <= _PURE_USERS:
        return _Rater(likings[user_id - 1], _PURE_RATINGS, 1.6, kindness=0.3, whim=0.3)
    # A favourite, a second taste and a third that matters little.
    favourites = random.choice(len(likings), size=3, replace=False)
    mixed = np.array([0.65, 0.25, 0.1]) @ likings[favourites]
    return _Rater(
        liking=np.asarray(mixed / mixed.std(), dtype=np.float64),
        ratings=int(np.clip(random.lognormal(mean=4.2, sigma=0.55), 20, 250)),
        choosiness=float(random.uniform(0.8, 1.5)),
        kindness=float(random.normal(0.0, 0.3)),
        whim=0.55,
    )


def _watch(random: np.random.Generator, rater: _Rater, fame: Floats) -> Ints:
    """The films this rater has seen: known ones, and those to their liking, come more often."""
    # The k largest of weight + Gumbel noise are a draw without replacement (Gumbel-top-k trick).
    weight = 1.05 * fame + rater.choosiness * rater.liking + random.gumbel(size=len(fame))
    return np.argsort(-weight)[: rater.ratings].astype(np.int64)


def _rate(random: np.random.Generator, rater: _Rater, acclaim: Floats) -> Ints:
    """Half stars from 1 to 10 for each film."""
    stars = 2.9 + rater.kindness + 0.4 * (acclaim - 3.5) + 1.2 * np.tanh(rater.liking / 1.4)
    stars += random.normal(0.0, rater.whim, size=len(acclaim))
    return np.clip(np.rint(2 * stars), 1, 10).astype(np.int64)


def _evenings(random: np.random.Generator, count: int) -> Ints:
    """When the ratings were given: on some evenings between joining and leaving."""
    joined = random.uniform(_FIRST_SECOND, _LAST_SECOND - 30 * 86_400)
    left = random.uniform(joined, _LAST_SECOND)
    evenings = random.uniform(joined, left, size=1 + count // 12)
    when = random.choice(evenings, size=count) + random.uniform(0, 3 * 3600, size=count)
    return np.minimum(when, _LAST_SECOND - 1).astype(np.int64)


def _new_year(year: int) -> int:
    return int(np.datetime64(f"{year}-01-01T00:00:00", "s").astype(np.int64))
