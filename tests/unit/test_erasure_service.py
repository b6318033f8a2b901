"""The order of an erasure: what waits for what, and what a crash leaves to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from recsys_app.errors import Unavailable
from recsys_app.models import Record
from recsys_app.services.archive_eraser import ErasedRows
from recsys_app.services.erasure_service import ErasureService
from recsys_app.stores.kafka import OffsetRange, Position


class World:
    """Every store in memory, and a note of what was done in which order."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.receipts: dict[str, dict[str, Any]] = {}
        self.archived = {0: 10}
        self.cached = {0: 0}
        self.training_runs = False
        self.is_down = False
        self.active_number = 3

    # Receipts
    async def create(self, receipt: str, document: Mapping[str, Any]) -> None:
        self.receipts[receipt] = {"_id": receipt, **document}

    async def find(self, receipt: str) -> Mapping[str, Any] | None:
        return self.receipts.get(receipt)

    async def pending(self) -> Sequence[Mapping[str, Any]]:
        return [dict(each) for each in self.receipts.values() if "userId" in each]

    async def update(self, receipt: str, changes: Mapping[str, Any]) -> None:
        self.receipts[receipt] |= changes

    async def complete(self, receipt: str, changes: Mapping[str, Any]) -> None:
        self.receipts[receipt] |= changes
        del self.receipts[receipt]["userId"]

    # Stores
    async def forget_user(self, user_id: int, *, last: bool = False) -> None:
        self.done.append(f"forget{' for good' if last else ''}")

    async def erase(self, *_: object) -> ErasedRows:
        if self.is_down:
            raise Unavailable("HDFS")
        self.done.append("rewrite")
        return ErasedRows(1, 5)

    async def delete_before(self, topic: str, ends: Mapping[int, int]) -> None:
        self.done.append(f"cut {topic} at {ends}")

    async def partitions(self, topic: str) -> list[int]:
        return [0]

    async def offsets(self, topic: str, partition: int) -> OffsetRange:
        return OffsetRange(0, 10)

    async def read(self, *_: object, **__: object) -> list[Record]:
        return []

    # Kafka's producer, the lease and the models
    async def send(self, topic: str, key: bytes, value: bytes) -> Position:
        self.done.append(f"send {topic}")
        return Position(0, 0)

    async def send_tombstone(self, topic: str, key: bytes) -> Position:
        return Position(0, 7)

    async def acquire(self, name: str, holder: str, seconds: float) -> bool:
        return not self.training_runs

    async def release(self, name: str, holder: str) -> None:
        pass

    async def runs(self, limit: int = 50) -> list[dict[str, Any]]:
        return [{"number": 4, "startedAt": datetime.now(UTC)}]

    async def active(self) -> Mapping[str, Any] | None:
        return {"number": self.active_number}

    async def taken_in(self) -> Mapping[int, int]:
        return self.archived

    async def cache_progress(self) -> Mapping[int, int]:
        return self.cached


def service(world: Any) -> ErasureService:
    return ErasureService(
        receipts=world,
        stores=[world],
        kafka_log=world,
        messages=world,
        archive=world,
        letters=world,
        models=world,
        leases=world,
        holder="test",
        ratings="ratings",
        recommendations="recommendations",
        training_requests="training-requests",
        dead_letters=(),
        taken_in=(world.taken_in,),
        cached=world.cache_progress,
    )


async def test_the_archive_is_rewritten_before_the_topic_is_cut() -> None:
    world = World()
    erasures = service(world)
    receipt = await erasures.erase(7)
    assert world.done == ["forget"]  # answers no longer know the user
    await erasures.proceed()
    assert world.done[1:] == ["rewrite", "cut ratings at {0: 10}", "forget"]
    await erasures.proceed()  # a list may still be on its way into the cache
    assert world.receipts[receipt]["state"] == "rewritten"
    world.cached = {0: 8}
    await erasures.proceed()
    assert world.done[-2:] == ["forget for good", "send training-requests"]
    assert "userId" not in world.receipts[receipt]


@pytest.mark.parametrize("obstacle", ["archive", "training", "outage"])
async def test_it_waits_and_then_goes_on(obstacle: str) -> None:
    world = World()
    erasures = service(world)
    await erasures.erase(7)
    world.archived = {0: 9} if obstacle == "archive" else {0: 10}
    world.training_runs = obstacle == "training"
    world.is_down = obstacle == "outage"
    await erasures.proceed()
    assert world.done == ["forget"]
    world.archived, world.training_runs, world.is_down = {0: 10}, False, False
    await erasures.proceed()
    assert "rewrite" in world.done


async def test_the_receipt_tells_whether_the_model_was_trained_without_the_user() -> None:
    world = World()
    erasures = service(world)
    receipt = await erasures.erase(7)
    world.cached = {0: 8}
    await erasures.proceed()
    await erasures.proceed()
    told = await erasures.progress(receipt)
    assert told is not None
    assert (told.state, told.archivedRatings, told.modelTrainedWithout) == ("erased", 5, False)
    world.active_number = 5
    later = await erasures.progress(receipt)
    assert later is not None
    assert later.modelTrainedWithout
    assert await erasures.progress("another") is None


async def test_many_erasures_ask_for_one_training() -> None:
    world = World()
    erasures = service(world)
    for user_id in range(1, 6):
        await erasures.erase(user_id)
    world.cached = {0: 8}
    await erasures.proceed()
    await erasures.proceed()
    assert world.done.count("send training-requests") == 1
