"""The cache of recommendations in Redis."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from recsys_app.models import CachedList, Recommendations, to_cached
from recsys_app.stores.packed_list import pack, unpack
from recsys_app.stores.redis_connection import (
    Argument,
    ManyReader,
    Script,
    connect,
    is_cluster,
    redis_errors,
)
from recsys_app.waiter import Waiter, tell, tell_error

_PUT = """
for i, key in ipairs(KEYS) do
  local version, revision, list = ARGV[3 * i - 1], ARGV[3 * i], ARGV[3 * i + 1]
  local held = redis.call('GETRANGE', key, 0, 40)
  local held_version, held_revision = string.match(held, '^(%w+) (%d+) ')
  if held_version ~= version or tonumber(held_revision) <= tonumber(revision) then
    redis.call('SET', key, list, 'EX', ARGV[1])
  end
end
"""

_LISTS_AT_ONCE = 100
"""In one call of the script: what redis-py does for a call costs more than a list."""

_MOST_AT_ONCE = 512
"""Users whose lists one MGET reads: a long one would keep Redis from everybody else."""


class CacheEntry(NamedTuple):
    """What the cache says of a user in one round trip."""

    list: CachedList | None
    newest_revision: int | None
    """Of the user's ratings; a list of a lower one is outdated. None if there are none in Redis."""


def list_key(prefix: str, user_id: int, slot: int) -> str:
    """A few slots a user, by the model's number: a new version fills a slot that nobody reads
    while the active one stays."""
    return f"{prefix}recs:{{{user_id}}}:{slot}"


def revision_key(prefix: str, user_id: int) -> str:
    """The sequence number of the user's newest word: lists of a lower revision are outdated."""
    return f"{prefix}rated:{{{user_id}}}"


class RedisRecommendationStore:
    """The newest lists of each user, of a few versions of the model."""

    def __init__(
        self, url: str, *, ttl_seconds: int, prefix: str = "", timeout_seconds: float = 2.0
    ) -> None:
        self._redis = connect(url, timeout_seconds=timeout_seconds)
        self._put = Script(self._redis, _PUT)
        self._lists = ManyReader(self._redis)
        self._ttl = ttl_seconds
        self._prefix = prefix
        self._waiting: list[tuple[str, str, Waiter[CacheEntry]]] = []
        self._reading: asyncio.Task[None] | None = None
        self.is_answering = True
        """Whether Redis answered when it was last asked."""

    async def close(self) -> None:
        await self._redis.aclose()

    async def ping(self) -> None:
        async with redis_errors():
            await self._redis.ping()

    async def put_many(self, lists: Sequence[tuple[int, Recommendations]]) -> None:
        """Stores (slot, list) pairs in one round trip, unless a list of the same version and a
        higher revision is there."""
        # The keys of one call have to be in one slot of a cluster.
        at_once = 1 if is_cluster(self._redis) else _LISTS_AT_ONCE
        async with redis_errors(), self._redis.pipeline(transaction=False) as pipeline:
            for start in range(0, len(lists), at_once):
                block = lists[start : start + at_once]
                arguments: list[Argument] = [self._ttl]
                for _, each in block:
                    packed = pack(to_cached(each.modelVersion, each.items, each.revision))
                    arguments += (each.modelVersion, each.revision, packed)
                keys = [list_key(self._prefix, each.userId, slot) for slot, each in block]
                await self._put.queue(pipeline, keys=keys, arguments=arguments)
            await pipeline.execute()

    def get(self, user_id: int, slot: int) -> asyncio.Future[CacheEntry]:
        """The user's entry."""
        found: asyncio.Future[CacheEntry] = asyncio.get_running_loop().create_future()
        self.ask(user_id, slot, found)
        return found

    def ask(self, user_id: int, slot: int, waiter: Waiter[CacheEntry]) -> None:
        """As `get`, for a waiter that may be no future.

        Those that are asked for in one turn of the event loop, or while Redis works on those asked
        for before, are read by one MGET.
        """
        keys = (list_key(self._prefix, user_id, slot), revision_key(self._prefix, user_id))
        self._waiting.append((*keys, waiter))
        if self._reading is None:
            self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        while self._waiting:
            asked, self._waiting = self._waiting[:_MOST_AT_ONCE], self._waiting[_MOST_AT_ONCE:]
            keys = [key for *both, _ in asked for key in both]
            try:
                async with redis_errors():
                    values = await self._lists.read(keys)
            except Exception as error:  # whoever waits learns it now, and none waits for ever
                self.is_answering = False
                asked += self._waiting
                self._waiting = []
                for *_, found in asked:
                    tell_error(found, error)
                break
            self.is_answering = True
            for (*_, found), held, newest in zip(asked, values[::2], values[1::2], strict=True):
                try:
                    entry = _entry(held, newest)
                except ValueError as error:  # of this user only
                    tell_error(found, error)
                else:
                    tell(found, entry)
        self._reading = None


def _entry(held: bytes | None, newest: bytes | None) -> CacheEntry:
    return CacheEntry(
        None if held is None else unpack(held), None if newest is None else int(newest)
    )
