"""The cache of recommendations in Redis.

A list lies there as `<version> <revision> `, then movies and centistars as MessagePack.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

import msgspec
from redis import asyncio as aioredis
from redis.exceptions import RedisError

from recsys_app.errors import Unavailable
from recsys_app.models import CachedList, Recommendations, to_cached

_PUT = """
local held = redis.call('GETRANGE', KEYS[1], 0, 40)
local version, revision = string.match(held, '^(%w+) (%d+) ')
if version == ARGV[1] and tonumber(revision) > tonumber(ARGV[2]) then return 0 end
redis.call('SET', KEYS[1], ARGV[3], 'EX', ARGV[4])
return 1
"""


class CacheEntry(NamedTuple):
    """What the cache says of a user in one round trip."""

    list: CachedList | None
    newest_revision: int | None
    """Of the user's ratings; a list of a lower one is outdated. None if there are none in Redis."""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(tuple[list[int], list[int]])


def list_key(prefix: str, user_id: int, slot: int) -> str:
    """A few slots a user, by the model's number: a new version fills a slot that nobody reads
    while the active one stays."""
    return f"{prefix}recs:{{{user_id}}}:{slot}"


def revision_key(prefix: str, user_id: int) -> str:
    """The sequence number of the user's newest word: lists of a lower revision are outdated."""
    return f"{prefix}rated:{{{user_id}}}"


@asynccontextmanager
async def redis_errors() -> AsyncIterator[None]:
    """Raises `Unavailable` for what redis-py raises."""
    try:
        yield
    except (RedisError, OSError, TimeoutError) as error:
        raise Unavailable("Redis", error) from error


class RedisRecommendationStore:
    """The newest lists of each user, of a few versions of the model."""

    def __init__(
        self, url: str, *, ttl_seconds: int, prefix: str = "", timeout_seconds: float = 2.0
    ) -> None:
        self._redis = aioredis.Redis.from_url(
            url, socket_timeout=timeout_seconds, socket_connect_timeout=timeout_seconds
        )
        self._put = self._redis.register_script(_PUT)
        self._ttl = ttl_seconds
        self._prefix = prefix

    async def close(self) -> None:
        await self._redis.aclose()

    async def ping(self) -> None:
        async with redis_errors():
            await self._redis.ping()

    async def put_many(self, lists: Sequence[tuple[int, Recommendations]]) -> None:
        """Stores (slot, list) pairs in one round trip, unless a list of the same version and a
        higher revision is there."""
        async with redis_errors(), self._redis.pipeline(transaction=False) as pipeline:
            for slot, recommendations in lists:
                value = _encode(recommendations)
                await self._put(
                    keys=[list_key(self._prefix, recommendations.userId, slot)],
                    args=[
                        recommendations.modelVersion,
                        recommendations.revision,
                        value,
                        self._ttl,
                    ],
                    client=pipeline,
                )
            await pipeline.execute()

    async def get(self, user_id: int, slot: int) -> CacheEntry:
        async with redis_errors():
            held, newest = await self._redis.mget(
                list_key(self._prefix, user_id, slot), revision_key(self._prefix, user_id)
            )
        return CacheEntry(
            _decode(held) if isinstance(held, bytes) else None,
            int(newest) if newest is not None else None,
        )


def _encode(recommendations: Recommendations) -> bytes:
    cached = to_cached(recommendations.modelVersion, recommendations.items)
    header = f"{recommendations.modelVersion} {recommendations.revision} "
    return header.encode() + _encoder.encode((cached.movie_ids, cached.centistars))


def _decode(value: bytes) -> CachedList | None:
    """The list; None if it is written as an older release did."""
    try:
        version, revision, arrays = value.split(b" ", 2)
        movie_ids, centistars = _decoder.decode(arrays)
        return CachedList(version.decode(), movie_ids, centistars, int(revision))
    except (ValueError, msgspec.MsgspecError):
        return None
