"""Tells waiting readers that a user's recommendations have changed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from typing import Protocol

from recsys_app.errors import Unavailable

log = logging.getLogger(__name__)


class FingerprintReader(Protocol):
    async def fingerprints(self, user_ids: Sequence[int], slot: int) -> list[int]: ...


class TooManyWatchers(Unavailable):
    """So many readers wait already that one more is refused."""


class ChangeWatch:
    """One look at Redis for all watchers together, a few times a second, and none without them.

    The list may be written by another worker, so that a look at what Redis holds is the only sign
    that cannot be missed: a published message is lost on whoever reconnects.
    """

    def __init__(
        self,
        reader: FingerprintReader,
        *,
        slot: Callable[[], int],
        period_seconds: float = 0.15,
        max_watchers: int = 1000,
    ) -> None:
        self._reader = reader
        self._slot = slot
        self._period = period_seconds
        self._max = max_watchers
        self._watchers: dict[asyncio.Queue[bool], int] = {}
        self._looking: asyncio.Task[None] | None = None

    async def close(self) -> None:
        """Ends every watcher's changes, so that nothing waits for readers who stay."""
        for queue in self._watchers:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(False)
        if self._looking is not None:
            self._looking.cancel()
            with suppress(asyncio.CancelledError):
                await self._looking

    async def changes(self, user_id: int, *, quiet_seconds: float) -> AsyncGenerator[bool, None]:
        """True at each change of what the user is recommended, False after a quiet time without,
        until the watch is closed.

        Raises:
            TooManyWatchers: try again later.
        """
        if len(self._watchers) >= self._max:
            raise TooManyWatchers("the event stream", f"{self._max} readers watch already")
        queue: asyncio.Queue[bool] = asyncio.Queue(1)
        self._watchers[queue] = user_id
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            while True:
                try:
                    async with asyncio.timeout(quiet_seconds):
                        goes_on = await queue.get()
                except TimeoutError:
                    yield False
                else:
                    if not goes_on:
                        return
                    yield True
        finally:
            del self._watchers[queue]

    async def _look(self) -> None:
        seen: dict[int, int] = {}
        while self._watchers:
            user_ids = sorted(set(self._watchers.values()))
            try:
                found = await self._reader.fingerprints(user_ids, self._slot())
            except Unavailable as error:
                log.warning("watchers see no changes: %s", error)
                await asyncio.sleep(1)
                continue
            now = dict(zip(user_ids, found, strict=True))
            changed = {user for user in now if user in seen and seen[user] != now[user]}
            seen = now
            for queue, user_id in self._watchers.items():
                if user_id in changed and queue.empty():
                    queue.put_nowait(True)
            await asyncio.sleep(self._period)
