"""How good lists and predicted stars are, against ratings that were held out.

Scores of lists come per user, so that intervals can be had by drawing users anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.intp]
Films = NDArray[np.integer]
"""Rows of films, or their ids."""
PerUser = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class RankingScores:
    """Scores of each user's list at one length; NaN for a user with nothing held out."""

    ndcg: PerUser
    """Gain of the hits, discounted by the logarithm of their place, of the best gain possible."""
    recall: PerUser
    """Share of what was held out that is in the list."""
    precision: PerUser
    """Share of the list's length that are hits."""
    average_precision: PerUser
    """Mean precision at the hits; its mean over users is MAP."""


class Interval(NamedTuple):
    """A mean over users and where it would be for other users of the same kind."""

    mean: float
    low: float
    high: float


def ranking_scores(lists: Sequence[Films], held_out: Sequence[Films], k: int) -> RankingScores:
    """The scores of the first `k` of each list, best first, where held-out films are the hits."""
    discounts = 1 / np.log2(np.arange(2, k + 2))
    scores = np.full((4, len(lists)), np.nan)
    for user, (films, relevant) in enumerate(zip(lists, held_out, strict=True)):
        if not len(relevant):
            continue
        is_hit = np.zeros(k)
        is_hit[: len(films[:k])] = np.isin(films[:k], relevant)
        reachable = min(len(relevant), k)
        precisions = np.cumsum(is_hit) / np.arange(1, k + 1)
        scores[:, user] = (
            (is_hit * discounts).sum() / discounts[:reachable].sum(),
            is_hit.sum() / len(relevant),
            is_hit.sum() / k,
            (precisions * is_hit).sum() / reachable,
        )
    return RankingScores(*scores)


def root_mean_squared_error(predicted: NDArray[np.floating], stars: NDArray[np.floating]) -> float:
    return float(np.sqrt(np.mean((predicted.astype(np.float64) - stars) ** 2)))


def mean_absolute_error(predicted: NDArray[np.floating], stars: NDArray[np.floating]) -> float:
    return float(np.mean(np.abs(predicted.astype(np.float64) - stars)))


def coverage(lists: Sequence[Rows], films: int) -> float:
    """The share of the films that are in anybody's list."""
    return float((_times_listed(lists, films) > 0).mean())


def novelty(lists: Sequence[Rows], counts: NDArray[np.integer], users: int) -> float:
    """The mean surprise of a listed film in bits, -log2 of the share of users who rated it.

    A film that nobody rated counts as rated by one user.
    """
    listed = np.concatenate(lists)
    return float(np.mean(-np.log2(np.maximum(counts[listed], 1) / users)))


def gini(lists: Sequence[Rows], films: int) -> float:
    """How unevenly films are listed: 0 if all equally often, towards 1 if always the same."""
    times = np.sort(_times_listed(lists, films))
    weights = 2 * np.arange(1, films + 1) - films - 1
    return float((weights * times).sum() / (films * times.sum()))


def mean_interval(
    scores: PerUser, *, confidence: float = 0.95, resamples: int = 2000, seed: int = 1
) -> Interval:
    """The mean over users who have a score, with its interval by bootstrap over them.

    To compare two models, pass the differences of each user's scores.
    """
    present = scores[~np.isnan(scores)]
    chance = np.random.default_rng(seed)
    means = [chance.choice(present, len(present)).mean() for _ in range(resamples)]
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(present.mean()), float(low), float(high))


def error_intervals(
    predicted: Sequence[NDArray[np.floating]],
    given: Sequence[NDArray[np.floating]],
    *,
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 1,
) -> tuple[Interval, Interval]:
    """RMSE and MAE over all users' ratings, with their intervals by bootstrap over the users."""
    errors = [p.astype(np.float64) - g for p, g in zip(predicted, given, strict=True)]
    counts = np.array([len(each) for each in errors])
    squares = np.array([each @ each for each in errors])
    sizes = np.array([np.abs(each).sum() for each in errors])
    chance = np.random.default_rng(seed)
    drawn = np.empty((resamples, 2))
    for resample in range(resamples):
        users = chance.integers(0, len(errors), len(errors))
        ratings = counts[users].sum()
        drawn[resample] = squares[users].sum() / ratings, sizes[users].sum() / ratings
    drawn[:, 0] **= 0.5
    low, high = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    everything = np.concatenate(errors)
    rmse, mae = float(np.sqrt(np.mean(everything**2))), float(np.mean(np.abs(everything)))
    return Interval(rmse, float(low[0]), float(high[0])), Interval(
        mae, float(low[1]), float(high[1])
    )


def temporal_split(
    users: NDArray[np.integer], timestamps: NDArray[np.integer], held_out: float
) -> Mask:
    """Which ratings are held out: the last of each user's, this share of them rounded up.

    Of equal times, the later in the arrays counts as later. A user's first rating stays.
    """
    return _last_of_each(users, np.lexsort((np.arange(len(users)), timestamps, users)), held_out)


def random_split(users: NDArray[np.integer], held_out: float, *, seed: int = 1) -> Mask:
    """Which ratings are held out: this share of each user's, rounded up, drawn by lot."""
    chance = np.random.default_rng(seed).random(len(users))
    return _last_of_each(users, np.lexsort((chance, users)), held_out)


def _last_of_each(users: NDArray[np.integer], order: Rows, share: float) -> Mask:
    _, starts, counts = np.unique(users[order], return_index=True, return_counts=True)
    place = np.arange(len(users)) - np.repeat(starts, counts)
    kept = np.maximum(counts - np.ceil(counts * share), 1)
    mask = np.zeros(len(users), dtype=np.bool_)
    mask[order] = place >= np.repeat(kept, counts)
    return mask


def _times_listed(lists: Sequence[Rows], films: int) -> NDArray[np.intp]:
    return np.bincount(np.concatenate(lists), minlength=films)
