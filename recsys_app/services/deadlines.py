"""Deadlines of many who may all wait equally long."""

from __future__ import annotations

import asyncio
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
        loop = asyncio.get_running_loop()
        self._due[waiting] = due = loop.time() + self._seconds
        if self._timer is None:
            self._timer = loop.call_at(due, self._look)

    def take_off(self, waiting: T) -> None:
        self._due.pop(waiting, None)

    def _look(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        now = loop.time()
        while self._due:
            waiting, due = next(iter(self._due.items()))
            if due > now:
                self._timer = loop.call_at(due, self._look)
                return
            del self._due[waiting]
            self._expire(waiting)
