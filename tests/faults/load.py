"""People who rate: what they sent, what they were told, and where it is."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import aiohttp

from tests.faults.service import Worker

Position = tuple[int, int]


@dataclass
class Sent:
    """What was sent and acknowledged; every rating has a movie of its own."""

    ratings: dict[int, int] = field(default_factory=dict)
    """The user of each movie that was sent."""
    acknowledged: dict[int, Position] = field(default_factory=dict)
    """Where each acknowledged movie is."""
    order: dict[int, list[int]] = field(default_factory=dict)
    """The acknowledged movies of each user, in the order of the answers."""
    statuses: dict[int, int] = field(default_factory=dict)
    """How often each status was answered; 0 stands for no answer."""

    def users(self) -> int:
        return len(self.order)


class Load:
    """Sends ratings to the workers while it is entered, each user one after the other.

    A rating that is not acknowledged is not sent again, so that it may be there or not, but once.

    Args:
        keyed: Each rating comes with an `Idempotency-Key`.
    """

    def __init__(
        self,
        workers: Sequence[Worker],
        *,
        users: int = 8,
        per_second: float = 30,
        first_movie: int = 1,
        keyed: bool = False,
    ) -> None:
        self.sent = Sent()
        self._workers = workers
        self._users = users
        self._pause = users / per_second
        self._movies = itertools.count(first_movie)
        self._keyed = keyed
        self._tasks: list[asyncio.Task[None]] = []
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30))
        self._tasks = [asyncio.create_task(self._rate(user)) for user in range(1, self._users + 1)]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._session is not None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._session.close()
        for task in self._tasks:
            if not task.cancelled() and (error := task.exception()):
                raise error

    async def acknowledges(self, more: int = 20, seconds: float = 240) -> None:
        """Returns once so many more ratings have been acknowledged."""
        target = len(self.sent.acknowledged) + more
        async with asyncio.timeout(seconds):
            while len(self.sent.acknowledged) < target:  # noqa: ASYNC110  # a poll is enough here
                await asyncio.sleep(0.05)

    async def _rate(self, user: int) -> None:
        while True:
            await asyncio.sleep(self._pause * random.uniform(0.5, 1.5))
            running = [worker for worker in self._workers if worker.runs and not worker.stopped]
            if running:
                await self._send(random.choice(running), user, next(self._movies))

    async def _send(self, worker: Worker, user: int, movie: int) -> None:
        assert self._session is not None
        body = {"userId": user, "movieId": movie, "rating": movie % 10 / 2 + 0.5}
        headers = {"Idempotency-Key": f"movie-{movie}"} if self._keyed else {}
        self.sent.ratings[movie] = user
        status = 0
        try:
            async with self._session.post(
                f"{worker.url}/send_rating", json=body, headers=headers
            ) as answer:
                status = answer.status
                if status == 202:
                    told = await answer.json()
                    self.sent.acknowledged[movie] = (told["partition"], told["offset"])
                    self.sent.order.setdefault(user, []).append(movie)
        except (aiohttp.ClientError, TimeoutError, ValueError):
            status = 0
        self.sent.statuses[status] = self.sent.statuses.get(status, 0) + 1
