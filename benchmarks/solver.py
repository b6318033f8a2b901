"""Item factors by the equations of the training, in NumPy: a fit takes seconds and no Spark.

For sweeps over settings, and for questions that need many fits. What is served is fitted by Spark.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jobs.item_factors import Floats, ItemFactors, has_factors
from jobs.spec import ModelParameters

_EQUATIONS_AT_A_TIME = 128


@dataclass(frozen=True)
class Ratings:
    """Arrays of equal length, and the films' ids."""

    users: NDArray[np.intp]
    """Rows, from 0 up."""
    films: NDArray[np.intp]
    """Rows of `movie_ids`."""
    stars: Floats
    timestamps: NDArray[np.int64]
    movie_ids: NDArray[np.int32]

    def where(self, mask: NDArray[np.bool_]) -> Ratings:
        return Ratings(
            self.users[mask],
            self.films[mask],
            self.stars[mask],
            self.timestamps[mask],
            self.movie_ids,
        )

    @classmethod
    def read(cls, folder: Path) -> Ratings:
        """The ratings of a MovieLens folder, with `ratings.csv` or, as in 1998, `u.data`."""
        path = folder / "ratings.csv"
        is_csv = path.is_file()
        with (path if is_csv else folder / "u.data").open(newline="") as file:
            rows = list(csv.reader(file, delimiter="," if is_csv else "\t"))[is_csv:]
        columns = np.array(rows, dtype=np.float64).T
        users = np.unique(columns[0], return_inverse=True)[1]
        movie_ids, films = np.unique(columns[1].astype(np.int32), return_inverse=True)
        stars = columns[2].astype(np.float32)
        return cls(users, films, stars, columns[3].astype(np.int64), movie_ids)


def fit(ratings: Ratings, parameters: ModelParameters) -> ItemFactors:
    """The model without the stars' part."""
    weights = _weights(ratings, parameters)
    films = len(ratings.movie_ids)
    users = int(ratings.users.max()) + 1
    likes = np.bincount(ratings.films[weights > 0], minlength=films)
    kept = likes[ratings.films] >= max(parameters.min_likes, 1)
    triples = (ratings.users[kept], ratings.films[kept], weights[kept])
    by_user = _grouped(triples[0], triples[1], triples[2], users)
    by_film = _grouped(triples[1], triples[0], triples[2], films)
    chance = np.random.default_rng(parameters.seed)
    order: Floats = chance.normal(0, 0.1, (films, parameters.rank)).astype(np.float32)
    order[[not len(weights) for _, weights in by_film]] = 0
    for _ in range(parameters.iterations):
        order = _side(_side(order, by_user, parameters), by_film, parameters)
    return ItemFactors(
        version="v1",
        parameters=parameters,
        mean=float(ratings.stars.mean()),
        movie_ids=ratings.movie_ids,
        counts=np.bincount(ratings.films, minlength=films).astype(np.int32),
        is_recommendable=np.ones(films, dtype=np.bool_),
        is_fitted=has_factors(order),
        order=order,
        stars=np.zeros((films, 1), dtype=np.float32),
        item_bias=np.zeros(films, dtype=np.float32),
    )


_Group = tuple[NDArray[np.intp], Floats]


def _weights(ratings: Ratings, parameters: ModelParameters) -> Floats:
    left = ratings.stars - ratings.stars.mean()
    counts = np.bincount(ratings.users) + parameters.user_shrinkage
    own = np.bincount(ratings.users, left) / counts
    neutral = parameters.neutral_rating + parameters.own_neutral * own
    return (ratings.stars - neutral[ratings.users]).astype(np.float32)


def _grouped(
    rows: NDArray[np.intp], columns: NDArray[np.intp], weights: Floats, count: int
) -> list[_Group]:
    """Columns and weights of each row; nothing for a row that likes nothing."""
    order = np.argsort(rows, kind="stable")
    ends = np.searchsorted(rows[order], np.arange(count + 1))
    slices = [order[start:end] for start, end in pairwise(ends)]
    liked = [each if (weights[each] > 0).any() else each[:0] for each in slices]
    return [(columns[each], weights[each]) for each in liked]


def _side(fixed: Floats, rated: list[_Group], parameters: ModelParameters) -> Floats:
    """One half of an iteration of implicit-feedback ALS, as Spark does it."""
    rank = fixed.shape[1]
    gram = fixed.T @ fixed
    result = np.zeros((len(rated), rank), dtype=np.float32)
    rows = [row for row, (columns, _) in enumerate(rated) if len(columns)]
    for start in range(0, len(rows), _EQUATIONS_AT_A_TIME):
        chosen = rows[start : start + _EQUATIONS_AT_A_TIME]
        left = np.empty((len(chosen), rank, rank), dtype=np.float32)
        right = np.empty((len(chosen), rank, 1), dtype=np.float32)
        for place, row in enumerate(chosen):
            columns, weights = rated[row]
            liked = weights > 0
            known = fixed[columns]
            confidence = parameters.alpha * np.abs(weights)
            left[place] = gram + known.T @ (confidence[:, None] * known)
            left[place].flat[:: rank + 1] += parameters.regularization * liked.sum()
            right[place, :, 0] = (1 + confidence[liked]) @ known[liked]
        result[chosen] = np.linalg.solve(left, right)[..., 0]
    return result
