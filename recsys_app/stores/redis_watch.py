"""Looks at Redis: what has changed for which user, and how much it holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from redis import asyncio as aioredis
from redis.exceptions import RedisError

from recsys_app.errors import Unavailable
from recsys_app.stores.redis import list_key, revision_key


@contextmanager
def _redis_errors() -> Iterator[None]:
    try:
        yield
    except (RedisError, OSError, TimeoutError) as error:
        raise Unavailable("Redis", error) from error


class RedisWatchStore:
    """Fingerprints of what the cache holds of a user, and its size."""

    def __init__(self, url: str, *, prefix: str, timeout_seconds: float = 2.0) -> None:
        self._redis = aioredis.Redis.from_url(
            url, socket_timeout=timeout_seconds, socket_connect_timeout=timeout_seconds
        )
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
        with _redis_errors():
            values = await self._redis.mget(keys)
        return [hash(pair) for pair in zip(values[::2], values[1::2], strict=True)]

    async def size(self) -> tuple[int, int]:
        """How many keys there are, and the bytes of memory they take."""
        with _redis_errors():
            keys = await self._redis.dbsize()
            memory = await self._redis.info("memory")
        return keys, memory["used_memory_dataset"]
