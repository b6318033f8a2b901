"""What is committed when batches are acknowledged, by Faust's own consumer without a broker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import faust
import pytest
from faust.types import TP

from agents.whole_batches import Batches, batch_options, take_whole_batches
from recsys_app.models import Record

WHERE = TP("ratings", 0)


class Fetched(Record):
    timestamp_type = 1


def batch(first: int, last: int, *, missing: tuple[int, ...] = ()) -> list[Fetched]:
    return [Fetched(n, 0, b"1", b"{}") for n in range(first, last + 1) if n not in missing]


@pytest.fixture
async def consumer(tmp_path: Path) -> AsyncIterator[Any]:
    app = faust.App("batches", datadir=str(tmp_path), **batch_options(4))
    take_whole_batches(app)
    app.topics._acking_topics.add("ratings")  # type: ignore[attr-defined]
    yield app.consumer
    for thread in (app.consumer._thread, app.producer.threaded_producer):
        if thread is not None:
            thread.thread_loop.close()  # made with it, although it was never started


def deliver(consumer: Any, records: list[Fetched]) -> Any:
    """As `Consumer._drain_messages` does."""
    ((tp, whole),) = consumer.scheduler.iterate({WHERE: records, TP("ratings", 1): []})
    message = consumer._to_message(tp, whole)
    message.incref()
    consumer._read_offset[tp] = message.offset
    return message


def commit(consumer: Any) -> int | None:
    offsets = consumer._filter_committable_offsets([WHERE])
    consumer._committed_offset.update(offsets)
    offset: int | None = offsets.get(WHERE)
    return offset


async def test_a_batch_is_one_message_and_one_acknowledgement(consumer: Any) -> None:
    message = deliver(consumer, batch(0, 99))
    assert [record.offset for record in message.value] == list(range(100))
    assert commit(consumer) is None
    message.ack(consumer)
    assert commit(consumer) == 100
    assert commit(consumer) is None


async def test_nothing_is_committed_past_a_batch_that_is_not_acknowledged(consumer: Any) -> None:
    consumer._committed_offset[WHERE] = consumer._read_offset[WHERE] = 40
    first, second, third = (
        deliver(consumer, batch(40, 49)),
        deliver(consumer, batch(50, 59)),
        deliver(consumer, batch(60, 69)),
    )
    second.ack(consumer)
    assert commit(consumer) is None
    first.ack(consumer)
    assert commit(consumer) == 60
    third.ack(consumer)
    assert commit(consumer) == 70


async def test_offsets_that_kafka_does_not_hold_do_not_stop_commits(consumer: Any) -> None:
    consumer._committed_offset[WHERE] = consumer._read_offset[WHERE] = 10
    for records, committed in (
        (batch(17, 30, missing=(18, 19)), 31),
        (batch(40, 41), 42),
        (batch(43, 43), 44),
    ):
        deliver(consumer, records).ack(consumer)
        assert commit(consumer) == committed


async def test_an_acknowledgement_from_before_a_rebalance_commits_nothing(consumer: Any) -> None:
    consumer._committed_offset[WHERE] = consumer._read_offset[WHERE] = 0
    before = deliver(consumer, batch(0, 99))
    await consumer.on_partitions_revoked({WHERE})
    consumer._committed_offset[WHERE] = consumer._read_offset[WHERE] = 0
    again = deliver(consumer, batch(0, 49))
    before.ack(consumer)
    assert commit(consumer) is None
    again.ack(consumer)
    assert commit(consumer) == 50


async def test_batches_come_at_a_pace_and_the_first_at_once(consumer: Any) -> None:
    consumer._thread = Fetching(consumer._thread.thread_loop)
    for number, pace in enumerate((0.0, 1000.0), 1):
        consumer.pace_seconds = pace
        assert await consumer._getmany(None, 1.0) == {WHERE: [number]}
    assert await turns(consumer._getmany(None, 1.0)) is None
    consumer._next_batch = 0.0  # the pace is over
    assert await turns(consumer._getmany(None, 1.0)) == {WHERE: [3]}


async def turns(coroutine: Any) -> Any:
    """What it returns if it waits for nothing; None if it waits."""
    task = asyncio.ensure_future(coroutine)
    for _ in range(100):
        await asyncio.sleep(0)
    if task.done():
        return task.result()
    task.cancel()
    return None


class Fetching:
    """In the place of Faust's thread: always has a batch."""

    def __init__(self, thread_loop: Any) -> None:
        self.thread_loop = thread_loop
        self._fetched = 0

    async def getmany(self, active: object, timeout: float) -> dict[TP, list[int]]:
        self._fetched += 1
        return {WHERE: [self._fetched]}


def test_nothing_is_decoded() -> None:
    records = batch(0, 1)

    class Message:
        key, value = b"\xff", records

    assert Batches().loads_value(None, Message) is records  # type: ignore[arg-type]
    assert Batches().loads_key(None, Message) is None  # type: ignore[arg-type, func-returns-value]
