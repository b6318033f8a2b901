"""Deadlines of many who may all wait equally long."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Deadlines(Generic[T]):
    """One timer for all: `asyncio.timeout` makes one for each, and costs as much as a request's
    parsing."""

    def __init__(self, seconds: float, expire: Callable[[T], None]) -> None:
        """`expire` is called with each that is not taken off within so many seconds."""
        self._seconds = seconds
        self._expire = expire
        self._due: dict[T, float] = {}
        """Oldest first, since all may wait equally long."""
        self._timer: asyncio.TimerHandle | None = None

    def add(self, waiting: T) -> None:
        self._due[waiting] = time.monotonic() + self._seconds
        if self._timer is None:
            self._look_in(self._seconds)

    def take_off(self, waiting: T) -> None:
        self._due.pop(waiting, None)

    def _look_in(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._look)

    def _look(self) -> None:
        self._timer = None
        now = time.monotonic()
        while self._due:
            waiting, due = next(iter(self._due.items()))
            if due > now:
                self._look_in(due - now)
                return
            del self._due[waiting]
            self._expire(waiting)
