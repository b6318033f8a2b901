"""Ratings from people to Kafka, and from Kafka to the archive."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any, Protocol, TypeVar

import msgspec
import stamina

from recsys_app.archive import ArchiveRow, format_rating, format_row
from recsys_app.errors import ArchiveConflict, BadDataError, Unavailable
from recsys_app.failpoints import Reach, nothing
from recsys_app.models import Message, Rating, Record, rating_decoder
from recsys_app.services.csv_writer import CSVWriter
from recsys_app.services.dead_letters import DeadLetters, MessageSender, Rejected
from recsys_app.services.deadlines import Deadlines
from recsys_app.services.idempotent_answers import IdempotentAnswers
from recsys_app.stores.kafka import OffsetRange, Position
from recsys_app.waiter import Waiter

log = logging.getLogger(__name__)

T = TypeVar("T")

_BATCH_PATIENCE = 10
"""So many times longer than one rating may a batch of thousands take."""
_ROWS_AT_ONCE = 2000
"""Some milliseconds."""


class PartitionLog(Protocol):
    """A topic read by offset."""

    async def partitions(self, topic: str) -> list[int]: ...
    async def offsets(self, topic: str, partition: int) -> OffsetRange: ...
    async def read(
        self, topic: str, partition: int, start: int, stop: int, *, limit: int = 5000
    ) -> list[Record]: ...


class RatingService:
    """Accepts ratings once Kafka has them, and archives what Kafka holds."""

    def __init__(
        self,
        *,
        messages: MessageSender,
        kafka_log: PartitionLog,
        writer: CSVWriter,
        topic: str,
        dead_letters: DeadLetters,
        send_timeout_seconds: float,
        max_in_flight: int = 20_000,
        answers: IdempotentAnswers | None = None,
        reach: Reach = nothing,
    ) -> None:
        self._messages = messages
        self._log = kafka_log
        self._writer = writer
        self._topic = topic
        self._dead_letters = dead_letters
        self._send_timeout = send_timeout_seconds
        self._max_in_flight = max_in_flight
        self._in_flight = 0
        self._deadlines: Deadlines[_Sent] = Deadlines(send_timeout_seconds, self._expire)
        self._answers = answers
        self._reach = reach
        self.last_attempt = time.monotonic()
        """When a batch was last tried, by the monotonic clock."""
        self._checked: set[int] = set()

    async def send_rating(self, rating: Rating) -> Position:
        """Where Kafka has put the rating, once all in-sync replicas have it.

        A rating with an idempotency key that was sent before is where it was put then.

        Raises:
            BadDataError: the idempotency key came with another rating before.
            RequestInProgress: a request with this key is still being worked on.
            Unavailable: Kafka did not confirm it in time, or too many ratings wait already. The
                rating may still arrive; sending it again is safe, since the newest rating of a
                movie by a user counts.
        """
        if rating.idempotencyKey is None or self._answers is None:
            return await self._send(rating)
        return await self._answers.once(rating, lambda: self._send(rating))

    async def _send(self, rating: Rating) -> Position:
        async def send() -> Position:
            self._reach("rating-sending")
            position = await self._messages.send(
                self._topic, b"%d" % rating.userId, msgspec.json.encode(rating)
            )
            self._reach("rating-sent")
            return position

        return await self._waiting(send(), 1, self._send_timeout)

    def put_rating(self, rating: Rating, waiter: Waiter[Position]) -> bool:
        """As `send_rating`, for a waiter that is no future and a rating without a key; False,
        with nothing done, if `send_rating` has to be called."""
        if self._in_flight >= self._max_in_flight:
            return False
        self._reach("rating-sending")
        sent = _Sent(waiter, self)
        key = b"%d" % rating.userId
        if not self._messages.put(self._topic, key, msgspec.json.encode(rating), sent):
            return False
        self._in_flight += 1
        self._deadlines.add(sent)
        return True

    def _no_longer_waits(self, sent: _Sent) -> None:
        self._in_flight -= 1
        self._deadlines.take_off(sent)

    def _expire(self, sent: _Sent) -> None:
        sent.set_exception(Unavailable("Kafka", f"no answer within {self._send_timeout:g} s"))

    async def _waiting(self, sending: Coroutine[Any, Any, T], ratings: int, seconds: float) -> T:
        """Has a place for so many ratings to wait for Kafka in, and no longer than that.

        What waits takes memory, so its number is bounded. Those who come to an empty place find
        room, however many they are.
        """
        if self._in_flight and self._in_flight + ratings > self._max_in_flight:
            sending.close()
            raise Unavailable("Kafka", f"{self._in_flight} ratings already wait for it")
        self._in_flight += ratings
        try:
            async with asyncio.timeout(seconds):
                return await sending
        except TimeoutError:
            raise Unavailable("Kafka", f"no answer within {seconds:g} s") from None
        finally:
            self._in_flight -= ratings

    async def send_ratings(self, ratings: Sequence[Rating]) -> list[Position]:
        """Where Kafka has put each of the ratings, once all in-sync replicas have all of them.

        Raises:
            Unavailable: as for one rating; any of them may still arrive.
        """
        messages = [(b"%d" % rating.userId, msgspec.json.encode(rating)) for rating in ratings]
        sending = self._messages.send_many(self._topic, messages)
        return await self._waiting(sending, len(ratings), _BATCH_PATIENCE * self._send_timeout)

    async def consume_ratings(self, partition: int, records: Sequence[Message]) -> None:
        """Returns once every record is durable: in the archive, or as a dead letter.

        Outages are waited out. Records that the archive has are passed over, and records before
        these that it lacks are fetched from Kafka, so it does not matter where the consumer group
        believes to be.

        Raises:
            ArchiveConflict: the topic is not the one that the archive was written from.
        """
        async for attempt in stamina.retry_context(
            on=Unavailable, attempts=None, timeout=None, wait_initial=0.2, wait_max=5.0
        ):
            with attempt:
                self.last_attempt = time.monotonic()
                await self._archive(partition, records)

    async def _archive(self, partition: int, records: Sequence[Message]) -> None:
        # What lies before the archive's end was delivered again, or belongs to another topic of
        # the same name: passing over it unseen would lose it.
        runs = _runs(records)
        first = runs[0][0].offset
        if partition not in self._checked or first < await self._next(partition):
            await self._check_topic(partition)
            self._checked.add(partition)
        for run in runs:
            await self._fill_gap(partition, before=run[0].offset)
            known = await self._next(partition) - run[0].offset
            await self._write(partition, run[max(0, known) :])

    async def _next(self, partition: int) -> int:
        return await self._writer.next_offset(partition)

    async def _check_topic(self, partition: int) -> None:
        """Sees that the topic is the one that the archive was written from.

        Raises:
            ArchiveConflict: the topic ends before the archive does, or has another message where
                the archive has its last row.
        """
        self._writer.forget(partition)
        last = await self._writer.last_row(partition)
        if last is None:
            return
        held = await self._log.offsets(self._topic, partition)
        if held.end <= last.offset:
            found = f"the topic ends at {held.end}"
        elif last.is_void or held.beginning > last.offset:
            return
        else:
            there = await self._log.read(self._topic, partition, last.offset, last.offset + 1)
            if not there or _is_row_of(last, there[0]):
                return
            found = "the topic has another message there"
        raise ArchiveConflict(
            f"The archive holds offset {last.offset} of partition {partition}, but {found}: it "
            "was deleted and created again. Run `recsys archive new-epoch` to keep what is "
            "archived and to go on with the new topic."
        )

    async def open_new_epoch(self) -> int:
        """Begins a new epoch of the archive for a topic that was created again; returns it.

        Raises:
            BadDataError: the topic is still the one that the archive was written from.
        """
        partitions = await self._log.partitions(self._topic)
        for partition in partitions:
            try:
                await self._check_topic(partition)
            except ArchiveConflict:
                return await self._writer.open_new_epoch(partitions)
        raise BadDataError(
            f"The archive goes on where the topic {self._topic} does: a new epoch would archive "
            "its ratings twice. Nothing was changed."
        )

    async def _fill_gap(self, partition: int, *, before: int) -> None:
        while (expected := await self._next(partition)) < before:
            missing = await self._log.read(self._topic, partition, expected, before)
            if not missing:
                log.warning(
                    "Kafka no longer holds partition %d from offset %d to %d: the archive goes on "
                    "after them",
                    partition,
                    expected,
                    before - 1,
                )
                return
            log.info("archiving %d ratings that nobody delivered", len(missing))
            await self._write(partition, missing)

    async def _write(self, partition: int, records: Sequence[Message]) -> None:
        if not records:
            return
        lines: list[str] = []
        rejected: list[Rejected] = []
        for start in range(0, len(records), _ROWS_AT_ONCE):
            _format(records[start : start + _ROWS_AT_ONCE], lines, rejected)
            await asyncio.sleep(0)  # requests are waiting, too
        # Dead letters first: a crash between the two sends them twice rather than never.
        await self._dead_letters.send(partition, rejected)
        await self._writer.write_lines(partition, [record.offset for record in records], lines)


class _Sent:
    """Waits for Kafka with one of the places that there are for that, until the deadline."""

    __slots__ = ("_is_done", "_service", "_waiter")

    def __init__(self, waiter: Waiter[Position], service: RatingService) -> None:
        self._waiter = waiter
        self._service = service
        self._is_done = False

    def done(self) -> bool:
        return self._is_done

    def set_result(self, position: Position, /) -> None:
        self._is_done = True
        self._service._no_longer_waits(self)
        self._service._reach("rating-sent")
        self._waiter.set_result(position)

    def set_exception(self, error: BaseException, /) -> None:
        self._is_done = True
        self._service._no_longer_waits(self)
        self._waiter.set_exception(error)


def _format(records: Sequence[Message], lines: list[str], rejected: list[Rejected]) -> None:
    with suppress(msgspec.MsgspecError, UnicodeDecodeError):
        ratings = [rating_decoder.decode(record.value or b"") for record in records]
        lines += map(_format_one, records, ratings)
        return
    for record in records:  # a bad one is among them
        try:
            rating = _to_rating(record)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            lines.append(format_row(ArchiveRow(record.offset)))
            rejected.append(Rejected(record, str(error)))
        else:
            lines.append(_format_one(record, rating))


def _format_one(record: Message, rating: Rating) -> str:
    return format_rating(record.offset, record.timestamp, rating)


def _runs(records: Sequence[Message]) -> list[Sequence[Message]]:
    """The records in the order of their offsets, each once, cut where an offset is missing.

    A rebalance in the middle of a batch puts the same messages into it again, from the committed
    offset on.
    """
    offsets = [record.offset for record in records]
    if offsets == list(range(offsets[0], offsets[0] + len(offsets))):
        return [records]
    runs: list[list[Message]] = []
    for offset, record in sorted({record.offset: record for record in records}.items()):
        if not runs or runs[-1][-1].offset + 1 != offset:
            runs.append([])
        runs[-1].append(record)
    return list[Sequence[Message]](runs)


def _is_row_of(row: ArchiveRow, record: Message) -> bool:
    try:
        rating = _to_rating(record)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False
    return _format_one(record, rating) == format_row(row)


def _to_rating(record: Message) -> Rating:
    if record.value is None:
        raise msgspec.ValidationError("the message is empty")
    return rating_decoder.decode(record.value)
