"""A user's messages out of a topic of dead letters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol

import msgspec

from recsys_app.models import DeadLetter, Record
from recsys_app.services.dead_letter_office import MessageSender
from recsys_app.services.rating_service import PartitionLog

_letter_decoder = msgspec.json.Decoder(DeadLetter)


class TruncatableLog(PartitionLog, Protocol):
    async def delete_before(self, topic: str, ends: Mapping[int, int]) -> None: ...


class DeadLetterEraser:
    """Kafka deletes the beginning of a topic only: what is to stay is sent again first."""

    def __init__(self, *, log: TruncatableLog, messages: MessageSender) -> None:
        self._log = log
        self._messages = messages

    async def erase(self, topic: str, user_id: int) -> int:
        """How many letters about the user there were; those of others are at the end now.

        A crash on the way leaves letters twice, which their keys tell.
        """
        erased = 0
        for partition in await self._log.partitions(topic):
            held = await self._log.offsets(topic, partition)
            letters = await self._read(topic, partition, held.beginning, held.end)
            others = [letter for letter in letters if not is_about(letter, user_id)]
            if len(others) == len(letters):
                continue
            # Those without a value say of a letter that it was sent again.
            await self._messages.send_many(topic, [(each.key, each.value) for each in others])
            await self._log.delete_before(topic, {partition: held.end})
            erased += len(letters) - len(others)
        return erased

    async def _read(self, topic: str, partition: int, start: int, stop: int) -> list[Record]:
        letters: list[Record] = []
        while start < stop:
            some = await self._log.read(topic, partition, start, stop)
            if not some:
                break
            letters += some
            start = some[-1].offset + 1
        return letters


def is_about(letter: Record, user_id: int) -> bool:
    """Whether the letter's message was sent for the user, as far as a broken message tells."""
    try:
        message = _letter_decoder.decode(letter.value or b"")
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False
    if message.key == b"%d" % user_id:
        return True
    return bool(re.search(rb'"userId"\s*:\s*"?%d(?!\d)' % user_id, message.value or b""))
