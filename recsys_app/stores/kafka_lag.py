"""How far a consumer group has come, read without joining it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from recsys_app.errors import Unavailable
from recsys_app.kafka_security import PLAINTEXT, KafkaSecurity


class GroupPosition(NamedTuple):
    """Where a group and its partition are."""

    topic: str
    partition: int
    committed: int
    """The first offset that the group has not acknowledged."""
    end: int


class KafkaGroupStore:
    """The committed offsets of one consumer group."""

    def __init__(
        self,
        bootstrap: Sequence[str],
        *,
        group: str,
        security: KafkaSecurity = PLAINTEXT,
        timeout_seconds: float = 10.0,
    ) -> None:
        self._bootstrap = list(bootstrap)
        self._group = group
        self._security = security
        self._timeout = timeout_seconds

    async def positions(self, topics: Sequence[str]) -> list[GroupPosition]:
        """Of every partition of the topics. What the group never committed counts from the first
        message that Kafka still holds."""
        where = await self._partitions(topics)
        if not where:
            return []
        async with self._consumer() as consumer:
            return await _positions(consumer, where)

    async def oldest_timestamps(
        self, positions: Sequence[GroupPosition]
    ) -> dict[GroupPosition, int]:
        """The milliseconds since 1970-01-01 UTC of the first message behind each position that
        is not at its end."""
        behind = {TopicPartition(p.topic, p.partition): p for p in positions if p.committed < p.end}
        if not behind:
            return {}
        found: dict[GroupPosition, int] = {}
        async with self._consumer() as consumer:
            consumer.assign(list(behind))
            for where, position in behind.items():
                consumer.seek(where, position.committed)
            for where, position in behind.items():
                fetched = await consumer.getmany(where, timeout_ms=1000, max_records=1)
                for message in fetched.get(where, []):
                    found[position] = message.timestamp
        return found

    async def _partitions(self, topics: Sequence[str]) -> list[TopicPartition]:
        admin = AIOKafkaAdminClient(
            bootstrap_servers=self._bootstrap,
            request_timeout_ms=int(self._timeout * 1000),
            **self._security.options(),
        )
        try:
            await admin.start()
            described = await admin.describe_topics(list(topics))
        except (KafkaError, OSError, TimeoutError) as error:
            raise Unavailable("Kafka", repr(error)) from error
        finally:
            await admin.close()
        return [
            TopicPartition(topic["topic"], partition["partition"])
            for topic in described
            for partition in topic.get("partitions", [])
        ]

    @asynccontextmanager
    async def _consumer(self) -> AsyncIterator[AIOKafkaConsumer]:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            group_id=self._group,
            enable_auto_commit=False,
            request_timeout_ms=int(self._timeout * 1000),
            **self._security.options(),
        )
        try:
            async with asyncio.timeout(2 * self._timeout):
                await consumer.start()
                yield consumer
        except (KafkaError, OSError, TimeoutError) as error:
            raise Unavailable("Kafka", repr(error)) from error
        finally:
            await consumer.stop()


async def _positions(
    consumer: AIOKafkaConsumer, where: Sequence[TopicPartition]
) -> list[GroupPosition]:
    consumer.assign(where)  # by hand: the group and its other members notice nothing
    ends = await consumer.end_offsets(where)
    beginnings = await consumer.beginning_offsets(where)
    positions = []
    for each in where:
        committed = await consumer.committed(each)
        first = beginnings[each] if committed is None else max(committed, beginnings[each])
        positions.append(GroupPosition(each.topic, each.partition, first, ends[each]))
    return positions
