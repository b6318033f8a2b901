"""The service's own training in a process of its own: `python -m benchmarks.training_job PICKLE`.

Prints its result, and the CPU seconds of each step over all of its processes.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
from dataclasses import asdict
from pathlib import Path

from benchmarks.harness import cpu_seconds
from jobs.als import train


class _CpuClock:
    """What each step of a training takes of the processors."""

    def __init__(self) -> None:
        self.steps: dict[str, float] = {}
        self._step = "import"
        self._before = 0.0

    def begin(self, step: str) -> None:
        now = cpu_seconds([os.getpid()])
        self.steps[self._step] = round(now - self._before, 2)
        self._step, self._before = step, now


if __name__ == "__main__":
    spec = pickle.loads(Path(sys.argv[1]).read_bytes())  # our own, a moment old
    clock = _CpuClock()
    result = train(spec, clock.begin)
    clock.begin("")
    print("result:", json.dumps({**asdict(result), "cpu": clock.steps}), flush=True)
