"""Everything in Redis that is about one user."""

from __future__ import annotations

import re
from typing import Any

from recsys_app.stores.redis_connection import connect, redis_errors

_KEYS_A_ROUND = 10_000


class RedisUserStore:
    """Finds a user's keys by the tag `{<user id>}`, which every key about a user carries."""

    def __init__(
        self, url: str, *, prefix: str = "", timeout_seconds: float = 5.0, **options: Any
    ) -> None:
        self._prefix = re.sub(r"([*?\[\]\\])", r"\\\1", prefix)  # no pattern in a name
        self._redis = connect(url, timeout_seconds=timeout_seconds, **options)

    async def close(self) -> None:
        await self._redis.aclose()

    async def forget_user(self, user_id: int, *, last: bool = False) -> None:
        """Deletes every key of the user, whatever it holds."""
        pattern = f"{self._prefix}*{{{user_id}}}*"
        async with redis_errors():
            found = self._redis.scan_iter(match=pattern, count=_KEYS_A_ROUND)
            keys = [key async for key in found]
            if keys:
                await self._redis.unlink(*keys)
