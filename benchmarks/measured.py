"""Runs a command and says what it and all its descendants took: `python -m benchmarks.measured …`.

A training is Python that starts a JVM that starts Python, and Spark's daemon for Python workers
does not wait for those that end, so that the system forgets what they took. This process looks at
all of them twenty times a second and adds up what each had taken when it was last seen.
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress

from benchmarks.harness import own_cpu_seconds, proportional_bytes, tree

_PR_SET_CHILD_SUBREAPER = 36
_EVERY_SECONDS = 0.05
_LOOKS_PER_MEMORY_READING = 20


def main() -> int:
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    began = time.perf_counter()
    code = 0
    process = subprocess.Popen(sys.argv[1:])
    watch = _Watch()
    with suppress(ChildProcessError):  # whoever outlives its parent comes to this process
        while True:
            pid, status = os.wait()
            if pid == process.pid:
                code = process.returncode = os.waitstatus_to_exitcode(status)
    taken = {
        "cpu_seconds": watch.taken(),
        "wall_seconds": time.perf_counter() - began,
        "peak_bytes": watch.peak_bytes,
        "over_time": watch.over_time,
    }
    print(f"\nmeasured: {json.dumps(taken)}", flush=True)
    return code


class _Watch:
    """What the descendants take."""

    def __init__(self) -> None:
        self.peak_bytes = 0
        """The most memory that they had at once; pages that they share count once."""
        self.over_time: list[tuple[float, float]] = []
        """Times by the monotonic clock, and the CPU seconds up to then."""
        self._seconds: dict[int, float] = {}
        threading.Thread(target=self._watch, daemon=True).start()

    def taken(self) -> float:
        """CPU seconds of all of them."""
        return sum(self._seconds.values())

    def _watch(self) -> None:
        looks = 0
        while True:
            found = tree([os.getpid()]) - {os.getpid()}
            for pid in found:
                self._seconds[pid] = max(own_cpu_seconds(pid), self._seconds.get(pid, 0.0))
            self.over_time.append((time.monotonic(), self.taken()))
            if looks % _LOOKS_PER_MEMORY_READING == 0:
                self.peak_bytes = max(self.peak_bytes, sum(map(proportional_bytes, found)))
            looks += 1
            time.sleep(_EVERY_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
