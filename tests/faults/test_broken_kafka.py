"""A broker that dies, delivers again, or has another topic than before."""

from __future__ import annotations

import asyncio
import time

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.faults.load import Load
from tests.faults.report import check, wait_until_archived
from tests.faults.service import Service, until

full = pytest.mark.full


@full
async def test_the_broker_is_killed(service: Service) -> None:
    """Protected by: awaiting Kafka's confirmation in `KafkaMessageStore.send`."""
    workers = await service.start(1)
    kafka = service.stack.kafka
    async with Load(workers) as load:
        await load.acknowledges(60)
        await asyncio.to_thread(kafka.kill)
        await asyncio.sleep(15)
        await asyncio.to_thread(kafka.start)
        since = time.monotonic()
        await load.acknowledges(30)
    assert load.sent.statuses.get(503), "ratings were refused while there was no broker"
    await check(service, load.sent, "broker killed for 15 s", since=since)


@full
async def test_everything_is_delivered_again(service: Service) -> None:
    """Protected by: passing over what the archive has, in `RatingService._archive` and once more in
    `CSVWriter.write_lines`."""
    (worker,) = await service.start(1)
    async with Load([worker]) as load:
        await load.acknowledges(100)
        await worker.terminate()
        await _reset_group(service)
        since = time.monotonic()
        worker.launch()
        await worker.ready()
        await load.acknowledges(30)
    await check(service, load.sent, "group offsets reset to 0", since=since)


async def _reset_group(service: Service) -> None:
    partitions = [TopicPartition(service.topic, number) for number in range(4)]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=service.stack.kafka_url, group_id=service.name, enable_auto_commit=False
    )
    async with consumer:
        consumer.assign(partitions)
        await consumer.commit(dict.fromkeys(partitions, 0))


@full
async def test_the_topic_is_created_again(service: Service) -> None:
    """Another topic of the same name is refused, and a new epoch goes on with it.

    Protected by: `RatingService._check_topic`.
    """
    (worker,) = await service.start(1)
    async with Load([worker]) as load:
        await load.acknowledges(100)
        before = load.sent
    await wait_until_archived(service, before)
    await worker.terminate()
    await _create_again(service)

    worker.launch()
    await worker.ready()
    async with Load([worker], first_movie=100_000) as load:
        assert await worker.ended() != 0
    assert "Run `recsys archive new-epoch`" in worker.log_tail(200)

    opened = await service.recsys("archive", "new-epoch")
    assert opened.returncode == 0, opened.stderr
    assert "Epoch 1 begins" in opened.stdout
    again = await service.recsys("archive", "new-epoch")
    assert again.returncode == 1
    assert "Nothing was changed" in again.stderr

    since = time.monotonic()
    worker.launch()
    await worker.ready()
    archive = await wait_until_archived(service, load.sent)
    where = archive.where()
    for movie, told in load.sent.acknowledged.items():
        assert (1, *told) in where[movie]
    for movie, told in before.acknowledged.items():
        assert (0, *told) in where[movie]
    assert archive.doubled() == 0
    assert load.sent.acknowledged
    assert time.monotonic() >= since


async def _create_again(service: Service) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=service.stack.kafka_url)
    await admin.start()
    try:
        await admin.delete_topics([service.topic])

        async def is_created() -> bool:
            answer = await admin.create_topics([NewTopic(service.topic, 4, 1)])
            return answer.topic_errors[0][1] == 0  # until then the old one is there

        await until(is_created, 120, "the topic was not created again")
    finally:
        await admin.close()
