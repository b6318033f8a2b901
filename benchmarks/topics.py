"""Topics filled for a benchmark."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from benchmarks.harness import stack
from recsys_app.models import Rating, Recommendations, ScoredMovie

PARTITIONS = 4
_BATCH_BYTES = 100_000

Messages = Iterable[tuple[bytes, bytes]]


def fill(topic: str, messages: Callable[[random.Random], Messages]) -> None:
    """Creates a topic of four partitions, each with messages made from its own seed."""
    asyncio.run(_fill(topic, messages))


async def _fill(topic: str, messages: Callable[[random.Random], Messages]) -> None:
    kafka = stack().kafka_url
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    config = {"message.timestamp.type": "LogAppendTime"}
    await admin.create_topics([NewTopic(topic, PARTITIONS, 1, topic_configs=config)])
    await admin.close()
    async with AIOKafkaProducer(
        bootstrap_servers=kafka, acks="all", max_batch_size=_BATCH_BYTES
    ) as producer:
        for partition in range(PARTITIONS):
            batch = producer.create_batch()
            for key, value in messages(random.Random(partition)):
                if batch.append(key=key, value=value, timestamp=None) is None:
                    await producer.send_batch(batch, topic, partition=partition)
                    batch = producer.create_batch()
                    batch.append(key=key, value=value, timestamp=None)
            await producer.send_batch(batch, topic, partition=partition)
        await producer.flush()


def ratings(count: int) -> Callable[[random.Random], Messages]:
    """So many ratings as the view sends them."""

    def messages(chance: random.Random) -> Messages:
        for _ in range(count):
            user, movie = chance.randint(1, 10**6), chance.randint(1, 60_000)
            rating = Rating(user, movie, chance.randint(1, 10) / 2)
            yield b"%d" % user, msgspec.json.encode(rating)

    return messages


def lists(count: int) -> Callable[[random.Random], Messages]:
    """So many lists of a hundred films as a training sends them."""

    def messages(chance: random.Random) -> Messages:
        for _ in range(count):
            user = chance.randint(1, 10**6)
            films = chance.sample(range(1, 60_000), 100)
            items = [ScoredMovie(film, round(chance.uniform(1, 5), 2)) for film in films]
            message = Recommendations(user, "v12", items)
            yield b"%d" % user, msgspec.json.encode(message)

    return messages
