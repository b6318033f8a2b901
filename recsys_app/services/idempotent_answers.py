"""The same answer to the same request, however often and to whichever worker it is sent."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol

import msgspec
from msgspec import Struct

from recsys_app.errors import BadDataError, RecsysError, Unavailable
from recsys_app.models import Rating
from recsys_app.stores.kafka import Position

log = logging.getLogger(__name__)

DAY_SECONDS = 24 * 3600.0
_POLL_SECONDS = 0.1


class AnswerStore(Protocol):
    """Values by key that expire; reserving is atomic."""

    async def reserve(self, key: str, value: bytes, seconds: float) -> bytes | None: ...
    async def put(self, key: str, value: bytes, seconds: float) -> None: ...
    async def remove(self, key: str) -> None: ...


class RequestInProgress(RecsysError):
    """The first request of this key has not been answered yet."""


class _Answer(Struct, frozen=True, array_like=True):
    movie_id: int
    stars: float | None
    partition: int = -1
    offset: int = -1
    """-1 while the work is going on."""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Answer).decode


class IdempotentAnswers:
    """Does the work of each (user, key) once and remembers its answer for a day.

    This only keeps the answers equal. That a training counts one rating rests on the archive, which
    has the key of each row: a rating that came twice all the same, since Redis or this process
    went down at the wrong moment, is counted once.
    """

    def __init__(
        self,
        *,
        store: AnswerStore,
        reserve_seconds: float,
        keep_seconds: float = DAY_SECONDS,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._reserve_seconds = reserve_seconds
        self._keep_seconds = keep_seconds
        self._sleep = sleep

    async def once(self, rating: Rating, send: Callable[[], Awaitable[Position]]) -> Position:
        """The position of the first rating that came with this user and key.

        Raises:
            BadDataError: the key came with another rating before.
            RequestInProgress: the first request is still waiting for its answer.
            Unavailable: Kafka did not confirm the rating.
        """
        key = f"{{{rating.userId}}}:{rating.idempotencyKey}"  # the tag by which a user is erased
        pending = _Answer(rating.movieId, rating.rating)
        try:
            known = await self._reserve(key, pending)
        except Unavailable as error:
            log.warning("%s: the rating is taken without looking for an earlier answer", error)
            return await send()
        if known is not None:
            return Position(known.partition, known.offset)
        try:
            position = await send()
        except BaseException:
            with suppress(Unavailable):
                await self._store.remove(key)
            raise
        answer = _Answer(rating.movieId, rating.rating, *position)
        with suppress(Unavailable):  # the rating is with Kafka, so the answer is yes
            await self._store.put(key, _encode(answer), self._keep_seconds)
        return position

    async def _reserve(self, key: str, pending: _Answer) -> _Answer | None:
        for _ in range(max(1, round(self._reserve_seconds / _POLL_SECONDS))):
            value = await self._store.reserve(key, _encode(pending), self._reserve_seconds)
            if value is None:
                return None
            known = _decode(value)
            if (known.movie_id, known.stars) != (pending.movie_id, pending.stars):
                raise BadDataError("This Idempotency-Key came with another rating before.")
            if known.offset >= 0:
                return known
            await self._sleep(_POLL_SECONDS)
        raise RequestInProgress("A request with this Idempotency-Key is still being worked on.")
