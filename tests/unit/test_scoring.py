"""From lists and stars to the figures of a report."""

from __future__ import annotations

from math import log2

import numpy as np
import pytest

from jobs.item_factors import Ints
from jobs.judged_ratings import Split
from jobs.scoring import Judge
from tests.unit.test_judged_ratings import arrays

RATINGS = arrays(
    *[(1, film, 4, film) for film in range(1, 31)],
    *[(2, film, 2, film) for film in range(1, 6)],
    (3, 1, 3, 1),
)
HELD = (RATINGS.timestamps > 28) | ((RATINGS.users == 2) & (RATINGS.timestamps == 5))
"""Films 29 and 30 of user 1, who liked them, and 5 of user 2, who did not."""

CATALOGUE = np.arange(1, 30, dtype=np.int32)


def lists(*of_users: list[int]) -> list[Ints]:
    return [np.array(films, dtype=np.int32) for films in of_users]


@pytest.fixture
def judge() -> Judge:
    split = Split.of(RATINGS, HELD, most_users=10, seed=1)
    return Judge(split, (2, 3), CATALOGUE)


def test_both_columns_at_every_length(judge: Judge) -> None:
    scores = judge.score(lists([7, 29, 30], [5, 6, 7]))
    best = 1 + 1 / log2(3)
    assert scores["all"]["ndcg@2"].tolist() == pytest.approx([1 / log2(3) / best, 1])
    assert scores["all"]["recall@3"].tolist() == [1, 1]
    assert scores["liked"]["recall@2"][0] == 0.5
    assert np.isnan(scores["liked"]["recall@2"][1])  # held out, and not liked


def test_quality_is_the_mean_of_the_columns_that_have_a_figure(judge: Judge) -> None:
    quality = judge.quality(judge.score(lists([29, 30], [9, 5])))
    assert quality.tolist() == pytest.approx([1, 1 / log2(3)])


def test_a_row_of_the_report(judge: Judge) -> None:
    ours = judge.score(lists([29, 30], [5, 6]))
    theirs_lists = lists([7, 8], [5, 6])
    theirs = judge.score(theirs_lists)
    row = judge.list_scores("theirs", "", theirs_lists, theirs, ours, 1.0)
    assert row.lead["all"] is not None
    assert row.lead["all"].mean == pytest.approx(0.5)
    assert row.lead["liked"] is not None
    assert row.lead["liked"].mean == 1
    assert row.groups["new"]["all"] == (1, 1, 1)
    assert row.groups["new"]["liked"] is None
    assert row.groups["light"]["all"] == (0, 0, 0)
    assert row.groups["heavy"]["all"] is None
    assert row.coverage == pytest.approx(4 / 29)
    assert judge.unreachable == 1
    assert judge.list_scores("ours", "", theirs_lists, theirs, None, 1.0).lead == {}


def test_lists_that_are_empty_have_figures_too(judge: Judge) -> None:
    nothing = lists([], [])
    row = judge.list_scores("none", "", nothing, judge.score(nothing), None, 0)
    assert (row.coverage, row.novelty, row.gini) == (0, 0, 0)
    assert row.scores["all"]["ndcg@2"] == (0, 0, 0)


def test_the_error_of_the_stars(judge: Judge) -> None:
    predicted = [np.array([4, 2], dtype=np.float32), np.array([2], dtype=np.float32)]
    row = judge.stars_scores("model", "", predicted)
    assert row.rmse.mean == pytest.approx((4 / 3) ** 0.5)
    assert row.mae.mean == pytest.approx(2 / 3)
    assert row.mae.low == 0  # only the second user was drawn
    assert row.mae.high == 1
