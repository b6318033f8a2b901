"""A rating with a key is sent once and answered the same, whatever goes wrong in between."""

from __future__ import annotations

import asyncio

import pytest

from recsys_app.errors import BadDataError, Unavailable
from recsys_app.models import Rating
from recsys_app.services.idempotent_answers import IdempotentAnswers, RequestInProgress
from recsys_app.stores.kafka import Position


class MemoryAnswers:
    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}
        self.down = False

    def _check(self) -> None:
        if self.down:
            raise Unavailable("Redis")

    async def reserve(self, key: str, value: bytes, seconds: float) -> bytes | None:
        self._check()
        found = self.values.get(key)
        if found is None:
            self.values[key] = value
        return found

    async def put(self, key: str, value: bytes, seconds: float) -> None:
        self._check()
        self.values[key] = value

    async def remove(self, key: str) -> None:
        self._check()
        self.values.pop(key, None)


class Broker:
    """Gives each rating the next offset, once it is let go."""

    def __init__(self) -> None:
        self.offset = 6
        self.free = asyncio.Event()
        self.free.set()
        self.down = False

    async def send(self) -> Position:
        await self.free.wait()
        if self.down:
            raise Unavailable("Kafka")
        self.offset += 1
        return Position(1, self.offset)


@pytest.fixture
def store() -> MemoryAnswers:
    return MemoryAnswers()


@pytest.fixture
def broker() -> Broker:
    return Broker()


async def no_time(_: float) -> None:
    await asyncio.sleep(0)


def answers(store: MemoryAnswers) -> IdempotentAnswers:
    return IdempotentAnswers(store=store, reserve_seconds=1, sleep=no_time)


RATING = Rating(1, 2, 4.5, idempotencyKey="k")


async def test_a_retry_to_another_worker_gets_the_first_answer(
    store: MemoryAnswers, broker: Broker
) -> None:
    assert await answers(store).once(RATING, broker.send) == (1, 7)
    assert await answers(store).once(RATING, broker.send) == (1, 7)
    assert broker.offset == 7


async def test_keys_belong_to_a_user(store: MemoryAnswers, broker: Broker) -> None:
    await answers(store).once(RATING, broker.send)
    other = Rating(2, 2, 4.5, idempotencyKey="k")
    assert await answers(store).once(other, broker.send) == (1, 8)


async def test_a_retry_waits_for_the_first_answer(store: MemoryAnswers, broker: Broker) -> None:
    broker.free.clear()
    first = asyncio.create_task(answers(store).once(RATING, broker.send))
    await asyncio.sleep(0)
    retry = asyncio.create_task(answers(store).once(RATING, broker.send))
    await asyncio.sleep(0)
    broker.free.set()
    assert await first == await retry == (1, 7)


async def test_a_retry_does_not_wait_for_ever(store: MemoryAnswers, broker: Broker) -> None:
    broker.free.clear()
    first = asyncio.create_task(answers(store).once(RATING, broker.send))
    await asyncio.sleep(0)
    with pytest.raises(RequestInProgress):
        await answers(store).once(RATING, broker.send)
    broker.free.set()
    assert await first == (1, 7)


async def test_what_kafka_refused_may_be_sent_again(store: MemoryAnswers, broker: Broker) -> None:
    broker.down = True
    with pytest.raises(Unavailable):
        await answers(store).once(RATING, broker.send)
    broker.down = False
    assert await answers(store).once(RATING, broker.send) == (1, 7)


async def test_another_rating_with_the_same_key_is_refused(
    store: MemoryAnswers, broker: Broker
) -> None:
    await answers(store).once(RATING, broker.send)
    with pytest.raises(BadDataError, match="another rating"):
        await answers(store).once(Rating(1, 3, 4.5, idempotencyKey="k"), broker.send)
    assert broker.offset == 7


async def test_ratings_are_accepted_while_redis_is_down(
    store: MemoryAnswers, broker: Broker
) -> None:
    store.down = True
    assert await answers(store).once(RATING, broker.send) == (1, 7)
