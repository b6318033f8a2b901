"""What is accepted, what is refused, and which topic is believed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from recsys_app.archive import ArchiveRow
from recsys_app.errors import ArchiveConflict, BadDataError, Unavailable
from recsys_app.models import Rating, Record
from recsys_app.services.csv_writer import CSVWriter, EpochClosed
from recsys_app.services.dead_letters import DeadLetters
from recsys_app.services.rating_service import RatingService
from recsys_app.stores.kafka import OffsetRange, Position
from tests.memory_files import MemoryFiles, MemoryFileStore


class Broker:
    """A topic of one partition; it confirms when it is let go."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.confirms = asyncio.Event()
        self.confirms.set()

    def rate(self, *movies: int) -> list[Record]:
        self.records += [
            Record(len(self.records) + i, 0, b"1", b'{"userId":1,"movieId":%d,"rating":4}' % movie)
            for i, movie in enumerate(movies)
        ]
        return self.records

    async def send(self, topic: str, key: bytes, value: bytes) -> Position:
        await self.confirms.wait()
        return Position(0, 7)

    async def send_many(
        self, topic: str, messages: Sequence[tuple[bytes, bytes]]
    ) -> list[Position]:
        await self.confirms.wait()
        return [Position(0, number) for number, _ in enumerate(messages)]

    async def partitions(self, topic: str) -> list[int]:
        return [0]

    async def offsets(self, topic: str, partition: int) -> OffsetRange:
        return OffsetRange(0, len(self.records))

    async def read(
        self, topic: str, partition: int, start: int, stop: int, *, limit: int = 5000
    ) -> list[Record]:
        return self.records[start:stop]


def service(broker: Broker, files: MemoryFiles | None = None, timeout: float = 30) -> RatingService:
    return RatingService(
        messages=broker,
        kafka_log=broker,
        writer=CSVWriter(MemoryFileStore(files), root="/r"),
        topic="ratings",
        dead_letters=DeadLetters(messages=broker, source="ratings", topic="dead"),
        send_timeout_seconds=timeout,
        max_in_flight=3,
    )


async def test_too_many_ratings_are_refused_at_once() -> None:
    broker = Broker()
    broker.confirms.clear()
    ratings = service(broker)
    waiting = [asyncio.create_task(ratings.send_rating(Rating(1, 2, 4))) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable, match="3 ratings already wait"):
        await ratings.send_rating(Rating(1, 2, 4))
    broker.confirms.set()
    assert await asyncio.gather(*waiting) == [(0, 7)] * 3
    assert await ratings.send_rating(Rating(1, 2, 4)) == (0, 7)


async def test_batches_wait_in_the_same_place() -> None:
    broker = Broker()
    broker.confirms.clear()
    ratings = service(broker)
    batch = [Rating(1, movie, 4) for movie in range(1, 6)]
    longer_than_the_place = asyncio.create_task(ratings.send_ratings(batch))
    await asyncio.sleep(0)
    with pytest.raises(Unavailable, match="5 ratings already wait"):
        await ratings.send_ratings(batch[:1])
    with pytest.raises(Unavailable, match="5 ratings already wait"):
        await ratings.send_rating(batch[0])
    broker.confirms.set()
    assert len(await longer_than_the_place) == 5
    assert len(await ratings.send_ratings(batch[:3])) == 3


async def test_a_broker_that_does_not_confirm_is_not_waited_for() -> None:
    broker = Broker()
    broker.confirms.clear()
    ratings = service(broker, timeout=0.01)
    with pytest.raises(Unavailable, match=r"no answer within 0\.01 s"):
        await ratings.send_rating(Rating(1, 2, 4))
    with pytest.raises(Unavailable, match=r"no answer within 0\.1 s"):
        await ratings.send_ratings([Rating(1, 2, 4)])


@pytest.mark.parametrize("movies", [[9], [9, 9, 9, 9]], ids=["shorter", "as long"])
async def test_another_topic_of_the_same_name_is_refused(movies: list[int]) -> None:
    files, broker = MemoryFiles(), Broker()
    running = service(broker, files)
    await running.consume_ratings(0, broker.rate(1, 2, 3))
    broker.records = []
    broker.rate(*movies)
    for ratings in (service(broker, files), running):
        with pytest.raises(ArchiveConflict, match="Run `recsys archive new-epoch`"):
            await ratings.consume_ratings(0, broker.records[:1])

    assert await service(broker, files).open_new_epoch() == 1
    await running.consume_ratings(0, broker.records)
    assert sorted(path for path in files.files if "epoch=1" in path) == [
        f"/r/epoch=1/partition=0/{0:020d}.csv"
    ]
    with pytest.raises(BadDataError, match="Nothing was changed"):
        await service(broker, files).open_new_epoch()


async def test_a_closed_epoch_takes_nothing_more() -> None:
    """A writer that has not heard of the new epoch finds its next name taken."""
    files = MemoryFiles()
    writer = CSVWriter(MemoryFileStore(files), root="/r")
    await writer.write_to_csv(0, [ArchiveRow(0, 1, 1, 4.0, 0), ArchiveRow(1, 1, 2, 4.0, 0)])
    await CSVWriter(MemoryFileStore(files), root="/r").open_new_epoch([0])
    with pytest.raises(Unavailable, match="another writer"):
        await writer.write_to_csv(0, [ArchiveRow(2, 1, 3, 4.0, 0)])
    assert await writer.next_offset(0) == 0


async def test_an_epoch_that_was_closed_without_a_next_one_says_what_to_do() -> None:
    files, broker = MemoryFiles(), Broker()
    await service(broker, files).consume_ratings(0, broker.rate(1, 2))
    await CSVWriter(MemoryFileStore(files), root="/r").open_new_epoch([0])
    files.directories = {path for path in files.directories if "epoch=1" not in path}
    with pytest.raises(EpochClosed, match="new-epoch` again"):
        await CSVWriter(MemoryFileStore(files), root="/r").next_offset(0)
    assert await CSVWriter(MemoryFileStore(files), root="/r").open_new_epoch([0]) == 1
