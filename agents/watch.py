"""Looks at the backlog from time to time, and ends the process when it has silently stopped."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable

import faust

from recsys_app.errors import RecsysError, Unavailable
from recsys_app.services.watchdog import Stalled, Watchdog

log = logging.getLogger(__name__)


def register(
    app: faust.App,
    *,
    watchdog: Watchdog,
    topic: str,
    interval_seconds: float,
    end_process: Callable[[int], object] = os._exit,
) -> None:
    @app.task  # type: ignore[untyped-decorator]  # Faust's
    async def watch() -> None:
        while not app.should_stop:
            await asyncio.sleep(interval_seconds)
            try:
                assigned = {tp.partition for tp in app.consumer.assignment() if tp.topic == topic}
                await watchdog.look(assigned)
            except Unavailable as error:
                log.warning("the backlog was not measured: %s", error)
            except Stalled as error:
                log.critical("%s", error)
                logging.shutdown()
                end_process(1)  # what has stopped may not be able to stop in order
            except RecsysError as error:
                log.warning("%s", error)
