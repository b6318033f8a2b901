"""Ratings from their topic to new lists for those who rate.

A consumer group of its own beside Faust's: the archive's agent acknowledges a rating when HDFS has
it, and while HDFS is away its full buffer holds the whole of Faust's consumer back.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from itertools import chain
from typing import Any, Protocol

import stamina
from mode import Service

from agents.batches import Trace
from recsys_app.errors import Unavailable
from recsys_app.models import Message
from recsys_app.services.fold_in_service import FoldInService

RATINGS_AT_ONCE = 5000
PACE_SECONDS = 0.02
"""From one take to the next. A take costs more than a rating: under load many share one, while a
rating that comes alone waits for nothing."""


class GroupReader(Protocol):
    async def start(self) -> None: ...
    async def close(self) -> None: ...
    def unplaced(self) -> set[int]: ...
    def place(self, partition: int, offset: int) -> None: ...
    def displace(self, partitions: set[int]) -> None: ...
    async def take(self, limit: int) -> Mapping[int, Sequence[Message]]: ...


class FoldInAgent(Service):
    """Takes all the ratings that wait at a time. An exception is a bug and ends the worker."""

    def __init__(
        self,
        *,
        reader: GroupReader,
        fold_in: FoldInService,
        trace: Trace = lambda records: nullcontext(),
        pace_seconds: float = PACE_SECONDS,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._trace = trace
        self._reader = reader
        self._fold_in = fold_in
        self._pace_seconds = pace_seconds

    @Service.task
    async def _follow_ratings(self) -> None:
        try:
            async for attempt in _until_available():
                with attempt:
                    await self._reader.start()
            while not self.should_stop:
                await self._take_up_ratings()
        finally:  # not in on_stop, which runs while this still reads
            await self._reader.close()

    async def _take_up_ratings(self) -> None:
        for partition in self._reader.unplaced():
            self._reader.place(partition, await self._fold_in.first_offset(partition))
        async for attempt in _until_available():
            with attempt:
                records = await self._reader.take(RATINGS_AT_ONCE)
        next_take = time.monotonic() + self._pace_seconds
        with self._trace(list(chain.from_iterable(records.values()))):
            lost = await self._fold_in.consume_ratings(records)
        self._reader.displace(lost)
        await self.sleep(next_take - time.monotonic())


def _until_available() -> Any:
    return stamina.retry_context(
        on=Unavailable, attempts=None, timeout=None, wait_initial=0.2, wait_max=5.0
    )
