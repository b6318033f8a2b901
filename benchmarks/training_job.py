"""The service's own training in a process of its own: `python -m benchmarks.training_job PICKLE`.

Prints its result, and when each step began by the monotonic clock.
"""

from __future__ import annotations

import json
import pickle
import sys
import time
from dataclasses import asdict
from pathlib import Path

from jobs.als import train

if __name__ == "__main__":
    spec = pickle.loads(Path(sys.argv[1]).read_bytes())  # our own, a moment old
    began: dict[str, float] = {}
    result = train(spec, lambda step: began.setdefault(step, time.monotonic()))
    print("result:", json.dumps({**asdict(result), "began": began}), flush=True)
