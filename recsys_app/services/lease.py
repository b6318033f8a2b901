"""What only one process in the cluster may do at a time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Protocol

from recsys_app.errors import RecsysError

log = logging.getLogger(__name__)

TRAINING = "training"
"""Held while the archive is read as a whole, or rewritten."""

_SECONDS = 30.0


class LeaseStore(Protocol):
    async def acquire(self, name: str, holder: str, seconds: float) -> bool: ...
    async def release(self, name: str, holder: str) -> None: ...


@asynccontextmanager
async def held_lease(leases: LeaseStore, name: str, holder: str) -> AsyncIterator[bool]:
    """Whether the lease is ours until the block ends; it is renewed meanwhile.

    If the holder dies, the lease is free after half a minute.
    """
    if not await leases.acquire(name, holder, _SECONDS):
        yield False
        return
    renewal = asyncio.create_task(_renew(leases, name, holder))
    try:
        yield True
    finally:
        renewal.cancel()
        with suppress(RecsysError):
            await leases.release(name, holder)


async def _renew(leases: LeaseStore, name: str, holder: str) -> None:
    while True:
        await asyncio.sleep(_SECONDS / 3)
        try:
            await leases.acquire(name, holder, _SECONDS)
        except RecsysError as error:
            log.warning("the lease %s was not renewed: %s", name, error)
