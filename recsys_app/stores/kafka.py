"""Topics, and messages by their offsets, in Kafka."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete
from aiokafka.errors import TopicAlreadyExistsError, for_code

from recsys_app.errors import ConfigurationError, Unavailable
from recsys_app.kafka_security import PLAINTEXT, KafkaSecurity
from recsys_app.models import Headers, Record
from recsys_app.stores.kafka_batches import KAFKA_ERRORS, GroupCommit
from recsys_app.stores.kafka_batches import Position as Position
from recsys_app.waiter import Waiter

_MAX_REQUEST_BYTES = 4 * 2**20
"""A dead letter is longer than the message in it."""

_MAX_BATCH_BYTES = 256 * 1024


class TopicSpec(NamedTuple):
    """A topic as the service wants it; an existing one is left as it is."""

    name: str
    partitions: int
    replication: int = 1
    config: tuple[tuple[str, str], ...] = ()


class OffsetRange(NamedTuple):
    """The offsets that a partition holds: from `beginning` up to, without, `end`."""

    beginning: int
    end: int


@asynccontextmanager
async def kafka_errors() -> AsyncIterator[None]:
    """Raises `Unavailable` for what aiokafka raises."""
    try:
        yield
    except KAFKA_ERRORS as error:
        raise Unavailable("Kafka", repr(error)) from error


class KafkaTopicStore:
    """The topics of a cluster, and what they hold, read by offset without any consumer group."""

    def __init__(
        self,
        bootstrap: Sequence[str],
        *,
        security: KafkaSecurity = PLAINTEXT,
        timeout_seconds: float = 10.0,
    ) -> None:
        self._bootstrap = list(bootstrap)
        self._security = security
        self._timeout = timeout_seconds

    async def create_topics(self, topics: Sequence[TopicSpec]) -> list[str]:
        """Creates those that do not exist yet and returns their names."""
        async with kafka_errors(), self._admin() as admin:
            existing = set(await admin.list_topics())
            missing = [topic for topic in topics if topic.name not in existing]
            created = []
            for topic in missing:
                answer = await admin.create_topics(
                    [
                        NewTopic(
                            topic.name,
                            topic.partitions,
                            topic.replication,
                            topic_configs=dict(topic.config),
                        )
                    ]
                )
                _, code, *message = answer.topic_errors[0]
                error = for_code(code)
                if code and error is not TopicAlreadyExistsError:
                    raise ConfigurationError(
                        f"Kafka refused to create the topic {topic.name}: {message or error}"
                    )
                created.append(topic.name)
            return created

    async def partitions(self, topic: str) -> list[int]:
        """The partitions of a topic; none if there is no such topic."""
        async with kafka_errors(), self._admin() as admin:
            described = await admin.describe_topics([topic])
            return sorted(p["partition"] for p in described[0].get("partitions", []))

    async def offsets(self, topic: str, partition: int) -> OffsetRange:
        async with self._consumer() as consumer:
            where = TopicPartition(topic, partition)
            beginning = await consumer.beginning_offsets([where])
            end = await consumer.end_offsets([where])
            return OffsetRange(beginning[where], end[where])

    async def offset_at(self, topic: str, partition: int, timestamp: int) -> int:
        """The offset of the first message from this time on (milliseconds since 1970-01-01 UTC);
        the end if there is none."""
        async with self._consumer() as consumer:
            where = TopicPartition(topic, partition)
            found = (await consumer.offsets_for_times({where: timestamp}))[where]
            if found is None:
                return int((await consumer.end_offsets([where]))[where])
            return int(found.offset)

    async def read(
        self, topic: str, partition: int, start: int, stop: int, *, limit: int = 5000
    ) -> list[Record]:
        """The messages at the offsets from `start` up to, without, `stop`; at most `limit`.

        Fewer where Kafka no longer holds them, or the offsets are those of control records.
        """
        async with self._consumer() as consumer:
            where = TopicPartition(topic, partition)
            consumer.assign([where])
            beginning = (await consumer.beginning_offsets([where]))[where]
            end = (await consumer.end_offsets([where]))[where]
            start, stop = max(start, beginning), min(stop, end)
            consumer.seek(where, start)
            records: list[Record] = []
            while len(records) < limit and await consumer.position(where) < stop:
                async with asyncio.timeout(self._timeout):
                    fetched = await consumer.getmany(where, timeout_ms=500)
                records += [
                    Record(m.offset, m.timestamp, m.key, m.value)
                    for m in fetched.get(where, [])
                    if m.offset < stop
                ]
            return records[:limit]

    async def delete_before(self, topic: str, ends: Mapping[int, int]) -> None:
        """Has Kafka forget the messages of each partition before the offset given for it."""
        async with kafka_errors(), self._admin() as admin:
            held = {p: (await self.offsets(topic, p)).beginning for p in ends}
            below = {
                TopicPartition(topic, p): RecordsToDelete(end)
                for p, end in ends.items()
                if end > held[p]
            }
            if below:
                await admin.delete_records(below)

    @asynccontextmanager
    async def _admin(self) -> AsyncIterator[AIOKafkaAdminClient]:
        admin = AIOKafkaAdminClient(
            bootstrap_servers=self._bootstrap,
            request_timeout_ms=int(self._timeout * 1000),
            **self._security.options(),
        )
        try:
            await admin.start()
            yield admin
        finally:
            await admin.close()

    @asynccontextmanager
    async def _consumer(self) -> AsyncIterator[AIOKafkaConsumer]:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            group_id=None,
            enable_auto_commit=False,
            request_timeout_ms=int(self._timeout * 1000),
            **self._security.options(),
        )
        async with kafka_errors():
            try:
                await consumer.start()
                yield consumer
            finally:
                await consumer.stop()


class KafkaMessageStore:
    """Sends messages and knows where Kafka has put them, once all in-sync replicas have them."""

    def __init__(
        self,
        bootstrap: Sequence[str],
        *,
        security: KafkaSecurity = PLAINTEXT,
        outgoing: Callable[[bytes | None], Headers] | None = None,
    ) -> None:
        """`outgoing` gives the headers for a message with a key."""
        self._bootstrap = list(bootstrap)
        self._security = security
        self._outgoing = outgoing
        self._producer: AIOKafkaProducer | None = None
        self._commits: GroupCommit | None = None

    async def start(self) -> None:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            acks="all",
            enable_idempotence=True,
            max_request_size=_MAX_REQUEST_BYTES,
            max_batch_size=_MAX_BATCH_BYTES,
            **self._security.options(),
        )
        async with kafka_errors():
            try:
                await producer.start()
            except BaseException:
                await producer.stop()
                raise
        self._producer, self._commits = producer, GroupCommit(producer)

    async def close(self) -> None:
        if self._producer is not None and self._commits is not None:
            producer, commits = self._producer, self._commits
            self._producer = self._commits = None
            await producer.stop()
            await commits.close()

    def check_started(self) -> None:
        """Raises `Unavailable` until messages can be sent."""
        _ = self._started

    async def send(self, topic: str, key: bytes, value: bytes) -> Position:
        """Where the message is, once it is safe.

        Raises:
            Unavailable: Kafka did not confirm it; it may still arrive.
        """
        headers = self._outgoing(key) if self._outgoing else ()
        try:  # without `kafka_errors`, which costs as much as the sending
            return await self._started.send(topic, (key, value, headers))
        except KAFKA_ERRORS as error:
            raise Unavailable("Kafka", repr(error)) from error

    def put(self, topic: str, key: bytes, value: bytes, waiter: Waiter[Position]) -> bool:
        """As `send`, for a waiter that is no future; False if only `send` can do it now.

        The waiter gets `Unavailable` if Kafka does not confirm the message.
        """
        headers = self._outgoing(key) if self._outgoing else ()
        commits = self._commits
        return commits is not None and commits.put(topic, (key, value, headers), waiter)

    async def send_tombstone(self, topic: str, key: bytes) -> Position:
        """Has a compacted topic forget what it holds of a key; where this message is.

        Raises:
            Unavailable: Kafka did not confirm it; it may still arrive.
        """
        async with kafka_errors():
            return await self._started.send(topic, (key, None, ()))

    async def send_many(
        self, topic: str, messages: Sequence[tuple[bytes | None, bytes | None]]
    ) -> list[Position]:
        """Where each (key, value) is, once all are safe, in the order given."""
        outgoing = self._outgoing
        async with kafka_errors():
            return await self._started.send_many(
                topic, [(key, value, outgoing(key) if outgoing else ()) for key, value in messages]
            )

    @property
    def _started(self) -> GroupCommit:
        if self._commits is None:
            raise Unavailable("Kafka", "the producer is not connected yet")
        return self._commits
