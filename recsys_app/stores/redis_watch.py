"""Looks at Redis: what has changed for which user, and how much it holds."""

from __future__ import annotations

from collections.abc import Sequence

from recsys_app.stores.redis import list_key, revision_key
from recsys_app.stores.redis_connection import (
    connect,
    is_cluster,
    read_many,
    redis_errors,
)


class RedisWatchStore:
    """Fingerprints of what the cache holds of a user, and its size."""

    def __init__(self, url: str, *, prefix: str, timeout_seconds: float = 2.0) -> None:
        self._redis = connect(url, timeout_seconds=timeout_seconds)
        self._prefix = prefix

    async def close(self) -> None:
        await self._redis.aclose()

    async def fingerprints(self, user_ids: Sequence[int], slot: int) -> list[int]:
        """A number for each user, another one once a rating or the list has changed."""
        keys = [
            key
            for user_id in user_ids
            for key in (
                list_key(self._prefix, user_id, slot),
                revision_key(self._prefix, user_id),
            )
        ]
        async with redis_errors():
            values = await read_many(self._redis, keys)
        return [hash(pair) for pair in zip(values[::2], values[1::2], strict=True)]

    async def size(self) -> tuple[int, int]:
        """How many keys there are, and the bytes of memory they take."""
        async with redis_errors():
            keys = await self._redis.dbsize()
            if is_cluster(self._redis):
                nodes = await self._redis.info("memory", target_nodes="primaries")
                memories = list(nodes.values())
            else:
                memories = [await self._redis.info("memory")]
        return keys, sum(memory["used_memory_dataset"] for memory in memories)
