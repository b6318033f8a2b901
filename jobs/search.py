"""Successive halving: many settings get little, the best of them more."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from jobs.spec import Given
from jobs.tuning_spec import Grid

STAGES = (0.25, 0.5, 1.0)
"""The share of a fit's iterations at each stage."""

KEPT = 3
"""One of so many goes on to the next stage."""


def candidates(grid: Grid, trials: int, seed: int) -> list[Given]:
    """Combinations of the grid's values, `trials` of them by lot, always the same."""
    names = list(grid)
    whole: list[Given] = [
        dict(zip(names, values, strict=True)) for values in itertools.product(*grid.values())
    ]
    if len(whole) <= trials:
        return whole
    drawn = np.random.default_rng(seed).choice(len(whole), trials, replace=False)
    return [whole[place] for place in sorted(drawn.tolist())]


def survivors(qualities: Sequence[float]) -> list[int]:
    """The places of the best third, at least one, in their order."""
    count = max(1, round(len(qualities) / KEPT))
    best = sorted(range(len(qualities)), key=lambda place: -qualities[place])[:count]
    return sorted(best)
