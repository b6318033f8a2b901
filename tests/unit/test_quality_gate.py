"""Which models may replace the active one."""

from __future__ import annotations

import pytest

from recsys_app.services.quality_gate import objection


@pytest.mark.parametrize(
    ("new", "active"),
    [
        ({"ndcg@10": 0.2}, {"ndcg@10": 0.1}),
        ({"ndcg@10": 0.091}, {"ndcg@10": 0.1}),
        ({"ndcg@10": 0.2}, None),
        ({"ndcg@10": 0.2}, {}),
        ({}, {"ndcg@10": 0.1}),
    ],
)
def test_what_is_not_clearly_worse_may(
    new: dict[str, float], active: dict[str, float] | None
) -> None:
    assert objection(new, active, margin=0.1) is None


def test_what_is_worse_by_more_than_the_margin_may_not() -> None:
    cause = objection({"ndcg@10": 0.089}, {"ndcg@10": 0.1}, margin=0.1)
    assert cause == "its ndcg@10 is 0.089, the active one's 0.100: more than 10% worse"
