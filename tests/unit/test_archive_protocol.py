"""The archive's promises under crashes, races, lost replies and redelivery, step by step.

Several workers write one partition through the real `RatingService` and `CSVWriter`. Each step of
each of them (a call to the file system, before and after its effect) is taken when Hypothesis says
so, and may crash the worker, fail the call, or lose its reply. A worker that is not given a step is
one that was stopped: it goes on later with what it believed then.
"""

from __future__ import annotations

import logging
from collections.abc import Coroutine, Generator, Iterator, Sequence
from typing import Any

import pytest
import stamina
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from recsys_app import archive
from recsys_app.archive import ArchiveRow
from recsys_app.errors import Unavailable
from recsys_app.models import Record
from recsys_app.services.csv_writer import CSVWriter
from recsys_app.services.dead_letters import DeadLetters
from recsys_app.services.rating_service import RatingService
from recsys_app.stores.kafka import OffsetRange, Position
from tests.memory_files import MemoryFiles, MemoryFileStore

PARTITION = 3
WORKERS = 3
ROOT = "/ratings"
workers = st.integers(0, WORKERS - 1)


class Pause:
    """Awaited, it hands control to whoever drives the coroutine."""

    def __await__(self) -> Generator[Pause, None, None]:
        yield self


async def pause(_: str) -> None:
    await Pause()


class MemoryLog:
    """A partition of a topic, from its beginning on."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.beginning = 0

    async def partitions(self, topic: str) -> list[int]:
        return [PARTITION]

    async def offsets(self, topic: str, partition: int) -> OffsetRange:
        await Pause()
        return OffsetRange(self.beginning, len(self.records))

    async def read(
        self, topic: str, partition: int, start: int, stop: int, *, limit: int = 5000
    ) -> list[Record]:
        await Pause()
        return self.records[max(start, self.beginning) : stop][: min(limit, 4)]


class MemoryMessages:
    """The dead letters, by the positions in their keys."""

    def __init__(self) -> None:
        self.letters: set[bytes] = set()

    async def send(self, topic: str, key: bytes, value: bytes) -> Position:
        raise NotImplementedError

    async def send_many(
        self, topic: str, messages: Sequence[tuple[bytes, bytes]]
    ) -> list[Position]:
        await Pause()
        self.letters.update(key for key, _ in messages)
        return []


class Worker:
    """A process: what it remembers, and what it is about to do."""

    def __init__(self, files: MemoryFiles, log: MemoryLog, messages: MemoryMessages) -> None:
        self._service = RatingService(
            messages=messages,
            kafka_log=log,
            writer=CSVWriter(MemoryFileStore(files, pause), root=ROOT),
            topic="ratings",
            dead_letters=DeadLetters(messages=messages, source="ratings", topic="dead"),
            send_timeout_seconds=1,
        )
        self.records: list[Record] = []
        self.task: Coroutine[Any, Any, None] | None = None

    def deliver(self, records: list[Record]) -> None:
        self.records = records

    def step(self, failure: Exception | None = None) -> bool:
        """Goes on to the next gate; True when the batch is done, and would be acknowledged."""
        if not self.records:
            return False
        try:
            if self.task is None:
                self.task = self._service.consume_ratings(PARTITION, self.records)
                self.task.send(None)
            elif failure:
                self.task.throw(failure)
            else:
                self.task.send(None)
        except StopIteration:
            self.task, self.records = None, []
            return True
        except Unavailable:  # the service waits and tries the same batch again
            self.task = None
        return False

    def crash(self) -> None:
        if self.task is not None:
            self.task.close()


class ArchiveProtocol(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.files = MemoryFiles()
        self.log = MemoryLog()
        self.messages = MemoryMessages()
        self.workers = [self._worker() for _ in range(WORKERS)]
        self.acknowledged = 0
        """The offset before which every rating was acknowledged by some worker."""

    def _worker(self) -> Worker:
        return Worker(self.files, self.log, self.messages)

    @rule(count=st.integers(1, 5), bad=st.booleans())
    def produce(self, count: int, bad: bool) -> None:
        for _ in range(count):
            offset = len(self.log.records)
            value = b'{"userId":7,"movieId":%d,"rating":4.5}' % (offset + 1)
            self.log.records.append(Record(offset, 1000, b"7", b"\xff" if bad else value))

    @precondition(lambda self: len(self.log.records) > self.log.beginning)
    @rule(
        worker=workers,
        steps=st.integers(0, 40),
        then=st.sampled_from(["wait", "fail", "crash"]),
        offsets=st.lists(st.integers(0, 50), min_size=1, max_size=6),
    )
    def work(self, worker: int, steps: int, then: str, offsets: list[int]) -> None:
        """A worker goes on for some steps; then it waits, its call fails, or it dies.

        One that has nothing to do gets any messages, in any order, again, or with gaps between
        them, as they come around a rebalance. A call that fails may have had its effect.
        """
        chosen = self.workers[worker]
        if not chosen.records:
            held = self.log.records[self.log.beginning :]
            chosen.deliver([held[offset % len(held)] for offset in offsets])
        for _ in range(steps):
            last = max(chosen.records).offset
            if chosen.step():
                self.acknowledged = max(self.acknowledged, last + 1)
                return
        if then == "fail":
            chosen.step(Unavailable("HDFS"))
        elif then == "crash":
            chosen.crash()
            self.workers[worker] = self._worker()

    @rule()
    def expire(self) -> None:
        """Kafka's retention removes what is archived."""
        self.log.beginning = len(self._archived())

    @invariant()
    def every_file_is_whole_and_each_offset_is_there_once_and_in_order(self) -> None:
        rows = self._archived()
        assert [row.offset for row in rows] == list(range(len(rows)))
        for row, record in zip(rows, self.log.records, strict=False):
            assert row.is_void == (record.value == b"\xff")
            assert row.is_void or row.movie_id == record.offset + 1

    @invariant()
    def what_was_acknowledged_is_archived(self) -> None:
        assert len(self._archived()) >= self.acknowledged

    @invariant()
    def what_is_void_is_a_dead_letter(self) -> None:
        void = {b"ratings-%d-%d" % (PARTITION, r.offset) for r in self._archived() if r.is_void}
        assert void <= self.messages.letters

    def teardown(self) -> None:
        """Every worker goes on with what it believes, and one archives the rest."""
        if len(self.log.records) > self.log.beginning:
            self.workers.append(self._worker())
            self.workers[-1].deliver(self.log.records[-1:])
        for worker in self.workers:
            for _ in range(2_000):
                if worker.records:
                    worker.step()
            assert not worker.records
        assert len(self._archived()) == len(self.log.records)
        self.every_file_is_whole_and_each_offset_is_there_once_and_in_order()

    def _archived(self) -> list[ArchiveRow]:
        directory = archive.partition_directory(ROOT, 0, PARTITION)
        rows = []
        for path in sorted(self.files.files):
            if path.startswith(directory):
                rows += archive.parse_rows(self.files.files[path].decode(), path)
        return rows


ArchiveProtocol.TestCase.settings = settings(
    max_examples=150, stateful_step_count=40, deadline=None
)


@pytest.mark.usefixtures("_one_attempt")
class TestArchiveProtocol(ArchiveProtocol.TestCase):  # type: ignore[misc]  # made at run time
    pass


@pytest.fixture(scope="module")
def _one_attempt() -> Iterator[None]:
    """A failed attempt ends the coroutine; the worker above then begins the batch again."""
    logging.disable()
    with stamina.set_testing(True, attempts=1, cap=True):
        yield
    logging.disable(logging.NOTSET)
