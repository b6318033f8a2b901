"""Measures of quality, against values worked out by hand."""

from __future__ import annotations

from math import log2, nan

import numpy as np
import pytest

from jobs.evaluation import (
    coverage,
    gini,
    mean_absolute_error,
    mean_interval,
    novelty,
    random_split,
    ranking_scores,
    root_mean_squared_error,
    temporal_split,
)


def rows(*numbers: int) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    return np.array(numbers, dtype=np.intp)


def test_scores_of_lists() -> None:
    scores = ranking_scores(
        [rows(1, 2, 3, 4), rows(5, 6, 7, 8), rows(1, 2), rows(9)],
        [rows(1, 3, 9, 10), rows(1), rows(2), rows()],
        3,
    )

    best = 1 + 1 / log2(3) + 1 / 2
    assert scores.ndcg.tolist() == pytest.approx(
        [(1 + 1 / 2) / best, 0, 1 / log2(3), nan], nan_ok=True
    )
    assert scores.recall.tolist() == pytest.approx([2 / 4, 0, 1, nan], nan_ok=True)
    assert scores.precision.tolist() == pytest.approx([2 / 3, 0, 1 / 3, nan], nan_ok=True)
    assert scores.average_precision.tolist() == pytest.approx(
        [(1 + 2 / 3) / 3, 0, 1 / 2, nan], nan_ok=True
    )


def test_a_perfect_list_scores_one() -> None:
    scores = ranking_scores([rows(3, 1, 2)], [rows(1, 2, 3, 4)], 3)

    assert (scores.ndcg[0], scores.precision[0], scores.average_precision[0]) == (1, 1, 1)


def test_errors_of_stars() -> None:
    predicted, stars = np.array([3.0, 4.0, 5.0]), np.array([3.0, 2.0, 4.0])

    assert root_mean_squared_error(predicted, stars) == pytest.approx((5 / 3) ** 0.5)
    assert mean_absolute_error(predicted, stars) == 1


def test_coverage_is_the_share_of_films_listed() -> None:
    assert coverage([rows(0, 1), rows(1)], films=8) == 0.25


def test_novelty_is_the_mean_surprise() -> None:
    counts = np.array([8, 2, 0])

    assert novelty([rows(0, 1), rows(2)], counts, users=8) == pytest.approx((0 + 2 + 3) / 3)


def test_gini_is_none_when_all_are_listed_alike_and_nearly_one_for_a_single_film() -> None:
    assert gini([rows(0, 1), rows(2, 3)], films=4) == 0
    assert gini([rows(2), rows(2)], films=4) == 0.75
    assert gini([rows(0, 1), rows(0)], films=2) == pytest.approx(1 / 6)


def test_the_interval_of_a_mean() -> None:
    scores = np.append(np.random.default_rng(3).normal(5, 2, 400), nan)

    interval = mean_interval(scores)

    half = 1.96 * 2 / 20
    assert interval.mean == pytest.approx(np.nanmean(scores))
    assert interval.low == pytest.approx(interval.mean - half, abs=0.03)
    assert interval.high == pytest.approx(interval.mean + half, abs=0.03)


def test_what_everybody_has_is_certain() -> None:
    assert mean_interval(np.full(10, 0.5)) == (0.5, 0.5, 0.5)


def test_the_last_ratings_of_each_user_are_held_out() -> None:
    users = np.array([1, 1, 1, 1, 2, 2, 1, 3])
    times = np.array([9, 1, 5, 5, 8, 7, 0, 1])

    held_out = temporal_split(users, times, 0.4)

    assert held_out.tolist() == [True, False, False, True, True, False, False, False]


def test_a_random_split_takes_the_share_of_each_user() -> None:
    users = np.repeat([1, 2, 3], [10, 5, 1])

    held_out = random_split(users, 0.2, seed=4)

    assert np.bincount(users[held_out], minlength=4).tolist() == [0, 2, 1, 0]
    assert held_out.tolist() == random_split(users, 0.2, seed=4).tolist()
    assert held_out.tolist() != random_split(users, 0.2, seed=5).tolist()
