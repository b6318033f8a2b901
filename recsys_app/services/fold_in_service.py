"""Ratings to everybody's lists, without a training."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from typing import Protocol

import msgspec
import stamina

from recsys_app.archive import ArchiveRow, place_of
from recsys_app.errors import BadDataError, Unavailable
from recsys_app.models import Message, Recommendations, rating_decoder, sequence_number
from recsys_app.services.csv_writer import CSVWriter
from recsys_app.services.dead_letters import MessageSender
from recsys_app.services.serving_model import ServingModel
from recsys_app.stores.redis_ratings import RatingChange, UserRatings

log = logging.getLogger(__name__)

USERS_AT_ONCE = 200
"""So many lists are computed and sent at a time: the first need not wait for the last."""

Changes = dict[int, list[RatingChange]]


class RatingStore(Protocol):
    async def apply(
        self, changes: Mapping[int, Sequence[RatingChange]]
    ) -> dict[int, UserRatings]: ...
    async def fill(self, changes: Mapping[int, Sequence[RatingChange]]) -> None: ...
    async def announce(self, revisions: Mapping[int, int]) -> None: ...
    async def positions(self, partitions: Sequence[int]) -> list[int | None]: ...
    async def set_position(self, partition: int, position: int) -> None: ...
    async def advance(self, positions: Mapping[int, int]) -> set[int]: ...


class FoldInService:
    """Keeps everybody's ratings in Redis and publishes new lists for those who rate.

    `expired` gives, as epoch and rows, what is left of a partition's archive files that are gone.

    Up to which offset the ratings are in Redis, Redis itself remembers. If it is new or was
    emptied, the archive fills it before the topic goes on, so nobody's list is made of a part of
    their ratings. Taking ratings twice changes nothing: each carries its place in the topic.
    """

    def __init__(
        self,
        *,
        ratings: RatingStore,
        archive: CSVWriter,
        expired: Callable[[int], AsyncIterator[tuple[int, Sequence[ArchiveRow]]]],
        messages: MessageSender,
        topic: str,
        models: Callable[[], Sequence[ServingModel]],
    ) -> None:
        self._ratings = ratings
        self._archive = archive
        self._expired = expired
        self._messages = messages
        self._topic = topic
        self._models = models
        self._epochs: dict[int, int] = {}

    async def first_offset(self, partition: int) -> int:
        """The offset from which the partition's ratings are missing in Redis.

        Those that the archive has are filled in. Outages are waited out.
        """
        offset = 0
        async for attempt in _until_available():
            with attempt:
                epoch = await self._archive.current_epoch() or 0
                beginning = sequence_number(epoch, 0)
                (position,) = await self._ratings.positions([partition])
                if position is None or position < beginning:
                    position = await self._fill(partition, beginning)
                self._epochs[partition] = epoch
                offset = position - beginning
        return offset

    async def consume_ratings(self, records: Mapping[int, Sequence[Message]]) -> set[int]:
        """Takes in the ratings of some partitions and publishes a list for each user in them,
        however many ratings each has sent. Outages are waited out.

        Returns:
            Partitions of which Redis has lost the ratings: ask for their first offset again.
        """
        lost = {
            partition
            for partition, position in zip(
                records, await self._held_positions(list(records)), strict=True
            )
            if position is None
        }
        kept = {number: found for number, found in records.items() if found and number not in lost}
        if kept:
            lost |= await self._consume(kept)
        return lost

    async def _consume(self, records: Mapping[int, Sequence[Message]]) -> set[int]:
        changes, rated_at = self._decode(records)
        for users in _blocks(changes):
            async for attempt in _until_available():
                with attempt:
                    rated = await self._ratings.apply({user: changes[user] for user in users})
                    await self._publish(rated, rated_at)
        positions = {
            partition: sequence_number(self._epochs[partition], found[-1].offset + 1)
            for partition, found in records.items()
        }
        async for attempt in _until_available():
            with attempt:
                return await self._ratings.advance(positions)
        raise AssertionError("the attempts do not end")

    async def _publish(self, rated: Mapping[int, UserRatings], rated_at: Mapping[int, int]) -> None:
        users = [(user, ratings.stars, ratings.revision) for user, ratings in rated.items()]
        for model in self._models():
            lists = await asyncio.to_thread(model.recommend, users)
            await self._messages.send_many(
                self._topic, [_message(each, rated_at[each.userId]) for each in lists]
            )

    def _decode(self, records: Mapping[int, Sequence[Message]]) -> tuple[Changes, dict[int, int]]:
        """Each user's changes, and when Kafka took the first of them."""
        changes: Changes = {}
        rated_at: dict[int, int] = {}
        for partition, found in records.items():
            for record in found:
                try:
                    rating = rating_decoder.decode(record.value or b"")
                except (msgspec.MsgspecError, UnicodeDecodeError):
                    continue  # the archive makes it a dead letter
                seconds = rating.timestamp
                change = RatingChange(
                    rating.movieId,
                    rating.rating,
                    record.timestamp // 1000 if seconds is None else seconds,
                    sequence_number(self._epochs[partition], record.offset),
                )
                changes.setdefault(rating.userId, []).append(change)
                rated_at.setdefault(rating.userId, record.timestamp)
        return changes, rated_at

    async def _held_positions(self, partitions: list[int]) -> list[int | None]:
        async for attempt in _until_available():
            with attempt:
                return await self._ratings.positions(partitions)
        raise AssertionError("the attempts do not end")

    async def _fill(self, partition: int, position: int) -> int:
        """Fills in what the archive has of the partition; returns the position after it."""
        found = [(place_of(path), path) for path in await self._archive.list_files()]
        paths = [(place.epoch, path) for place, path in found if place.partition == partition]
        log.info("filling Redis with partition %d: %d files of ratings", partition, len(paths))
        revisions: dict[int, int] = {}
        async for epoch, rows in self._expired(partition):
            await self._ratings.fill(changes := _changes(epoch, rows))
            for user, of_user in changes.items():
                newest = max(change.sequence for change in of_user)
                revisions[user] = max(newest, revisions.get(user, 0))
        for epoch, path in paths:
            try:
                rows = await self._archive.read_file(path)
            except BadDataError as error:
                log.error("left out of the fold-in: %s", error)
                continue
            changes = _changes(epoch, rows)
            await self._ratings.fill(changes)
            revisions |= {user: of_user[-1].sequence for user, of_user in changes.items()}
            if rows:
                position = max(position, sequence_number(epoch, rows[-1].offset + 1))
        await self._ratings.announce(revisions)
        await self._ratings.set_position(partition, position)
        return position


def _changes(epoch: int, rows: Iterable[ArchiveRow]) -> Changes:
    changes: Changes = {}
    for row in rows:
        if row.user_id is not None and row.movie_id is not None:
            sequence = sequence_number(epoch, row.offset)
            change = RatingChange(row.movie_id, row.rating, row.timestamp or 0, sequence)
            changes.setdefault(row.user_id, []).append(change)
    return changes


def _message(recommendations: Recommendations, rated_at: int) -> tuple[bytes, bytes]:
    message = msgspec.structs.replace(recommendations, ratedAt=rated_at)
    return b"%d" % message.userId, msgspec.json.encode(message)


def _until_available() -> AsyncIterable[AbstractContextManager[object]]:
    return stamina.retry_context(
        on=Unavailable, attempts=None, timeout=None, wait_initial=0.1, wait_max=5.0
    )


def _blocks(users: Iterable[int]) -> Iterable[list[int]]:
    remaining = iter(users)
    while block := list(islice(remaining, USERS_AT_ONCE)):
        yield block
