"""Item factors by the equations of the training, without Spark: a fit takes seconds.

For sweeps over settings, and for questions that need many fits.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jobs.alternating_least_squares import solve
from jobs.fitting import order_terms
from jobs.item_factors import Floats, ItemFactors, has_factors
from jobs.rating_blocks import Block
from jobs.spec import ModelParameters


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
    likes = np.bincount(ratings.films[weights > 0], minlength=films)
    kept = likes[ratings.films] >= max(parameters.min_likes, 1)
    kept &= np.isin(ratings.users, ratings.users[kept & (weights > 0)])
    triples = (ratings.users[kept], ratings.films[kept], weights[kept])
    by_user, by_film = Block.of(*triples), Block.of(triples[1], triples[0], triples[2])
    users = int(ratings.users.max()) + 1
    chance = np.random.default_rng(parameters.seed)
    order: Floats = np.zeros((films, parameters.rank), dtype=np.float32)
    order[by_film.rows] = chance.normal(0, 0.1, (len(by_film.rows), parameters.rank))
    for _ in range(parameters.iterations):
        order = _side(_side(order, by_user, users, parameters), by_film, films, parameters)
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


def _weights(ratings: Ratings, parameters: ModelParameters) -> Floats:
    left = ratings.stars - ratings.stars.mean()
    counts = np.bincount(ratings.users) + parameters.user_shrinkage
    own = np.bincount(ratings.users, left) / counts
    neutral = parameters.neutral_rating + parameters.own_neutral * own
    return (ratings.stars - neutral[ratings.users]).astype(np.float32)


def _side(fixed: Floats, block: Block, size: int, parameters: ModelParameters) -> Floats:
    """One half of an iteration."""
    solution = np.zeros((size, fixed.shape[1]), dtype=np.float32)
    terms = order_terms(block, parameters)
    solution[block.rows] = solve(block, terms, fixed, fixed.T @ fixed)
    return solution
