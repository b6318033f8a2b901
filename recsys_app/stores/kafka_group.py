"""A topic read by a consumer group, from where the reader says rather than Kafka."""

from __future__ import annotations

from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition

from recsys_app.kafka_security import PLAINTEXT, KafkaSecurity
from recsys_app.models import Message
from recsys_app.stores.kafka import kafka_errors

_IDLE_MILLISECONDS = 1000


class KafkaGroupReader:
    """The share of a topic's partitions that Kafka assigns to this process.

    A newly assigned partition gives nothing until it is placed at an offset. The offsets that the
    group commits are for those who watch its lag; nobody starts from them.
    """

    def __init__(
        self,
        bootstrap: Sequence[str],
        *,
        topic: str,
        group: str,
        security: KafkaSecurity = PLAINTEXT,
    ) -> None:
        self._bootstrap = list(bootstrap)
        self._security = security
        self._topic = topic
        self._group = group
        self._consumer: AIOKafkaConsumer | None = None
        self._placed: set[int] = set()

    async def start(self) -> None:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            group_id=self._group,
            auto_offset_reset="earliest",
            enable_auto_commit=True,
            **self._security.options(),
        )
        consumer.subscribe([self._topic], listener=_Forgets(self._placed))
        async with kafka_errors():
            try:
                await consumer.start()
            except BaseException:
                await consumer.stop()
                raise
        self._consumer = consumer

    async def close(self) -> None:
        if self._consumer is not None:
            consumer, self._consumer = self._consumer, None
            await consumer.stop()

    def unplaced(self) -> set[int]:
        """The assigned partitions that have no place to be read from yet."""
        return {where.partition for where in self._started.assignment()} - self._placed

    def place(self, partition: int, offset: int) -> None:
        """Reads the partition from this offset on."""
        where = TopicPartition(self._topic, partition)
        if where in self._started.assignment():
            self._started.seek(where, offset)
            self._placed.add(partition)

    def displace(self, partitions: set[int]) -> None:
        """Gives nothing of these until they are placed again."""
        self._placed -= partitions

    async def take(self, limit: int) -> dict[int, list[Message]]:
        """What waits in each placed partition, at most `limit` records together; waits a second
        for the first one, and gives empty lists if there is none."""
        async with kafka_errors():
            fetched = await self._started.getmany(timeout_ms=_IDLE_MILLISECONDS, max_records=limit)
        taken: dict[int, list[Message]] = {partition: [] for partition in self._placed}
        taken |= {
            where.partition: messages
            for where, messages in fetched.items()
            if where.partition in taken
        }
        return taken

    @property
    def _started(self) -> AIOKafkaConsumer:
        assert self._consumer is not None
        return self._consumer


class _Forgets(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is untyped
    """Forgets the places of partitions that may have gone to another process."""

    def __init__(self, placed: set[int]) -> None:
        self._placed = placed

    def on_partitions_revoked(self, revoked: object) -> None:
        self._placed.clear()

    def on_partitions_assigned(self, assigned: object) -> None:
        self._placed.clear()
