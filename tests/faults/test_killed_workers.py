"""Workers that die, stop, join and leave, at any point of their work."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.faults.load import Load
from tests.faults.report import check
from tests.faults.service import Service

full = pytest.mark.full


@pytest.mark.parametrize(
    "point",
    [
        pytest.param("fetched@3", marks=full),
        pytest.param("temporary-written@3", marks=full),
        "renamed@3",
        pytest.param("acknowledged@3", marks=full),
        pytest.param("committed@2", marks=full),
    ],
)
async def test_a_worker_killed_at_work(service: Service, point: str) -> None:
    """The archive holds each offset once, wherever between Kafka and HDFS a worker dies.

    Protected by: passing over what the archive has, in `RatingService._archive` and once more in
    `CSVWriter.write_lines`; without both, every point has rows twice. Nothing is lost here even if
    workers acknowledge too early, since Faust commits every few seconds only: that, the rows on
    SIGTERM and restarts see.
    """
    name, _, count = point.partition("@")
    (steady,) = await service.start(1)
    victim = service.worker()
    victim.launch(failpoints=f"{name}=kill@{count}")
    async with Load([steady, victim]) as load:
        await victim.ended()
        since = time.monotonic()
        victim.launch()
        await load.acknowledges(60)
    await check(service, load.sent, f"worker killed, {name}", since=since)


@full
@pytest.mark.parametrize("point", ["rating-sending@40", "rating-sent@40"])
async def test_a_web_process_killed_with_a_rating(service: Service, point: str) -> None:
    """What was answered 202 is kept, and what was not answered is there once or not at all.

    Protected by: awaiting the broker's acknowledgement in `KafkaMessageStore.send`; without it,
    answers cannot say where the ratings are. The next test loses ratings without it.
    """
    name, _, count = point.partition("@")
    (steady,) = await service.start(1)
    victim = service.worker()
    victim.launch(failpoints=f"{name}=kill@{count}")
    async with Load([steady, victim]) as load:
        await victim.ended()
        since = time.monotonic()
        victim.launch()
        await load.acknowledges(60)
    await check(service, load.sent, f"web killed, {name}", since=since)


@full
async def test_a_web_process_killed_while_the_broker_stands_still(service: Service) -> None:
    """Nobody is told that a rating is kept before the broker has it.

    Protected by: awaiting the broker's acknowledgement in `KafkaMessageStore.send`; without it,
    what the killed process had not sent yet was answered with 202 and is lost.
    """
    steady, victim = await service.start(2)
    kafka = service.stack.kafka
    async with Load([steady, victim], users=40, per_second=60) as load:
        await load.acknowledges(30)
        await asyncio.to_thread(kafka.pause)
        try:
            await asyncio.sleep(1.5)  # a rating waits for three seconds at most
            victim.kill()
        finally:
            await asyncio.to_thread(kafka.resume)
        since = time.monotonic()
        victim.launch()
        await load.acknowledges(60)
    await check(service, load.sent, "web killed, broker stopped", since=since)


@pytest.mark.full
async def test_a_worker_stopped_past_its_session(service: Service) -> None:
    """A worker that was stopped and goes on with what it believed then does no harm.

    Protected by: the rename without overwriting in `CSVWriter._create`; with one that overwrites,
    ratings are lost and doubled.
    """
    steady, victim = await service.start(2)
    async with Load([steady, victim]) as load:
        await load.acknowledges(60)
        victim.stop()
        await asyncio.sleep(14)  # its session lasts 10 s
        await load.acknowledges(60)
        victim.go_on()
        since = time.monotonic()
        await load.acknowledges(60)
    await check(service, load.sent, "worker stopped for 14 s", since=since)


@full
async def test_workers_join_and_leave(service: Service) -> None:
    """Partitions go from worker to worker under load.

    Protected by: passing over what the archive has, as above, since the consumer group delivers
    again; and `_runs` in `RatingService._archive`, since a rebalance puts messages into a running
    batch again: without it, rows are twice and out of order.
    """
    (steady,) = await service.start(1)
    async with Load([steady]) as load:
        for _ in range(3):
            guest = service.worker()
            guest.launch()
            await guest.ready()
            await asyncio.sleep(5)
            await guest.terminate()
        since = time.monotonic()
        await load.acknowledges(60)
    await check(service, load.sent, "workers join and leave", since=since)


async def test_every_worker_is_asked_to_end_under_load(service: Service) -> None:
    """SIGTERM under load ends a worker within 10 s, and what it acknowledged is kept.

    Protected by: acknowledging after `consume` in `consume_batches`, and behind it `_fill_gap`; for
    the time, the timer in `agents.worker.Worker.stop`.
    """
    workers = await service.start(1)
    async with Load(workers, per_second=60) as load:
        await load.acknowledges(150)
        await workers[0].terminate(10)
        since = time.monotonic()
        workers[0].launch()
        await workers[0].ready()
        await load.acknowledges(30)
    await check(service, load.sent, "SIGTERM under load", since=since)
