"""How a training judges itself, without Spark."""

from __future__ import annotations

import pytest

from jobs.fold_in import FoldIn
from jobs.holdout import HeldOutUser, evaluate
from tests.item_factors import invented_items

KNOWN = {10: 5.0, 40: 4.5, 70: 1.0}


def test_who_goes_on_as_the_list_says_scores_best_and_who_does_not_scores_nothing() -> None:
    items = invented_items()
    (ranked,) = FoldIn.of(items).rank([(7, KNOWN)], 60)
    best, worst = ranked.movie_ids[:3].tolist(), ranked.movie_ids[-3:].tolist()
    follows = HeldOutUser(KNOWN, dict.fromkeys(best, 4.0))
    strays = HeldOutUser(KNOWN, dict.fromkeys(worst, 4.0))
    assert evaluate(items, {7: follows})["ndcg@10"] == pytest.approx(1)
    assert evaluate(items, {7: strays})["ndcg@10"] == 0
    both = evaluate(items, {7: follows, 8: strays})
    assert both["ndcg@10"] == pytest.approx(0.5)
    assert both["recall@10"] == pytest.approx(0.5)
    assert both["heldOutUsers"] == 2
    assert 0 < both["rmse"] < 4.5


def test_nothing_held_out_is_no_figure() -> None:
    assert evaluate(invented_items(), {7: HeldOutUser(KNOWN, {})}) == {}
