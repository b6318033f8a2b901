"""When the fold-in takes ratings from the topic."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from agents.fold_in import FoldInAgent
from recsys_app.models import Message, Record
from recsys_app.services.fold_in_service import FoldInService


class Waiting:
    """A reader of a topic in which there is always a rating."""

    def __init__(self) -> None:
        self.takes = 0

    async def start(self) -> None:
        pass

    async def close(self) -> None:
        pass

    def unplaced(self) -> set[int]:
        return set()

    def place(self, partition: int, offset: int) -> None:
        pass

    def displace(self, partitions: set[int]) -> None:
        pass

    async def take(self, limit: int) -> Mapping[int, Sequence[Message]]:
        self.takes += 1
        return {0: [Record(self.takes, 0, b"7", b"{}")]}


class Taken(FoldInService):
    """Notes what it is given."""

    def __init__(self) -> None:
        self.offsets: list[int] = []

    async def consume_ratings(self, records: Mapping[int, Sequence[Message]]) -> set[int]:
        self.offsets += [record.offset for found in records.values() for record in found]
        await asyncio.sleep(0)
        return set()


@pytest.mark.parametrize(("pace_seconds", "are_more_taken"), [(0.0, True), (1000.0, False)])
async def test_the_first_ratings_are_taken_at_once_and_others_at_a_pace(
    pace_seconds: float, are_more_taken: bool
) -> None:
    fold_in = Taken()
    agent = FoldInAgent(reader=Waiting(), fold_in=fold_in, pace_seconds=pace_seconds)
    await agent.start()
    for _ in range(200):
        await asyncio.sleep(0)
    assert fold_in.offsets[:1] == [1]
    assert (len(fold_in.offsets) > 1) == are_more_taken
    await agent.stop()  # at once, whatever the pace
