"""Answers that were given to requests, by their keys, in Redis."""

from __future__ import annotations

from recsys_app.stores.redis_connection import connect, redis_errors


class RedisAnswerStore:
    """A value for each key: a reservation while the work is going on, then the answer."""

    def __init__(self, url: str, *, prefix: str, timeout_seconds: float = 1.0) -> None:
        self._redis = connect(url, timeout_seconds=timeout_seconds)
        self._prefix = prefix

    async def close(self) -> None:
        await self._redis.aclose()

    async def reserve(self, key: str, value: bytes, seconds: float) -> bytes | None:
        """None if the key is ours now; otherwise the value that it has already."""
        async with redis_errors():
            found = await self._redis.set(
                self._prefix + key, value, nx=True, get=True, px=round(seconds * 1000)
            )
        return found if isinstance(found, bytes) else None

    async def put(self, key: str, value: bytes, seconds: float) -> None:
        async with redis_errors():
            await self._redis.set(self._prefix + key, value, px=round(seconds * 1000))

    async def remove(self, key: str) -> None:
        async with redis_errors():
            await self._redis.delete(self._prefix + key)
