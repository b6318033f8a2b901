"""Answers that were given to requests, by their keys, in Redis."""

from __future__ import annotations

from redis import asyncio as aioredis
from redis.exceptions import RedisError

from recsys_app.errors import Unavailable


class RedisAnswerStore:
    """A value for each key: a reservation while the work is going on, then the answer."""

    def __init__(self, url: str, *, prefix: str, timeout_seconds: float = 1.0) -> None:
        self._redis = aioredis.Redis.from_url(
            url, socket_timeout=timeout_seconds, socket_connect_timeout=timeout_seconds
        )
        self._prefix = prefix

    async def close(self) -> None:
        await self._redis.aclose()

    async def reserve(self, key: str, value: bytes, seconds: float) -> bytes | None:
        """None if the key is ours now; otherwise the value that it has already."""
        try:
            found = await self._redis.set(
                self._prefix + key, value, nx=True, get=True, px=round(seconds * 1000)
            )
        except (RedisError, OSError, TimeoutError) as error:
            raise Unavailable("Redis", error) from error
        return found if isinstance(found, bytes) else None

    async def put(self, key: str, value: bytes, seconds: float) -> None:
        try:
            await self._redis.set(self._prefix + key, value, px=round(seconds * 1000))
        except (RedisError, OSError, TimeoutError) as error:
            raise Unavailable("Redis", error) from error

    async def remove(self, key: str) -> None:
        try:
            await self._redis.delete(self._prefix + key)
        except (RedisError, OSError, TimeoutError) as error:
            raise Unavailable("Redis", error) from error
