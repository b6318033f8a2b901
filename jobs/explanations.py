"""Why a film is in a list: the user's ratings that speak for it, and its popularity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jobs.fold_in import FoldIn, KnownRatings
from jobs.item_factors import Floats

Matrix = NDArray[np.float64]


class Contribution(NamedTuple):
    """What one of the user's ratings adds to the score of a film."""

    movie_id: int
    stars: float
    share: float
    """Of everything that speaks for the film, 0 to 1."""


class Explanation(NamedTuple):
    """Why a film is in a user's list."""

    because: list[Contribution]
    """The ratings that speak for it most, the strongest first."""
    popularity: float
    """The share of its popularity in its score, 0 to 1."""


def explain(
    fold_in: FoldIn, ratings: Mapping[int, float], movie_ids: Sequence[int], most: int = 3
) -> list[Explanation]:
    """Why the films, which the model must have, are recommended for these ratings."""
    items = fold_in.items
    known = fold_in.known(ratings)
    equation = fold_in.equation(known)
    liked = equation.liked if equation else np.zeros(0, dtype=np.intp)
    movies, stars = items.movie_ids[known.rows[liked]], known.stars[liked]
    weight = fold_in.popularity_weight(known)
    popularity = items.popularity[items.rows(np.array(movie_ids, dtype=np.int64))]
    parts = contributions(fold_in, known, movie_ids)
    return [
        _explanation((1 - weight) * of_film, weight * float(popular), movies, stars, most)
        for of_film, popular in zip(parts, popularity, strict=True)
    ]


def contributions(fold_in: FoldIn, known: KnownRatings, movie_ids: Sequence[int]) -> Matrix:
    """(films, liked films): what each liking adds to the personal score of each film.

    The score is a sum over the liked films j of s_ij c_j with s_ij = yᵢᵀ W yⱼ, W being the
    inverse of the user's equation (Hu, Koren and Volinsky 2008, section 5).
    """
    items = fold_in.items
    rows = items.rows(np.array(movie_ids, dtype=np.int64))
    equation = fold_in.equation(known)
    if equation is None:
        return np.zeros((len(rows), 0))
    films = items.order[rows].astype(np.float64)
    rated = items.order[known.rows[equation.liked]].astype(np.float64)
    inverse = np.linalg.inv(equation.left.astype(np.float64))
    parts: Matrix = (films @ inverse @ rated.T) * equation.confidence
    return parts


def _explanation(
    parts: Matrix, popularity: float, movies: NDArray[np.int32], stars: Floats, most: int
) -> Explanation:
    speaking = np.maximum(parts, 0)
    whole = float(speaking.sum()) + popularity or 1.0
    strongest = [j for j in np.argsort(-speaking)[:most] if speaking[j] > 0]
    because = [
        Contribution(int(movies[j]), float(stars[j]), float(speaking[j]) / whole) for j in strongest
    ]
    return Explanation(because, popularity / whole)
