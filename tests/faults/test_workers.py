"""Workers share the work, and the web tier runs apart from it."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import aiohttp
import msgspec
import pytest
from redis import asyncio as aioredis

from recsys_app.models import Recommendations, ScoredMovie
from recsys_app.stack import Stack
from recsys_app.stores.kafka import KafkaMessageStore
from tests.faults.load import Load
from tests.faults.membership import until_spread
from tests.faults.proxy import HdfsProxy
from tests.faults.report import check, read_archive
from tests.faults.service import Service, Worker, until


async def archived(worker: Worker) -> float:
    """How many ratings this process has archived, as its metrics tell."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{worker.url}/metrics") as answer,
    ):
        lines = (await answer.text()).splitlines()
    return sum(float(n.split()[1]) for n in lines if n.startswith("recsys_ratings_archived_total "))


@pytest.mark.full
async def test_one_two_and_four_workers(service: Service) -> None:
    """Partitions go to workers that join, and back from those that leave or die; each worker
    archives its share.

    Protected by: `broker_session_timeout` and `broker_heartbeat_interval` in `bare_app`; with
    Faust's own, a dead worker's partitions stand still for a minute.
    """
    (steady,) = await service.start(1)
    async with Load([steady], users=40, per_second=40) as load:
        await until_spread(service, 1)
        (second,) = await service.start(1)
        await until_spread(service, 2)
        third, fourth = await service.start(2)
        await until_spread(service, 4)

        async def all_archive() -> bool:
            return all([await archived(worker) > 0 for worker in service.workers])

        await until(all_archive, 60, "not every worker archived ratings")
        await second.terminate()
        third.kill()
        since = time.monotonic()
        await until_spread(service, 2, seconds=30)  # a dead worker's session lasts 10 s
        assert fourth.runs
        await load.acknowledges(20)
    await check(service, load.sent, "workers from 1 to 4 and back to 2", since=since)


@pytest.mark.full
async def test_a_slow_archive_slows_nobody_else(stack: Stack, tmp_path: Path) -> None:
    """While not one file gets into HDFS: reads are answered, ratings are accepted, and lists go
    from their topic to Redis in the very process whose archive waits.

    Protected by: `stream_buffer_maxsize` in `batch_options`; with a buffer of 4 batches the
    consumer waits for room in it and the list never comes.
    """
    async with HdfsProxy(stack) as proxy:
        service = Service(stack, tmp_path, hdfs_url=proxy.url)
        try:
            web, worker = service.worker(), service.worker()
            web.launch(roles="web")
            worker.launch(roles="agents", archive_flush_rows="1", hdfs_timeout_seconds="120")
            await web.ready()
            await worker.ready()
            async with Load([web], per_second=40) as load:
                await until_some_are_archived(service)
                proxy.passes.clear()
                await load.acknowledges(200)  # more batches than the archive's buffer has room for
                before = read_archive(stack.hdfs_url, service.root)
                await list_reaches_redis(service)
                async with aiohttp.ClientSession() as session:
                    for user in range(1, 50):
                        async with session.get(f"{web.url}/recommendations/{user}") as answer:
                            assert answer.status == 200
                now = read_archive(stack.hdfs_url, service.root)
                assert now.positions.keys() == before.positions.keys()
                assert len(now.positions) < len(load.sent.acknowledged) - 100
                proxy.passes.set()
            await check(service, load.sent, "HDFS stands still, web apart", since=time.monotonic())
        finally:
            await asyncio.to_thread(service.close)


async def until_some_are_archived(service: Service) -> None:
    async def some() -> bool:
        return bool(read_archive(service.stack.hdfs_url, service.root).positions)

    await until(some, 90, "nothing was archived")


async def list_reaches_redis(service: Service) -> None:
    """Sends a list for each of 40 users, who are in all partitions, and waits for the last."""
    messages = KafkaMessageStore([service.stack.kafka_url])
    await messages.start()
    users = range(1000, 1040)
    await messages.send_many(
        f"{service.name}.recommendations",
        [
            (
                b"%d" % user,
                msgspec.json.encode(Recommendations(user, "v1", [ScoredMovie(1, 4.0)])),
            )
            for user in users
        ],
    )
    await messages.close()
    redis = aioredis.Redis.from_url(service.stack.redis_url)
    try:

        async def all_there() -> bool:
            keys = [f"{service.name}:recs:{{{user}}}:1" for user in users]
            return None not in await redis.mget(keys)

        await until(all_there, 60, "the lists did not reach Redis")
    finally:
        await redis.aclose()
