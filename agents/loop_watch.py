"""Ends the process when its event loop stands still: no task in it could notice."""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import os
import sys
import threading
import time
from collections.abc import Callable

import faust

log = logging.getLogger(__name__)


class LoopWatch:
    """A thread that expects a beat from the event loop every few seconds."""

    def __init__(
        self, *, bound_seconds: float, end_process: Callable[[int], object] = os._exit
    ) -> None:
        self._bound = bound_seconds
        self._end_process = end_process
        self._beat = 0.0

    def start(self) -> None:
        self.beat()
        threading.Thread(target=self._watch, name="loop-watch", daemon=True).start()

    def beat(self) -> None:
        self._beat = time.monotonic()

    def _watch(self) -> None:
        looked = time.monotonic()
        while True:
            time.sleep(self._bound / 10)
            now = time.monotonic()
            if now - looked > self._bound / 2:
                self.beat()  # the whole process was stopped
            looked = now
            if now - self._beat > self._bound:
                faulthandler.dump_traceback(sys.stderr)  # where it stands
                log.critical(
                    "The event loop has stood still for %.0f s. The process ends, so that a new "
                    "one takes over.",
                    now - self._beat,
                )
                self._end_process(1)


def register(app: faust.App, *, watch: LoopWatch, beat_seconds: float = 1.0) -> None:
    @app.task  # type: ignore[untyped-decorator]  # Faust's
    async def beat() -> None:
        watch.start()
        while not app.should_stop:
            watch.beat()
            await asyncio.sleep(beat_seconds)
