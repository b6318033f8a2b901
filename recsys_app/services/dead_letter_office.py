"""The dead letters that are kept, and the way back for them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol

import msgspec

from recsys_app.errors import BadDataError
from recsys_app.models import DeadLetter, Record
from recsys_app.stores.kafka import OffsetRange, Position

_decoder = msgspec.json.Decoder(DeadLetter)


class PartitionLog(Protocol):
    async def partitions(self, topic: str) -> list[int]: ...
    async def offsets(self, topic: str, partition: int) -> OffsetRange: ...
    async def read(
        self, topic: str, partition: int, start: int, stop: int, *, limit: int = 5000
    ) -> list[Record]: ...


class MessageSender(Protocol):
    async def send_many(
        self, topic: str, messages: Sequence[tuple[bytes | None, bytes | None]]
    ) -> list[Position]: ...


class KeptLetter(NamedTuple):
    position: str
    """`<topic>-<partition>-<offset>` of the message that the letter is about."""
    letter: DeadLetter
    resubmitted: bool


class DeadLetterOffice:
    """Reads the dead-letter topics and sends letters back to where they came from.

    A letter that was sent again is marked by a message with its position as the key and no value.
    """

    def __init__(
        self, *, messages: MessageSender, kafka_log: PartitionLog, topics: Sequence[str]
    ) -> None:
        self._messages = messages
        self._log = kafka_log
        self._topics = topics

    async def letters(self) -> list[KeptLetter]:
        """Every letter once, in the order in which they came."""
        return [letter for topic in self._topics for letter in await self._letters(topic)]

    async def resubmit(self, positions: Collection[str] | None) -> list[KeptLetter]:
        """Sends the original bytes of these letters again, or of all that were not yet.

        Raises:
            BadDataError: there is no letter of such a position.
            Unavailable: Kafka did not confirm; letters before may have been sent.
        """
        found = {
            letter.position: (topic, letter)
            for topic in self._topics
            for letter in await self._letters(topic)
        }
        if positions is None:
            chosen = [position for position, (_, each) in found.items() if not each.resubmitted]
        else:
            chosen = list(dict.fromkeys(positions))
        if missing := [position for position in chosen if position not in found]:
            raise BadDataError(f"There is no dead letter {missing[0]}")
        for position in chosen:
            topic, kept = found[position]
            letter = kept.letter
            await self._messages.send_many(letter.topic, [(letter.key, letter.value)])
            await self._messages.send_many(topic, [(position.encode(), None)])
        return [found[position][1] for position in chosen]

    async def _letters(self, topic: str) -> list[KeptLetter]:
        letters: dict[str, DeadLetter] = {}
        resubmitted: set[str] = set()
        for partition in await self._log.partitions(topic):
            for record in await self._records(topic, partition):
                position = (record.key or b"").decode("utf-8", "replace")
                if record.value is None:
                    resubmitted.add(position)
                else:
                    letters.setdefault(position, _decoder.decode(record.value))
        return [KeptLetter(p, letter, p in resubmitted) for p, letter in letters.items()]

    async def _records(self, topic: str, partition: int) -> list[Record]:
        start, end = await self._log.offsets(topic, partition)
        records: list[Record] = []
        while start < end and (more := await self._log.read(topic, partition, start, end)):
            records += more
            start = more[-1].offset + 1
        return records
