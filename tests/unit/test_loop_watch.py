"""A process whose event loop stands still ends, and says where it stood."""

from __future__ import annotations

import subprocess
import sys

PROCESS = """
import asyncio, logging, sys, time
from agents.loop_watch import LoopWatch

async def main():
    watch = LoopWatch(bound_seconds=2)
    watch.start()
    for _ in range(25):  # longer than the bound
        watch.beat()
        await asyncio.sleep(0.1)
    print("the loop goes round", flush=True)
    time.sleep(60)

logging.basicConfig()
asyncio.run(main())
"""


def test_a_loop_that_stands_still_ends_the_process() -> None:
    """Protected by: `self._end_process(1)` in `LoopWatch._watch`."""
    ended = subprocess.run(
        [sys.executable, "-c", PROCESS], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stdout == "the loop goes round\n"
    assert "in main" in ended.stderr
    *_, last = ended.stderr.splitlines()
    assert "The process ends, so that a new one takes over." in last
