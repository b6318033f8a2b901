"""Somebody who looks at their list all the time."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Self

import aiohttp

from tests.faults.service import Worker, until

READER = 50
"""A user of the demo who rates nothing during the tests."""


class Reader:
    """Reads while it is entered; every answer is the model's, and is kept by its version."""

    def __init__(self, worker: Worker) -> None:
        self._url = f"{worker.url}/recommendations/{READER}?limit=100"
        self.answers: dict[str, set[str]] = defaultdict(set)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        (result,) = await asyncio.gather(self._task, return_exceptions=True)
        assert isinstance(result, asyncio.CancelledError), result

    async def _read(self) -> None:
        async with aiohttp.ClientSession() as session:
            while True:
                async with session.get(self._url) as answer:
                    assert answer.status == 200, await answer.text()
                    assert answer.headers["X-Recommendation-Source"] == "model"
                    version = answer.headers["X-Model-Version"]
                    self.answers[version].add(await answer.text())
                await asyncio.sleep(0.05)

    async def reads(self, version: str) -> None:
        """Returns once this version was read."""

        async def is_read() -> bool:
            return version in self.answers

        await until(is_read, 240, f"{version} was not served")


async def until_served(worker: Worker, version: str) -> None:
    """Returns once the worker has taken up this version."""
    async with aiohttp.ClientSession() as session:

        async def is_served() -> bool:
            async with session.get(f"{worker.url}/readyz") as answer:
                return bool((await answer.json()).get("model") == version)

        await until(is_served, 240, f"{version} was not taken up")
