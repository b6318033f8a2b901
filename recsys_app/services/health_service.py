"""What the service depends on, and whether it answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from recsys_app.errors import RecsysError

Check = Callable[[], Awaitable[object]]


class HealthService:
    """Asks each dependency whether it answers."""

    def __init__(
        self,
        *,
        dependencies: Mapping[str, Check],
        details: Callable[[], Awaitable[Mapping[str, Any]]],
        timeout_seconds: float = 2.0,
    ) -> None:
        self._dependencies = dependencies
        self._details = details
        self._timeout = timeout_seconds

    async def check(self) -> dict[str, Any]:
        """Whether all is up ("ready") or not, what is down, each one's state, and the details."""
        states = await asyncio.gather(*map(self._state, self._dependencies.values()))
        dependencies = dict(zip(self._dependencies, states, strict=True))
        ready = all(state == "up" for state in states)
        return {
            "status": "ready" if ready else "not ready",
            "down": [name for name, state in dependencies.items() if state != "up"],
            "dependencies": dependencies,
            **await self._described(),
        }

    async def _described(self) -> Mapping[str, Any]:
        try:
            async with asyncio.timeout(self._timeout):
                return await self._details()
        except (RecsysError, TimeoutError):
            return {}  # what is down says so already

    async def _state(self, check: Check) -> str:
        try:
            async with asyncio.timeout(self._timeout):
                await check()
        except RecsysError as error:
            return str(error)
        except TimeoutError:
            return f"no answer within {self._timeout:g} s"
        return "up"
