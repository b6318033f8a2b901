"""`make soak MINUTES=30`: load and random faults for a long time, and a report of it.

Prints Markdown: memory and lag over time, the faults, and what `report.check` found.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from typing import NamedTuple

import aiohttp
import redis

from recsys_app.stack import Stack, StackPorts
from recsys_app.stack.identity import Identity
from recsys_app.stack.process import ServerProcess
from tests.faults.load import Load
from tests.faults.report import check
from tests.faults.service import Service, Worker

SAMPLE_SECONDS = 5.0
PAUSE_SECONDS = 20.0
"""Between two faults, so that the service can come back from each."""

Fault = Callable[[], Awaitable[None]]


class Sample(NamedTuple):
    minute: float
    megabytes: float
    """The resident memory of the largest worker."""
    waiting: int
    """Ratings that are not archived."""
    oldest_seconds: float


class Soak:
    def __init__(self, service: Service, workers: list[Worker], chance: random.Random) -> None:
        self._service = service
        self._workers = workers
        self._chance = chance
        self._began = time.monotonic()
        self.samples: list[Sample] = []
        self.faults: Counter[str] = Counter()
        self.restarts = 0

    async def run(self, minutes: float) -> None:
        """Breaks one thing after the other, until the time is over."""
        watchers = [asyncio.create_task(self._supervise()), asyncio.create_task(self._sample())]
        try:
            while time.monotonic() - self._began < 60 * minutes:
                name, fault = self._chance.choice(list(self._all_faults().items()))
                await fault()
                self.faults[name] += 1
                await asyncio.sleep(PAUSE_SECONDS)
        finally:
            for watcher in watchers:
                watcher.cancel()
            await asyncio.gather(*watchers, return_exceptions=True)

    def _all_faults(self) -> dict[str, Fault]:
        stack = self._service.stack
        return {
            "worker killed": self._kill_worker,
            "worker asked to end": self._end_worker,
            "worker stopped for 14 s": self._stop_worker,
            "broker killed for 3 s": lambda: _down(stack.kafka),
            "DataNode killed for 3 s": lambda: _down(stack.hdfs.datanode),
            "DataNode stopped for 12 s": lambda: _paused(stack.hdfs.datanode),
            "NameNode killed for 3 s": lambda: _down(stack.hdfs.namenode),
            "Redis killed for 3 s": lambda: _down(stack.redis),
            "Redis emptied": self._empty_redis,
            "MongoDB killed for 3 s": lambda: _down(stack.mongo),
        }

    async def _kill_worker(self) -> None:
        self._chance.choice(self._running()).kill()

    async def _end_worker(self) -> None:
        await self._chance.choice(self._running()).terminate()

    async def _stop_worker(self) -> None:
        worker = self._chance.choice(self._running())
        worker.stop()
        await asyncio.sleep(14)
        worker.go_on()

    async def _empty_redis(self) -> None:
        with redis.Redis.from_url(self._service.stack.redis_url) as client:
            client.flushall()

    def _running(self) -> list[Worker]:
        return [worker for worker in self._workers if worker.runs] or self._workers[:1]

    async def _supervise(self) -> None:
        while True:
            for worker in self._workers:
                if not worker.runs:
                    worker.launch()
                    self.restarts += 1
            await asyncio.sleep(1)

    async def _sample(self) -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=4)) as session:
            while True:
                await asyncio.sleep(SAMPLE_SECONDS)
                found = [await _backlog(session, w) for w in self._workers if not w.stopped]
                known = [backlog for backlog in found if backlog]
                if known:
                    self.samples.append(
                        Sample(
                            (time.monotonic() - self._began) / 60,
                            max(_megabytes(worker) for worker in self._workers),
                            max(int(each["unarchivedRatings"]) for each in known),
                            max(each["oldestUnarchivedSeconds"] for each in known),
                        )
                    )


async def _backlog(session: aiohttp.ClientSession, worker: Worker) -> dict[str, float] | None:
    try:
        async with session.get(f"{worker.url}/readyz") as answer:
            report = await answer.json(content_type=None)
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return None
    backlog: dict[str, float] | None = report.get("archive")
    return backlog


def _megabytes(worker: Worker) -> float:
    identity = Identity.of(worker.process.pid) if worker.runs else None
    return ((identity.memory_bytes() or 0) if identity else 0) / 1e6


async def _down(server: ServerProcess) -> None:
    await asyncio.to_thread(server.kill)
    await asyncio.sleep(3)
    await asyncio.to_thread(server.start)


async def _paused(server: ServerProcess) -> None:
    await asyncio.to_thread(server.pause)
    await asyncio.sleep(12)
    await asyncio.to_thread(server.resume)


def _report(soak: Soak, load: Load, row: object, minutes: float) -> list[str]:
    lines = [
        f"{minutes:.0f} minutes, {len(soak.faults)} kinds of faults, {soak.restarts} restarts.",
        "",
        f"`{row}`",
        "",
        f"Answers by status (0: none): {dict(sorted(load.sent.statuses.items()))}",
        "",
        "| fault | times |",
        "|---|---:|",
        *(f"| {name} | {times} |" for name, times in soak.faults.most_common()),
        "",
        "| minutes | memory, median | memory, most | waiting, most | oldest, most |",
        "|---|---:|---:|---:|---:|",
    ]
    step = minutes / 10
    for number in range(10):
        part = [s for s in soak.samples if number * step <= s.minute < (number + 1) * step]
        if part:
            lines.append(
                f"| {number * step:.1f} to {(number + 1) * step:.1f} "
                f"| {median(s.megabytes for s in part):.0f} MB "
                f"| {max(s.megabytes for s in part):.0f} MB "
                f"| {max(s.waiting for s in part)} "
                f"| {max(s.oldest_seconds for s in part):.0f} s |"
            )
    return lines


async def soak(minutes: float, folder: Path, seed: int) -> list[str]:
    """The report, once the time is over and everything is compared.

    Raises:
        AssertionError: an invariant does not hold.
    """
    stack = Stack(home=folder / "stack", ports=StackPorts.free(), die_with_parent=True)
    await asyncio.to_thread(stack.up)
    service = Service(stack, folder)
    try:
        workers = await service.start(2)
        run = Soak(service, workers, random.Random(seed))
        async with Load(workers, users=20, per_second=20) as load:
            await run.run(minutes)
        for worker in workers:
            if not worker.runs:
                worker.launch()
        await asyncio.to_thread(stack.up)
        row = await check(service, load.sent, "soak", since=time.monotonic())
        return _report(run, load, row, minutes)
    finally:
        await asyncio.to_thread(service.close)
        await asyncio.to_thread(stack.close)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("minutes", type=float)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = asyncio.run(soak(arguments.minutes, Path(folder), arguments.seed))
    print("\n".join(report))


if __name__ == "__main__":
    main()
