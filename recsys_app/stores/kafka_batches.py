"""Group commit: messages that come together share one acknowledgement of Kafka."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from aiokafka.partitioner import murmur2

from recsys_app.errors import Unavailable
from recsys_app.models import Headers
from recsys_app.waiter import Waiter, tell, tell_error

KAFKA_ERRORS = (KafkaError, OSError, TimeoutError)


class Position(NamedTuple):
    """Where Kafka has put a message."""

    partition: int
    offset: int


Message = tuple[bytes | None, bytes | None, Headers]
"""Key, value and headers."""


class GroupCommit:
    """Sends messages in batches, with at most one request to each broker on its way.

    What comes in one turn of the event loop, or while the request before is on its way, goes in
    one request: nobody waits for company, and the busier it is, the more share an acknowledgement.
    """

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer
        self._lanes: dict[tuple[str, int], _Lane] = {}
        self._leaders: dict[int | None, _Leader] = {}

    async def send(self, topic: str, message: Message) -> Position:
        """Where the message is, once all in-sync replicas have it.

        Raises:
            KafkaError: there is no such topic, or the message is too large.
            Unavailable: Kafka did not confirm it; it may still arrive.
        """
        count = len(await self._producer.partitions_for(topic))
        waiter: asyncio.Future[Position] = asyncio.get_running_loop().create_future()
        self._add_for(waiter, topic, message, count)
        return await waiter

    def put(self, topic: str, message: Message, waiter: Waiter[Position]) -> bool:
        """As `send`, for a waiter that is no future; False if the partitions have to be asked for
        first."""
        partitions = self._producer.client.cluster.partitions_for_topic(topic)
        if not partitions:
            return False
        self._add_for(waiter, topic, message, len(partitions))
        return True

    async def send_many(self, topic: str, messages: Sequence[Message]) -> list[Position]:
        """Where each message is, once all in-sync replicas have all of them; in their order.

        Raises:
            KafkaError: Kafka did not confirm one; any of them may still arrive.
        """
        count = len(await self._producer.partitions_for(topic))
        placed = [self._add(topic, message, count) for message in messages]
        for batch in dict.fromkeys(batch for batch, _ in placed):
            await asyncio.shield(batch.done)
        return [Position(batch.partition, batch.base_offset + index) for batch, index in placed]

    async def close(self) -> None:
        """Waits for what is on its way, after the producer was stopped."""
        await asyncio.gather(*(each.sending for each in self._leaders.values() if each.sending))

    def _add_for(self, waiter: Waiter[Position], topic: str, message: Message, count: int) -> None:
        batch, index = self._add(topic, message, count)
        batch.waiters.append((index, waiter))

    def _add(self, topic: str, message: Message, count: int) -> tuple[_Batch, int]:
        key = message[0]
        partition = random.randrange(count) if key is None else _hash(key) % count  # noqa: S311
        lane = self._lanes.get((topic, partition))
        if lane is None:
            lane = self._lanes[topic, partition] = _Lane(self._producer, topic, partition)
        placed = lane.add(message)
        if lane.is_idle:
            self._leader_of(topic, partition).take_on(lane)
        return placed

    def _leader_of(self, topic: str, partition: int) -> _Leader:
        where = TopicPartition(topic, partition)
        node = self._producer.client.cluster.leader_for_partition(where)
        if node not in self._leaders:
            self._leaders[node] = _Leader(self._producer)
        return self._leaders[node]


@lru_cache(maxsize=2**14)
def _hash(key: bytes) -> int:
    """As every client of Kafka hashes keys, so that a key has one partition whoever sends it."""
    return int(murmur2(key)) & 0x7FFFFFFF


class _Batch:
    """Messages that are acknowledged together."""

    def __init__(self, builder: Any, partition: int) -> None:
        self.builder = builder
        self.partition = partition
        self.base_offset = -1
        self.waiters: list[tuple[int, Waiter[Position]]] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def succeed(self, base_offset: int) -> None:
        self.base_offset = base_offset
        self.done.set_result(None)
        for index, waiter in self.waiters:
            tell(waiter, Position(self.partition, base_offset + index))

    def fail(self, error: BaseException) -> None:
        self.done.set_exception(error)
        self.done.exception()  # nobody has to ask for it
        if isinstance(error, KAFKA_ERRORS):
            cause, error = error, Unavailable("Kafka", repr(error))
            error.__cause__ = cause
        for _, waiter in self.waiters:
            tell_error(waiter, error)


class _Lane:
    """The batches of one partition, in order."""

    def __init__(self, producer: AIOKafkaProducer, topic: str, partition: int) -> None:
        self._producer = producer
        self.topic = topic
        self.partition = partition
        self.waiting: deque[_Batch] = deque()
        self.is_idle = True

    def add(self, message: Message) -> tuple[_Batch, int]:
        """Puts the message into the last batch that is not on its way yet; its index there."""
        if not self.waiting or not self._fits(self.waiting[-1], message):
            batch = _Batch(self._producer.create_batch(), self.partition)
            if not self._fits(batch, message):
                raise MessageSizeTooLargeError(f"A message of {len(message[1] or b'')} bytes")
            self.waiting.append(batch)
        batch = self.waiting[-1]
        return batch, batch.builder.record_count() - 1

    @staticmethod
    def _fits(batch: _Batch, message: Message) -> bool:
        key, value, headers = message
        added = batch.builder.append(timestamp=None, key=key, value=value, headers=list(headers))
        return added is not None


class _Leader:
    """The partitions that one broker leads: what waits for them goes in one request."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer
        self._lanes: list[_Lane] = []
        self.sending: asyncio.Task[None] | None = None

    def take_on(self, lane: _Lane) -> None:
        """Sends what the lane has and gets meanwhile; then it is idle again."""
        lane.is_idle = False
        self._lanes.append(lane)
        if self.sending is None:
            self.sending = asyncio.create_task(self._send())

    async def _send(self) -> None:
        while self._lanes:
            lanes, self._lanes = self._lanes, []
            sent = [await self._submit(lane, lane.waiting.popleft()) for lane in lanes]
            for batch, acknowledged in sent:
                if acknowledged is not None:
                    await self._finish(batch, acknowledged)
            for lane in lanes:
                if lane.waiting:
                    self._lanes.append(lane)
                else:
                    lane.is_idle = True
        self.sending = None

    async def _submit(self, lane: _Lane, batch: _Batch) -> tuple[_Batch, Any]:
        try:
            batch.builder.close()
            return batch, await self._producer.send_batch(
                batch.builder, lane.topic, partition=lane.partition
            )
        except Exception as error:  # it is raised by whoever waits
            batch.fail(error)
            return batch, None

    async def _finish(self, batch: _Batch, acknowledged: Any) -> None:
        try:
            batch.succeed((await acknowledged).offset)
        except Exception as error:  # it is raised by whoever waits
            batch.fail(error)
