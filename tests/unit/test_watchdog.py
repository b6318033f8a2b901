"""The watchdog ends a process that has silently stopped, and no other."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from recsys_app.errors import Unavailable
from recsys_app.services.watchdog import Stalled, Watchdog
from recsys_app.stores.kafka_lag import GroupPosition


class Broker:
    def __init__(self) -> None:
        self.committed, self.end = [0, 0], [0, 0]
        self.down = False

    async def positions(self, topics: Sequence[str]) -> list[GroupPosition]:
        if self.down:
            raise Unavailable("Kafka")
        return [GroupPosition("ratings", p, self.committed[p], self.end[p]) for p in (0, 1)]

    async def oldest_timestamps(
        self, positions: Sequence[GroupPosition]
    ) -> dict[GroupPosition, int]:
        return {p: 900_000 for p in positions if p.committed < p.end}


class Process:
    """A watched process in a time of its own."""

    def __init__(self) -> None:
        self.broker = Broker()
        self.now = 1000.0
        self.attempt = 1000.0
        self.watchdog = Watchdog(
            group=self.broker,
            topic="ratings",
            stalled_seconds=60,
            last_attempt=lambda: self.attempt,
            last_commit=lambda: None,
            monotonic=lambda: self.now,
            clock=lambda: self.now,
        )

    async def after(self, seconds: float, assigned: set[int] | None = None) -> None:
        for _ in range(10):
            self.now += seconds / 10
            await self.watchdog.look({0, 1} if assigned is None else assigned)


@pytest.fixture
async def process() -> Process:
    process = Process()
    await process.watchdog.look({0, 1})
    return process


async def test_a_process_that_does_nothing_is_ended(process: Process) -> None:
    process.broker.end = [5, 0]
    with pytest.raises(Stalled, match="Partition 0 of ratings has 5 ratings"):
        await process.after(70)


async def test_a_process_without_work_goes_on(process: Process) -> None:
    await process.after(1000)


async def test_a_process_that_commits_goes_on(process: Process) -> None:
    process.broker.end = [50, 0]
    for _ in range(20):
        process.broker.committed[0] += 1
        await process.after(30)


async def test_a_process_that_tries_goes_on(process: Process) -> None:
    """HDFS is down: a new process could do no better."""
    process.broker.end = [5, 0]
    for _ in range(20):
        process.attempt = process.now
        await process.after(30)


async def test_only_its_own_partitions_count(process: Process) -> None:
    process.broker.end = [5, 0]
    await process.after(1000, {1})


async def test_a_process_without_partitions_answers_for_all(process: Process) -> None:
    process.broker.end = [5, 0]
    with pytest.raises(Stalled):
        await process.after(70, set())


async def test_an_outage_of_kafka_is_not_counted(process: Process) -> None:
    process.broker.end = [5, 0]
    await process.after(50)
    process.broker.down = True
    process.now += 1000
    with pytest.raises(Unavailable):
        await process.watchdog.look({0, 1})
    process.broker.down = False
    await process.after(50)


async def test_a_process_that_was_stopped_gets_its_time(process: Process) -> None:
    process.broker.end = [5, 0]
    await process.after(10)
    process.now += 1000
    await process.watchdog.look({0, 1})
    await process.after(50)


async def test_the_backlog_is_told(process: Process) -> None:
    process.broker.end = [5, 2]
    process.broker.committed = [1, 2]
    await process.watchdog.look({0, 1})
    process.now += 10
    await process.watchdog.look({0, 1})
    assert process.watchdog.details() == {
        "unarchivedRatings": 4,
        "oldestUnarchivedSeconds": 110.0,
        "lastProgressSeconds": 10.0,
        "lastCommitSeconds": None,
    }
