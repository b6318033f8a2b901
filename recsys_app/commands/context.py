"""What every subcommand needs: the settings, the services, and a way to tell how it goes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from recsys_app.application import Components
from recsys_app.settings import load_settings

T = TypeVar("T")


def with_components(work: Callable[[Components], Awaitable[T]], **overrides: object) -> T:
    """Runs `work` with the services of this configuration and closes what it opened.

    Args:
        work: what to do.
        overrides: settings that count more than the environment.
    """

    async def main() -> T:
        components = Components(load_settings(**overrides))
        try:
            return await work(components)
        finally:
            await components.close()

    return asyncio.run(main())
