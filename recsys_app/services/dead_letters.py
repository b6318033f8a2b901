"""Messages that cannot be processed, kept with the reason and where they were."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec

from recsys_app.models import DeadLetter, Message
from recsys_app.stores.kafka import Position
from recsys_app.waiter import Waiter

log = logging.getLogger(__name__)


class MessageSender(Protocol):
    """Sends messages and returns once all in-sync replicas have them."""

    async def send(self, topic: str, key: bytes, value: bytes) -> Position: ...
    def put(self, topic: str, key: bytes, value: bytes, waiter: Waiter[Position]) -> bool: ...
    async def send_many(
        self, topic: str, messages: Sequence[tuple[bytes, bytes]]
    ) -> list[Position]: ...


class Rejected(NamedTuple):
    record: Message
    reason: str


class DeadLetters:
    """The dead-letter topic of one topic.

    The key of a letter is the position of its message, so that a letter sent twice is seen to be
    the same.
    """

    def __init__(self, *, messages: MessageSender, source: str, topic: str) -> None:
        self._messages = messages
        self._source = source
        self._topic = topic

    async def send(self, partition: int, rejected: Sequence[Rejected]) -> None:
        """Returns once Kafka has every letter.

        Raises:
            Unavailable: Kafka did not confirm them; sending them again is harmless.
        """
        for record, reason in rejected:
            log.warning("%s[%d]@%d: %s", self._source, partition, record.offset, reason)
        if rejected:
            letters = [self._letter(partition, *each) for each in rejected]
            await self._messages.send_many(self._topic, letters)

    def _letter(self, partition: int, record: Message, reason: str) -> tuple[bytes, bytes]:
        letter = DeadLetter(
            self._source,
            partition,
            record.offset,
            record.timestamp,
            reason,
            record.key,
            record.value,
        )
        position = f"{self._source}-{partition}-{record.offset}"
        return position.encode(), msgspec.json.encode(letter)
