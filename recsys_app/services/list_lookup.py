"""A user's list by a version of the model, wherever it is."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable
from typing import Protocol

import msgspec

from recsys_app.errors import Unavailable
from recsys_app.models import FIFTIETHS, CachedList, Recommendations, ScoredMovie, to_cached
from recsys_app.services.dead_letters import MessageSender
from recsys_app.services.model_version import NO_MODEL, slot_of
from recsys_app.services.serving_model import ServedModel, ServingModel
from recsys_app.stores.redis import CacheEntry
from recsys_app.stores.redis_ratings import UserRatings
from recsys_app.waiter import Waiter

log = logging.getLogger(__name__)

_STRANGERS_REMEMBERED = 100_000
_REFILLS_AT_ONCE = 100


class ListCache(Protocol):
    def get(self, user_id: int, slot: int) -> Awaitable[CacheEntry]: ...
    def ask(self, user_id: int, slot: int, waiter: Waiter[CacheEntry]) -> None: ...
    @property
    def is_answering(self) -> bool: ...


class RatingStore(Protocol):
    async def of_user(self, user_id: int) -> UserRatings: ...


class ListStore(Protocol):
    async def list_of(self, version: str, user_id: int) -> CachedList | None: ...


class ListLookup:
    """Finds lists in the cache.

    One that the cache lacks, has of another version, or has from before the user's newest rating,
    is folded in anew, or comes from MongoDB; it is sent to the topic, which is the only way into
    the cache.
    """

    def __init__(
        self,
        *,
        cache: ListCache,
        ratings: RatingStore,
        lists: ListStore,
        messages: MessageSender,
        topic: str,
    ) -> None:
        self._cache = cache
        self._ratings = ratings
        self._lists = lists
        self._messages = messages
        self._topic = topic
        self._strangers: OrderedDict[tuple[str, int], None] = OrderedDict()
        self._refills: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Waits for what is being sent to the cache."""
        await asyncio.gather(*self._refills)

    async def find(self, served: ServedModel, user_id: int) -> CachedList | None:
        """The user's list; None if the version does not know the user.

        Raises:
            Unavailable: neither the cache nor MongoDB answers.
        """
        version = served.version
        if version == NO_MODEL:
            return None
        try:
            entry = await self._cache.get(user_id, slot_of(version))
        except Unavailable as error:
            log.warning("%s", error)
            entry = CacheEntry(None, None)
        cached = up_to_date(served, entry)
        if cached is not None:
            return cached
        newest = entry.newest_revision
        if newest is not None and served.model is not None:
            return await self._fold_in(served.model, user_id)
        return await self._stored(version, user_id)

    def ask(self, served: ServedModel, user_id: int, waiter: Waiter[CacheEntry]) -> bool:
        """Has the waiter hear what the cache holds; False if there is nothing to hear."""
        version = served.version
        if version == NO_MODEL or not self._cache.is_answering:
            return False
        self._cache.ask(user_id, slot_of(version), waiter)
        return True

    async def _fold_in(self, model: ServingModel, user_id: int) -> CachedList:
        rated = await self._ratings.of_user(user_id)
        user = (user_id, rated.stars, rated.revision)
        (recommendations,) = await asyncio.to_thread(model.recommend, [user])
        self._refill(recommendations)
        return to_cached(model.version, recommendations.items, recommendations.revision)

    async def _stored(self, version: str, user_id: int) -> CachedList | None:
        if (version, user_id) in self._strangers:
            return None
        found = await self._lists.list_of(version, user_id)
        if found is None:
            self._remember_stranger(version, user_id)
            return None
        items = [
            ScoredMovie(movie_id, stars / FIFTIETHS)
            for movie_id, stars in zip(found.movie_ids, found.fiftieths, strict=True)
        ]
        self._refill(Recommendations(user_id, version, items, found.revision))
        return found

    def _remember_stranger(self, version: str, user_id: int) -> None:
        self._strangers[version, user_id] = None
        if len(self._strangers) > _STRANGERS_REMEMBERED:
            self._strangers.popitem(last=False)

    def _refill(self, recommendations: Recommendations) -> None:
        """Sends the list to the cache's topic, without making the reader wait for Kafka."""
        if len(self._refills) < _REFILLS_AT_ONCE:
            task = asyncio.create_task(self._send(recommendations))
            self._refills.add(task)
            task.add_done_callback(self._refills.discard)

    async def _send(self, recommendations: Recommendations) -> None:
        try:
            await self._messages.send(
                self._topic, b"%d" % recommendations.userId, msgspec.json.encode(recommendations)
            )
        except Unavailable as error:
            log.warning("the cache stays without user %d: %s", recommendations.userId, error)


def up_to_date(served: ServedModel, entry: CacheEntry) -> CachedList | None:
    """The list that the cache holds, unless it is of another version or could be folded in anew."""
    cached, newest = entry
    if cached is None or cached.model_version != served.version:
        return None
    is_outdated = newest is not None and cached.revision < newest
    return None if is_outdated and served.model is not None else cached
