"""Counters in Redis that forget themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recsys_app.stores.redis_connection import connect, redis_errors


class RedisCounterStore:
    """Counts that any number of processes add to."""

    def __init__(
        self, url: str, *, prefix: str = "", timeout_seconds: float = 1.0, **options: Any
    ) -> None:
        self._prefix = prefix
        self._redis = connect(url, timeout_seconds=timeout_seconds, **options)

    async def close(self) -> None:
        await self._redis.aclose()

    async def add(self, counts: Mapping[str, int], *, seconds: int) -> dict[str, int]:
        """Adds to each counter and returns their totals; each is forgotten after `seconds`."""
        async with redis_errors(), self._redis.pipeline(transaction=False) as pipeline:
            for key, count in counts.items():
                pipeline.incrby(self._prefix + key, count)
                pipeline.expire(self._prefix + key, seconds)
            answers = await pipeline.execute()
        return dict(zip(counts, map(int, answers[::2]), strict=True))
