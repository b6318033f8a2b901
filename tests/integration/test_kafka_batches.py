"""Messages that share acknowledgements."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator

import pytest
from aiokafka import AIOKafkaProducer

from recsys_app.stores.kafka import KafkaMessageStore, KafkaTopicStore, TopicSpec


@pytest.fixture
async def topic(kafka_url: str) -> str:
    name = f"batches-{uuid.uuid4().hex[:8]}"
    await KafkaTopicStore([kafka_url]).create_topics([TopicSpec(name, 3)])
    return name


@pytest.fixture
async def messages(kafka_url: str) -> AsyncIterator[KafkaMessageStore]:
    store = KafkaMessageStore([kafka_url])
    await store.start()
    yield store
    await store.close()


async def test_each_sender_learns_where_its_own_message_is(
    messages: KafkaMessageStore, topic: str, kafka_url: str
) -> None:
    sent = [(b"%d" % (number % 7), b"value %d" % number) for number in range(500)]
    one_by_one = [messages.send(topic, key, value) for key, value in sent]
    bulk = [(key, value + b" in bulk") for key, value in sent]
    *singles, many = await asyncio.gather(*one_by_one, messages.send_many(topic, bulk))
    log = KafkaTopicStore([kafka_url])
    held = {
        (partition, record.offset): (record.key, record.value)
        for partition in range(3)
        for record in await log.read(topic, partition, 0, 10_000)
    }
    assert len(held) == 1000
    assert [held[position] for position in singles] == sent
    assert [held[position] for position in many] == bulk


async def test_messages_of_one_turn_are_one_batch_and_keep_their_order(
    messages: KafkaMessageStore, topic: str
) -> None:
    positions = await asyncio.gather(*(messages.send(topic, b"1", b"%d" % n) for n in range(50)))
    assert [position.offset for position in positions] == list(range(50))
    assert len({position.partition for position in positions}) == 1


async def test_a_key_s_partition_is_that_of_other_clients(
    messages: KafkaMessageStore, topic: str, kafka_url: str
) -> None:
    keys = [b"%d" % number for number in range(1, 60)]
    ours = [p.partition for p in await messages.send_many(topic, [(key, b"") for key in keys])]
    producer = AIOKafkaProducer(bootstrap_servers=kafka_url)
    await producer.start()
    theirs = [(await producer.send_and_wait(topic, b"", key)).partition for key in keys]
    await producer.stop()
    assert ours == theirs


async def test_who_gives_up_waiting_does_not_harm_the_others(
    messages: KafkaMessageStore, topic: str
) -> None:
    assert (await messages.send(topic, b"1", b"first")).offset == 0
    impatient = asyncio.create_task(messages.send(topic, b"1", b"a"))
    patient = asyncio.create_task(messages.send(topic, b"1", b"b"))
    await asyncio.sleep(0)
    impatient.cancel()
    assert (await patient).offset == 2


async def test_more_than_a_batch_takes_goes_in_several(
    messages: KafkaMessageStore, topic: str
) -> None:
    long = bytes(100_000)
    positions = await messages.send_many(topic, [(b"1", long)] * 8 + [(b"1", None)])
    assert [position.offset for position in positions] == list(range(9))
