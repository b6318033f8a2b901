"""Who waits too long is told so, and nobody else."""

from __future__ import annotations

import asyncio

from recsys_app.services.deadlines import Deadlines


async def test_those_who_still_wait_expire_oldest_first() -> None:
    expired: list[str] = []
    ended = asyncio.Event()

    def expire(waiting: str) -> None:
        expired.append(waiting)
        if waiting in ("last", "again"):
            ended.set()

    deadlines: Deadlines[str] = Deadlines(0.05, expire)
    for each in ("first", "answered", "second"):
        deadlines.add(each)
    deadlines.take_off("answered")
    await asyncio.sleep(0.01)
    deadlines.add("last")
    deadlines.take_off("a stranger")
    await asyncio.wait_for(ended.wait(), 10)
    assert expired == ["first", "second", "last"]
    ended.clear()
    deadlines.add("again")
    await asyncio.wait_for(ended.wait(), 10)
    assert expired[3:] == ["again"]
