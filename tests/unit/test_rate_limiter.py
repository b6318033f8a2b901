"""Counting requests: one process, several, and without Redis."""

from __future__ import annotations

from collections.abc import Mapping

from recsys_app.errors import Unavailable
from recsys_app.services.rate_limiter import RateLimiter


class Counters:
    """As Redis counts, in memory."""

    def __init__(self) -> None:
        self.totals: dict[str, int] = {}
        self.down = False

    async def add(self, counts: Mapping[str, int], *, seconds: int) -> dict[str, int]:
        if self.down:
            raise Unavailable("Redis")
        for key, count in counts.items():
            self.totals[key] = self.totals.get(key, 0) + count
        return {key: self.totals[key] for key in counts}


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_the_last_request_of_a_window_passes_and_the_next_is_told_how_long_to_wait() -> None:
    clock = Clock()
    limiter = RateLimiter(Counters(), window_seconds=10, clock=clock)
    clock.now = 1003.0
    assert [limiter.hit("key:shop", 0.2) for _ in range(2)] == [None, None]
    assert limiter.hit("key:shop", 0.2) == 7.0
    assert limiter.hit("key:other", 0.2) is None
    clock.now = 1010.0
    assert limiter.hit("key:shop", 0.2) is None


def test_no_limit_counts_nothing() -> None:
    limiter = RateLimiter(Counters(), window_seconds=10, clock=Clock())
    assert {limiter.hit("key:shop", 0) for _ in range(1000)} == {None}


async def test_processes_share_what_they_counted() -> None:
    counters, clock = Counters(), Clock()
    one, other = (RateLimiter(counters, window_seconds=10, clock=clock) for _ in range(2))
    for limiter in (one, other):
        for _ in range(2):
            assert limiter.hit("key:shop", 0.4) is None
    await one.exchange()
    await other.exchange()
    assert other.hit("key:shop", 0.4) is not None
    assert one.hit("key:shop", 0.4) is None  # it learns of the others with its own next request
    await one.exchange()
    assert one.hit("key:shop", 0.4) is not None


async def test_without_redis_each_process_goes_on_by_its_own_count() -> None:
    counters = Counters()
    counters.down = True
    limiter = RateLimiter(counters, window_seconds=10, clock=Clock())
    assert limiter.hit("key:shop", 0.1) is None
    await limiter.exchange()
    assert limiter.hit("key:shop", 0.1) is not None
