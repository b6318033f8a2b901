"""Small item factors, for tests that need a model but no training."""

from __future__ import annotations

import numpy as np

from jobs.item_factors import ItemFactors, has_factors
from jobs.spec import ModelParameters


def invented_items(
    films: int = 60, rank: int = 6, *, version: str = "v1", seed: int = 1
) -> ItemFactors:
    """Films 10, 20, 30 …, the first the most popular; the last one nobody has rated."""
    chance = np.random.default_rng(seed)
    order = chance.normal(0.2, 0.3, (films, rank)).astype(np.float32)
    stars = chance.normal(0, 0.3, (films, rank // 2)).astype(np.float32)
    counts = np.arange(films - 1, -1, -1, dtype=np.int32)
    order[-1], stars[-1] = 0, 0
    return ItemFactors(
        version=version,
        parameters=ModelParameters(rank=rank, stars_rank=rank // 2),
        mean=3.5,
        movie_ids=np.arange(10, 10 * films + 10, 10, dtype=np.int32),
        counts=counts,
        is_recommendable=np.ones(films, dtype=np.bool_),
        is_fitted=has_factors(order),
        order=order,
        stars=stars,
        item_bias=chance.normal(0, 0.2, films).astype(np.float32),
    )
