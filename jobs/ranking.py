"""Scores and top N for blocks of users: matrix products, with what was rated masked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jobs.diversity import REORDERED, diversified
from jobs.item_factors import Floats, ItemFactors
from jobs.spec import ModelParameters
from recsys_app.models import MAX_RATING, MIN_RATING

SCORES_PER_BLOCK = 8_000_000
"""32 MB of scores at a time."""


class UserBlock(NamedTuple):
    """Some users' side of a model, and what each has rated."""

    user_ids: NDArray[np.int32]
    order: Floats
    """(users, rank)."""
    stars: Floats
    """(users, stars rank)."""
    bias: Floats
    popularity: Floats
    """How much popularity weighs for each user, from 1 to 0."""
    rated: Sequence[NDArray[np.int32]]
    """The ids of the films that each user rated."""


class RankedList(NamedTuple):
    """One user's films, best first, with the predicted stars."""

    user_id: int
    movie_ids: NDArray[np.int32]
    stars: Floats


def rank_users(
    users: UserBlock, items: ItemFactors, n: int, *, scores_per_block: int = SCORES_PER_BLOCK
) -> Iterator[RankedList]:
    """The best `n` recommendable films of each user that the user has not rated."""
    step = max(1, scores_per_block // max(1, len(items.movie_ids)))
    for start in range(0, len(users.user_ids), step):
        stop = start + step
        block = UserBlock(
            users.user_ids[start:stop],
            users.order[start:stop],
            users.stars[start:stop],
            users.bias[start:stop],
            users.popularity[start:stop],
            users.rated[start:stop],
        )
        yield from _rank_block(block, items, n)


def order_scores(users: UserBlock, items: ItemFactors) -> Floats:
    """(users, films): what decides the order, personal preference blended with popularity."""
    weight = users.popularity[:, None]
    scores: Floats = (((1 - weight) * users.order) @ items.order.T).astype(np.float32, copy=False)
    scores += weight * items.popularity
    return scores


def popularity_weight(count: int, rarity: float, parameters: ModelParameters) -> float:
    """How much popularity weighs, from 1 to 0, for a user with so many ratings.

    With few ratings popularity predicts better than factors do, unless the films that the user
    likes are rarer than what is mostly rated (`rarity` above 1): those tell more, and say that
    popularity is no guide.
    """
    telling = float(max(1.0, rarity) ** parameters.rare_taste)
    k = parameters.popularity_until
    weight = k / (k + telling * count) if k else float(not count)
    return max(weight, parameters.popularity_floor / telling)


def best_films(scores: Floats, items: ItemFactors, n: int) -> list[NDArray[np.intp]]:
    """The columns of the `n` films to list for each row of scores, in the order of the list.

    Columns of minus infinity are left out.
    """
    diversity = items.parameters.diversity
    if not diversity:
        return top_n(scores, n)
    longer = max(n, min(2 * n, REORDERED))
    return [
        diversified(columns, row, items.directions, diversity)[:n]
        for row, columns in zip(scores, top_n(scores, longer), strict=True)
    ]


def top_n(scores: Floats, n: int) -> list[NDArray[np.intp]]:
    """The columns of the `n` largest scores of each row, best first; of equals the lower column.

    Columns of minus infinity are left out.
    """
    n = min(n, scores.shape[1])
    if not n:
        return [np.empty(0, dtype=np.intp) for _ in scores]
    chosen = np.argpartition(scores, scores.shape[1] - n, axis=1)[:, -n:]
    lowest = np.take_along_axis(scores, chosen, axis=1).min(axis=1)
    is_tied = (scores >= lowest[:, None]).sum(axis=1) > n
    result = []
    for row, columns in enumerate(chosen):
        if is_tied[row]:
            columns = np.flatnonzero(scores[row] >= lowest[row])
        columns = columns[np.isfinite(scores[row, columns])]
        result.append(columns[np.lexsort((columns, -scores[row, columns]))][:n])
    return result


def predicted_stars(
    order: Floats, bias: float, items: ItemFactors, columns: NDArray[np.intp]
) -> Floats:
    """The stars that a user with these explicit factors and bias would give to the films."""
    stars = items.mean + bias + items.item_bias[columns] + items.stars[columns] @ order
    return np.clip(stars, MIN_RATING, MAX_RATING).astype(np.float32)


def _rank_block(users: UserBlock, items: ItemFactors, n: int) -> Iterator[RankedList]:
    scores = order_scores(users, items)
    scores[:, ~items.is_recommendable] = -np.inf
    for row, rated in enumerate(users.rated):
        scores[row, items.rows(rated)] = -np.inf
    for row, columns in enumerate(best_films(scores, items, n)):
        stars = predicted_stars(users.stars[row], float(users.bias[row]), items, columns)
        yield RankedList(int(users.user_ids[row]), items.movie_ids[columns], stars)
