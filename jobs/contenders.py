"""The baselines as makers of lists: popularity, item-kNN and EASE on the users of a split."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from jobs.baselines import Interactions, ease, item_neighbours, popularity
from jobs.item_factors import Floats, Ints
from jobs.judged_ratings import KnownUser, RatingArrays
from jobs.ranking import top_n
from jobs.scoring import LIKED

USERS_PER_BLOCK = 256
SWEPT_FILMS = 5000
"""With more films one setting is tried: each takes films³ operations."""

MATRICES_AT_ONCE = 5
"""Films times films, that the making of a baseline holds in memory at its peak."""


class Contender(Protocol):
    """A model that makes lists."""

    @property
    def name(self) -> str: ...

    @property
    def about(self) -> str:
        """Its settings, for people."""
        ...

    def lists(self, users: Sequence[KnownUser], n: int) -> Iterator[Ints]:
        """The best `n` films for each user, of the catalogue and not known of them."""
        ...


@dataclass(frozen=True)
class Popularity:
    """The same films for everybody, by the number of ratings."""

    films: Ints
    scores: Floats
    catalogue: Ints
    name: str = "popularity"
    about: str = "by the number of ratings"

    @classmethod
    def of(cls, known: RatingArrays, catalogue: Ints) -> Popularity:
        films, columns = np.unique(known.movies, return_inverse=True)
        ones = np.ones(len(columns), dtype=np.float32)
        counts = popularity(Interactions(columns, columns, ones, (len(columns), len(films))))
        return cls(films, counts, catalogue)

    def lists(self, users: Sequence[KnownUser], n: int) -> Iterator[Ints]:
        for start in range(0, len(users), USERS_PER_BLOCK):
            block = users[start : start + USERS_PER_BLOCK]
            scores = np.tile(self.scores, (len(block), 1))
            yield from best(scores, self.films, block, self.catalogue, n)


@dataclass(frozen=True)
class LinearModel:
    """Scores that are sums of what each of a user's films adds to every film."""

    films: Ints
    weights: Floats
    """(films, films): a row's film adds so much to each column's."""
    catalogue: Ints
    min_stars: float
    """Ratings below it count for nothing."""
    name: str
    about: str

    def lists(self, users: Sequence[KnownUser], n: int) -> Iterator[Ints]:
        for start in range(0, len(users), USERS_PER_BLOCK):
            block = users[start : start + USERS_PER_BLOCK]
            rated = np.zeros((len(block), len(self.films)), dtype=np.float32)
            for row, user in enumerate(block):
                counted = user.movies[user.stars >= self.min_stars]
                rated[row, np.searchsorted(self.films, counted)] = 1
            yield from best(rated @ self.weights, self.films, block, self.catalogue, n)


def best(
    scores: Floats, films: Ints, users: Sequence[KnownUser], catalogue: Ints, n: int
) -> Iterator[Ints]:
    """The films with the `n` highest scores of each user, of the catalogue and not yet known."""
    scores[:, ~np.isin(films, catalogue)] = -np.inf
    for row, user in enumerate(users):
        scores[row, np.isin(films, user.movies)] = -np.inf
    for columns in top_n(scores, n):
        yield films[columns]


@dataclass(frozen=True)
class Baseline:
    """A kind of linear model, and the settings to try it with."""

    name: str
    min_stars: float
    setting: str
    """What is tried, for people."""
    settings: tuple[float, ...]
    usual: float
    """The only one that is tried with more than `SWEPT_FILMS` films."""
    weights: Callable[[Interactions, float], Floats]

    def films(self, known: RatingArrays) -> int:
        """How many films the model would have."""
        return len(np.unique(known.movies[known.stars >= self.min_stars]))

    def tries(self, films: int) -> tuple[float, ...]:
        """The settings to try with so many films."""
        return self.settings if films <= SWEPT_FILMS else (self.usual,)

    def fit(self, known: RatingArrays, catalogue: Ints, setting: float) -> LinearModel:
        counted = known.where(known.stars >= self.min_stars)
        users, rows = np.unique(counted.users, return_inverse=True)
        films, columns = np.unique(counted.movies, return_inverse=True)
        ones = np.ones(len(counted), dtype=np.float32)
        interactions = Interactions(rows, columns, ones, (len(users), len(films)))
        weights = self.weights(interactions, setting)
        about = f"{self.setting} {setting:g}"
        return LinearModel(films, weights, catalogue, self.min_stars, self.name, about)


def _neighbours(interactions: Interactions, setting: float) -> Floats:
    return item_neighbours(interactions, neighbours=int(setting))


def _ease(interactions: Interactions, setting: float) -> Floats:
    return ease(interactions, regularization=setting)


BASELINES = tuple(
    Baseline(f"{model} on {ratings}", min_stars, setting, settings, usual, weights)
    for ratings, min_stars in (("all ratings", 0.0), ("4 and more", LIKED))
    for model, setting, settings, usual, weights in (
        ("item-kNN", "neighbours", (50, 100, 200), 50, _neighbours),
        ("EASE", "λ", (100, 200, 500, 1000), 200, _ease),
    )
)


def too_large(films: int, most_films: int) -> str | None:
    """Why a linear model of so many films is not fitted here; None if it can be."""
    if films > most_films:
        return f"{films} films are more than {most_films}"
    needed = MATRICES_AT_ONCE * 4 * films**2
    most = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    if needed > most:
        return f"{films} films need {needed / 2**30:.1f} GiB, more than half of the memory"
    return None
