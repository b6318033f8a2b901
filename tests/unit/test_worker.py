"""A worker that is asked to end does, whatever hangs."""

from __future__ import annotations

import asyncio

import faust
import pytest
from mode import Service

from agents.worker import Worker


class Hanging(Service):
    """What never stops, such as the client of a server that does not answer."""

    async def on_stop(self) -> None:
        await asyncio.Event().wait()


@pytest.mark.parametrize(("crashes", "code"), [(False, 0), (True, 1)])
async def test_what_does_not_stop_is_ended_by_force(crashes: bool, code: int) -> None:
    """Protected by: the timer in `Worker.stop`."""
    ended: list[int] = []
    app = faust.App("hanging", broker="kafka://127.0.0.1:1", autodiscover=False)
    worker = Worker(app, Hanging(), loop=asyncio.get_running_loop())
    worker.end_seconds, worker.end_process = 0.1, ended.append
    hanging = Hanging()
    await hanging.start()
    worker.add_dependency(hanging)
    if crashes:
        worker._crash(RuntimeError("a bug"))
    stopping = asyncio.create_task(worker.stop())
    async with asyncio.timeout(60):
        while not ended:  # noqa: ASYNC110  # it happens in a thread
            await asyncio.sleep(0.05)
    assert ended == [code]
    assert not stopping.done()
    stopping.cancel()
