"""Recommendations from their topic to the cache."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec
import stamina

from recsys_app.errors import BadDataError, Unavailable
from recsys_app.models import Message, Recommendations, recommendations_decoder
from recsys_app.services.dead_letters import DeadLetters, Rejected
from recsys_app.services.model_version import slot_of


class RecommendationCache(Protocol):
    async def put_many(self, lists: Sequence[tuple[int, Recommendations]]) -> None: ...


class RecommendationConsumerService:
    """Puts every list of the topic into the cache."""

    def __init__(
        self,
        *,
        cache: RecommendationCache,
        dead_letters: DeadLetters,
        on_visible: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        """`on_visible` is told how many seconds a rating took to a list that follows it."""
        self._cache = cache
        self._dead_letters = dead_letters
        self._on_visible = on_visible

    async def consume_recommendations(self, partition: int, records: Sequence[Message]) -> None:
        """Returns once every list is in the cache, or is a dead letter; outages are waited out."""
        lists, rejected = [], []
        for record in records:
            if record.value is None:
                continue  # a tombstone: whoever erases the user clears the cache after this
            try:
                lists.append(_to_list(record))
            except (msgspec.MsgspecError, BadDataError, UnicodeDecodeError) as error:
                rejected.append(Rejected(record, str(error)))
        async for attempt in stamina.retry_context(
            on=Unavailable, attempts=None, timeout=None, wait_initial=0.2, wait_max=5.0
        ):
            with attempt:
                await self._dead_letters.send(partition, rejected)
                rejected = []
                if lists:
                    await self._cache.put_many(lists)
        for _, recommendations in lists:
            if recommendations.ratedAt:
                self._on_visible(max(0.0, time.time() - recommendations.ratedAt / 1000))


def _to_list(record: Message) -> tuple[int, Recommendations]:
    recommendations = recommendations_decoder.decode(record.value or b"")
    return slot_of(recommendations.modelVersion), recommendations
