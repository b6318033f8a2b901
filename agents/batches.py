"""Batches of raw messages, acknowledged by hand."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, cast

import faust
from faust.types import EventT
from structlog.contextvars import bound_contextvars

from recsys_app.errors import RecsysError
from recsys_app.failpoints import Reach, nothing
from recsys_app.models import Headers, Record

log = logging.getLogger(__name__)

Consume = Callable[[int, Sequence[Record]], Awaitable[None]]
"""Takes a partition's records and returns once they are durable."""

Trace = Callable[[Sequence[Record]], AbstractContextManager[None]]
"""Opens a span for each of the records that brings a trace."""


async def consume_batches(
    app: faust.App,
    stream: Any,
    consume: Consume,
    *,
    rows: int,
    seconds: float,
    reach: Reach = nothing,
    trace: Trace = lambda records: nullcontext(),
) -> None:
    """Hands batches to `consume` and acknowledges each after it has returned, never before.

    An exception is a bug: it ends the worker, since Faust would go on and acknowledge what was
    not processed (https://github.com/faust-streaming/faust/issues/640).
    """
    async for events in stream.noack_take(rows, seconds):
        reach("fetched")
        try:
            for partition, batch in _by_partition(events).items():
                records = [_record(event) for event in batch]
                with (
                    trace(records),
                    bound_contextvars(
                        topic=batch[0].message.topic,
                        partition=partition,
                        offsets=f"{records[0].offset}-{records[-1].offset}",
                    ),
                ):
                    await consume(partition, records)
        except Exception as error:
            bug = not isinstance(error, RecsysError)
            log.critical("%s: %s The worker ends.", type(error).__name__, error, exc_info=bug)
            await app.crash(error)
            await asyncio.Event().wait()  # the crash cancels this agent
        for event in events:
            event.ack()
        reach("acknowledged")


def _by_partition(events: Sequence[EventT[Any]]) -> dict[int, list[EventT[Any]]]:
    batches: dict[int, list[EventT[Any]]] = {}
    for event in events:
        batches.setdefault(event.message.partition, []).append(event)
    return batches


def _record(event: EventT[Any]) -> Record:
    message = event.message
    # Faust gives the time in seconds.
    milliseconds = round(message.timestamp * 1000)
    headers = cast(Headers, list(message.headers or ()))  # raw ones, whatever Faust calls them
    return Record(message.offset, milliseconds, message.key, message.value, headers)
