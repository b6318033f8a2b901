"""How many requests a caller may still send, counted in Redis for all processes together."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Protocol

from recsys_app.errors import Unavailable

log = logging.getLogger(__name__)

_MOST_CALLERS = 100_000
"""Remembered in one window; all further ones are counted as if they were one."""


class CounterStore(Protocol):
    async def add(self, counts: Mapping[str, int], *, seconds: int) -> dict[str, int]: ...


class RateLimiter:
    """Counts requests in fixed windows.

    A request is decided on with what this process knows, and costs no round trip. What it counted
    goes to Redis a few times a second, which answers with the totals of all processes: a caller
    gets past the limit by at most what arrives in between. While Redis is away, each process
    still enforces the limit by its own count.
    """

    def __init__(
        self,
        counters: CounterStore,
        *,
        window_seconds: int = 10,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._counters = counters
        self._seconds = window_seconds
        self._clock = clock
        self._window = -1
        self._totals: dict[str, int] = {}
        self._unsent: dict[str, int] = {}

    def hit(self, caller: str, per_second: float) -> float | None:
        """Counts a request; None if it may pass, else the seconds until trying again helps.

        Args:
            caller: who sends it, such as `key:shop`.
            per_second: how many may come on average over a window; 0 for any number.
        """
        if not per_second:
            return None
        now = self._clock()
        self._turn(now)
        if caller not in self._totals and len(self._totals) >= _MOST_CALLERS:
            caller = "others"
        total = self._totals.get(caller, 0)
        if total >= per_second * self._seconds:
            return self._seconds - now % self._seconds
        self._totals[caller] = total + 1
        self._unsent[caller] = self._unsent.get(caller, 0) + 1
        return None

    async def exchange(self) -> None:
        """Tells Redis what was counted here, and learns what the other processes counted."""
        self._turn(self._clock())
        if not self._unsent:
            return
        sent, self._unsent = self._unsent, {}
        window = self._window
        keys = {f"limit:{window}:{caller}": count for caller, count in sent.items()}
        try:
            totals = await self._counters.add(keys, seconds=2 * self._seconds)
        except Unavailable as error:
            log.warning("each process limits requests by its own count: %s", error)
            return
        if window != self._window:
            return
        for caller in sent:
            total = totals[f"limit:{window}:{caller}"]
            self._totals[caller] = total + self._unsent.get(caller, 0)

    def _turn(self, now: float) -> None:
        window = int(now // self._seconds)
        if window != self._window:
            self._window = window
            self._totals, self._unsent = {}, {}
