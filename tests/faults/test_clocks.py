"""Machines that disagree about the time."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.faults.load import Load
from tests.faults.report import check, read_archive
from tests.faults.service import REPOSITORY, Service

full = pytest.mark.full

CLOCK = Path(__file__).parent / "moved_clock"


@full
@pytest.mark.parametrize(("hours", "name"), [(1.1, "ahead"), (-1.1, "behind")])
async def test_a_machine_with_another_time(service: Service, hours: float, name: str) -> None:
    """Ratings are taken, kept and dated right whatever time a worker believes it is.

    Protected by: LogAppendTime in `topic_specs`; without it the broker refuses what comes from
    more than an hour ahead. Nothing in the archive depends on a clock but the removal of temporary
    files that are a day old.
    """
    (right,) = await service.start(1)
    wrong = service.worker()
    wrong.environment |= {
        "PYTHONPATH": f"{CLOCK}:{REPOSITORY}",
        "MOVED_CLOCK_SECONDS": str(hours * 3600),
        "AIOKAFKA_NO_EXTENSIONS": "1",  # its C code would ask the system for the time
    }
    wrong.launch()
    await wrong.ready()
    async with Load([wrong]) as load:
        await load.acknowledges(60)
        right.kill()  # so that the other one archives
        since = time.monotonic()
        await load.acknowledges(60)
    await check(service, load.sent, f"clock an hour {name}", since=since)
    rows = read_archive(service.stack.hdfs_url, service.root).positions.values()
    assert all(abs(int(row[3]) - time.time()) < 600 for ((row),) in rows)
