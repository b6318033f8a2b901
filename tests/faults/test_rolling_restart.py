"""An upgrade: the workers are restarted one after the other while people rate and read."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence

import aiohttp
import pytest

from tests.faults.load import Load
from tests.faults.report import check
from tests.faults.service import Service, Worker


class Readers:
    """People who read while this is entered; as behind a load balancer, who gets no answer from
    one worker is sent to another."""

    def __init__(self, workers: Sequence[Worker], *, users: int = 8) -> None:
        self._workers = workers
        self._users = users
        self.answered = 0
        self.unanswered: list[str] = []
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Readers:
        self._task = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        if self._task.done():
            self._task.result()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _read(self) -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=8)) as session:
            while True:
                await asyncio.sleep(0.05)
                user = random.randint(1, self._users)
                told = [await self._ask(session, worker, user) for worker in self._workers]
                if any(status == 200 for status in told):
                    self.answered += 1
                else:
                    self.unanswered.append(f"user {user}: {told}")

    async def _ask(self, session: aiohttp.ClientSession, worker: Worker, user: int) -> int | str:
        try:
            async with session.get(f"{worker.url}/recommendations/{user}") as answer:
                await answer.read()
                return answer.status
        except (aiohttp.ClientError, TimeoutError) as error:
            return repr(error)


@pytest.mark.full
async def test_a_rolling_restart_loses_nothing_and_reads_go_on(service: Service) -> None:
    """Each worker ends in order and comes back before the next one goes, as in an upgrade.

    Protected by: acknowledging after `consume` in `consume_batches`, and behind it `_fill_gap`;
    without both, what a worker had taken is lost. `docs/operations.md` describes the order.
    """
    workers = await service.start(2)
    async with Load(workers) as load, Readers(workers) as readers:
        await load.acknowledges(30)
        for worker in workers:
            await worker.terminate()
            assert await worker.ended() == 0
            await load.acknowledges(15)  # by the other one
            worker.launch()
            await worker.ready()
            await load.acknowledges(15)
        since = time.monotonic()
        await load.acknowledges(30)
    await check(service, load.sent, "rolling restart", since=since)
    assert not readers.unanswered
    assert readers.answered
    assert load.sent.statuses.keys() <= {0, 202}, "0: the worker that was going"
