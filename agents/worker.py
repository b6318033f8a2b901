"""Faust's worker, which ends in time when it is asked to."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable

import faust

log = logging.getLogger(__name__)

END_SECONDS = 8.0
"""Platforms kill after 10 s or more. What is left undone is what a kill would leave undone: the
ratings are with Kafka, and another worker goes on."""


class Worker(faust.Worker):
    """Ends by force what did not end in its own good order, such as a server that hangs."""

    end_seconds = END_SECONDS
    end_process: Callable[[int], object] = staticmethod(os._exit)

    async def stop(self) -> None:
        timer = threading.Timer(self.end_seconds, self._end_by_force)
        timer.daemon = True
        timer.start()
        await super().stop()
        # Not cancelled: an interpreter that ends may wait for a thread as well.

    def _end_by_force(self) -> None:
        log.warning(
            "The worker did not stop within %g s. It ends as it is; what it was at is taken up "
            "again from Kafka.",
            self.end_seconds,
        )
        self.end_process(1 if self.crashed else 0)
