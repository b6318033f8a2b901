"""A process that lives, answers, and does nothing any more."""

from __future__ import annotations

import asyncio
import re
import time
from pathlib import Path

import aiohttp
import pytest

from tests.faults.load import Load
from tests.faults.report import check
from tests.faults.service import REPOSITORY, Service, Worker

SILENT_DEATH = Path(__file__).parent / "silent_death"


@pytest.mark.full
async def test_consumers_that_stop_silently_end_the_process(service: Service) -> None:
    """The worker tells how long ratings wait, and at the bound it says why and ends.

    Protected by: `raise Stalled` in `Watchdog._judge`; without it the worker goes on like this.
    """
    died = service.folder / "died"
    worker = service.worker()
    worker.environment |= {
        "PYTHONPATH": f"{SILENT_DEATH}:{REPOSITORY}",
        "SILENT_DEATH": str(died),
        "RECSYS_STALLED_SECONDS": "10",
        "RECSYS_WATCH_SECONDS": "1",
        "RECSYS_OBSERVE_SECONDS": "1",
    }
    worker.launch()
    await worker.ready()
    async with Load([worker]) as load:
        await load.acknowledges(60)
        died.touch()
        told = await asyncio.wait_for(_all_it_tells(worker), 180)
        assert worker.process.returncode == 1
        last_line = worker.log_tail(1)
        assert re.search(r"Partition \d of .* It ends, so that a new one takes over", last_line)
        since = time.monotonic()
        died.unlink()
        worker.launch()
        await load.acknowledges(30)
    await check(service, load.sent, "consumers silently dead", since=since)
    for measure in (
        "oldestUnarchivedSeconds",
        "lastProgressSeconds",
        "lastCommitSeconds",
        "recsys_oldest_unarchived_rating_age_seconds",
        "recsys_archive_progress_age_seconds",
        "recsys_last_commit_age_seconds",
    ):
        assert told[measure] > 2, f"{measure} in {told}"


async def _all_it_tells(worker: Worker) -> dict[str, float]:
    """The highest ages in /readyz and /metrics until the worker ends."""
    told: dict[str, float] = {}
    async with aiohttp.ClientSession() as session:

        async def read(path: str) -> aiohttp.ClientResponse:
            async with session.get(f"{worker.url}{path}") as answer:
                await answer.read()
                return answer

        while worker.runs:
            await asyncio.sleep(0.3)
            try:
                ready, metrics = await read("/readyz"), await read("/metrics")
            except aiohttp.ClientError:
                continue  # it has just ended
            found = (await ready.json()).get("archive") or {}
            samples = re.findall(
                r"^(recsys_\w+_age_seconds) ([0-9.e+]+)$", await metrics.text(), re.M
            )
            for name, value in [*found.items(), *samples]:
                told[name] = max(told.get(name, 0.0), float(value or 0))
    return told
