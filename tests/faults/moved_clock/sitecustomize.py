"""Moves the clock of a Python process that has this folder on its path."""

import os
import time

_shift = float(os.environ["MOVED_CLOCK_SECONDS"])
_time, _time_ns = time.time, time.time_ns
time.time = lambda: _time() + _shift
time.time_ns = lambda: _time_ns() + round(_shift * 1e9)
