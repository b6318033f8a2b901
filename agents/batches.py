"""Batches of raw messages, acknowledged by hand."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import faust
from faust.types import EventT
from structlog.contextvars import bound_contextvars

from recsys_app.errors import RecsysError
from recsys_app.failpoints import Reach, nothing
from recsys_app.models import Message

log = logging.getLogger(__name__)

Consume = Callable[[int, Sequence[Message]], Awaitable[None]]
"""Takes a partition's messages and returns once they are durable."""

Trace = Callable[[Sequence[Message]], AbstractContextManager[None]]
"""Opens a span for each of the messages that brings a trace."""


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

    Args:
        stream: Of an app that takes whole batches; each partition has one batch at a time.
        rows: So many messages are enough,
        seconds: and so long is waited for more after the first one.
    """

    async def consume_partition(partition: int, messages: Sequence[Any]) -> None:
        with (
            trace(messages),
            bound_contextvars(
                topic=messages[0].topic,
                partition=partition,
                offsets=f"{messages[0].offset}-{messages[-1].offset}",
            ),
        ):
            await consume(partition, messages)

    async for events in _gathered(stream, rows, seconds):
        reach("fetched")
        try:
            await asyncio.gather(
                *(consume_partition(*batch) for batch in _by_partition(events).items())
            )
        except Exception as error:
            bug = not isinstance(error, RecsysError)
            log.critical("%s: %s The worker ends.", type(error).__name__, error, exc_info=bug)
            await app.crash(error)
            await asyncio.Event().wait()  # the crash cancels this agent
        for event in events:
            event.ack()
        reach("acknowledged")


async def _gathered(stream: Any, rows: int, seconds: float) -> AsyncIterator[list[EventT[Any]]]:
    stream.enable_acks = False
    source = stream.events()
    loop = asyncio.get_running_loop()
    # Asked for before it is needed and never cancelled: an event that comes is not lost.
    coming = asyncio.ensure_future(anext(source))
    try:
        while True:
            events: list[EventT[Any]] = []
            taken, patience = 0, None
            while taken < rows:
                if not (await asyncio.wait([coming], timeout=patience))[0]:
                    break
                events.append(coming.result())
                taken += len(events[-1].value)
                coming = asyncio.ensure_future(anext(source))
                if len(events) == 1:
                    end = loop.time() + seconds
                patience = max(0.0, end - loop.time())
            yield events
    except StopAsyncIteration:
        return
    finally:
        coming.cancel()


def _by_partition(events: Sequence[EventT[Any]]) -> dict[int, list[Any]]:
    batches: dict[int, list[Any]] = {}
    for event in events:
        batches.setdefault(event.message.partition, []).extend(event.value)
    return batches
