"""Whether a new model is good enough to be served."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MEASURE = "ndcg@10"
"""Of the held-out slice that every training evaluates itself on."""


def objection(
    new: Mapping[str, Any], active: Mapping[str, Any] | None, *, margin: float
) -> str | None:
    """Why the model with these measures should not replace the active one; None if it may.

    It may lose the share `margin` of the active one's measure. What was not measured, as with too
    few ratings to hold some out, is no reason to object.
    """
    before = (active or {}).get(MEASURE)
    after = new.get(MEASURE)
    if before is None or after is None or after >= before * (1 - margin):
        return None
    return (
        f"its {MEASURE} is {after:.3f}, the active one's {before:.3f}: more than {margin:.0%} worse"
    )
