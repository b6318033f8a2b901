"""What genres and decades make likely of films that too few have liked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from jobs.item_factors import Floats, ItemFactors

_FIRST_DECADE, _LAST_DECADE = 1920, 2030
_RIDGE = 10.0
_SHARE = 0.5
"""Likely factors are halved: genres say a tenth of what ratings say, and no list of films that
nobody rated shall come of them."""


class Traits(NamedTuple):
    """What is known of a film before anybody has rated it."""

    movie_id: int
    genres: Sequence[str]
    year: int | None


def with_likely_factors(items: ItemFactors, films: Sequence[Traits]) -> ItemFactors:
    """The model in which films that took no part in the fit have factors by genre and decade.

    Ridge regression of the fitted films' factors on these traits, weighted by the films' ratings.
    Films without known traits keep factors of zero.
    """
    if not items.is_fitted.any():
        return items
    traits = _matrix(items, films)
    fitted, weights = traits[items.is_fitted], items.counts[items.is_fitted, None]
    left = fitted.T @ (weights * fitted) + _RIDGE * np.eye(traits.shape[1], dtype=np.float32)
    right = fitted.T @ (weights * items.order[items.is_fitted])
    is_likely = ~items.is_fitted & traits.any(axis=1)
    order = items.order.copy()
    order[is_likely] = _SHARE * (traits[is_likely] @ np.linalg.solve(left, right))
    return replace(items, order=order)


def _matrix(items: ItemFactors, films: Sequence[Traits]) -> Floats:
    """A row of ones and zeros for each film of the model: its genres, its decade, and a one; zeros
    for a film without genres."""
    genres = sorted({genre for film in films for genre in film.genres})
    decades = range(_FIRST_DECADE, _LAST_DECADE, 10)
    columns = {name: column for column, name in enumerate([*genres, *decades])}
    matrix = np.zeros((len(items.movie_ids), len(columns) + 1), dtype=np.float32)
    known = [film for film in films if film.genres]
    ids = np.array([film.movie_id for film in known], dtype=np.int32)
    for row, film in zip(items.rows(ids), known, strict=True):
        matrix[row, [columns[genre] for genre in film.genres]] = 1
        matrix[row, -1] = 1
        if film.year is not None:
            decade = min(max(film.year // 10 * 10, _FIRST_DECADE), decades[-1])
            matrix[row, columns[decade]] = 1
    return matrix
