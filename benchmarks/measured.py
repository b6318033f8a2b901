"""Runs a command and says what it and all its descendants took: `python -m benchmarks.measured …`.

A training is Python that starts a JVM that starts Python. Whoever of them outlives its parent comes
to this process, which waits for all, so that no CPU time is missed.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36


def main() -> int:
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    began = time.perf_counter()
    code = 0
    process = subprocess.Popen(sys.argv[1:])
    peak = _PeakMemory()
    with suppress(ChildProcessError):
        while True:
            pid, status = os.wait()
            if pid == process.pid:
                code = process.returncode = os.waitstatus_to_exitcode(status)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    taken = {
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "wall_seconds": time.perf_counter() - began,
        "peak_bytes": peak.bytes,
    }
    print(f"\nmeasured: {json.dumps(taken)}", flush=True)
    return code


class _PeakMemory:
    """The most memory that the descendants have had at once; pages that they share count once."""

    def __init__(self, every_seconds: float = 1.0) -> None:
        self.bytes = 0
        self._every = every_seconds
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while True:
            self.bytes = max(self.bytes, sum(map(proportional_bytes, _descendants(os.getpid()))))
            time.sleep(self._every)


def _descendants(pid: int) -> set[int]:
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                parents[int(entry.name)] = int(
                    (entry / "stat").read_text().rpartition(")")[2].split()[1]
                )
    found: set[int] = set()
    new = {child for child, parent in parents.items() if parent == pid}
    while new:
        found |= new
        new = {child for child, parent in parents.items() if parent in new} - found
    return found


def proportional_bytes(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


if __name__ == "__main__":
    sys.exit(main())
