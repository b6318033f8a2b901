"""Points at which a test kills or stops this process; without `RECSYS_FAILPOINTS` they do nothing.

RECSYS_FAILPOINTS=renamed=kill          SIGKILL when the first file has been renamed
RECSYS_FAILPOINTS=fetched=stop@3        SIGSTOP when the third batch has been fetched
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable

from recsys_app.errors import ConfigurationError

POINTS = (
    "rating-sending",  # nothing has gone to the broker
    "rating-sent",  # the broker has acknowledged it; the caller does not know yet
    "fetched",  # a batch has reached the agent
    "temporary-written",  # the temporary file is closed
    "renamed",  # the file is in the archive
    "acknowledged",  # Faust may commit the batch
    "committed",  # Kafka has the offsets
)
_PLAN = re.compile(r"([a-z-]+)=(kill|stop)(?:@([1-9]\d*))?")
_SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}

Reach = Callable[[str], None]
"""Called with the name of the point that the process has reached."""


def nothing(_: str) -> None:
    """What every point does in production."""


def failpoints(plan: str, *, send: Callable[[signal.Signals], None] | None = None) -> Reach:
    """What each point does by this plan.

    Args:
        plan: `<point>=kill|stop[@<the how manieth time>]`, or empty.
        send: brings a signal to this process.

    Raises:
        ConfigurationError: the plan is not of that form.
    """
    if not plan:
        return nothing
    match = _PLAN.fullmatch(plan)
    if match is None or match[1] not in POINTS:
        raise ConfigurationError(
            f"RECSYS_FAILPOINTS={plan!r} cannot be used: write <point>=kill or <point>=stop@3 with "
            f"one of the points {', '.join(POINTS)}"
        )
    chosen, number, left = match[1], _SIGNALS[match[2]], int(match[3] or 1)
    deliver = send or (lambda number: os.kill(os.getpid(), number))

    def reach(point: str) -> None:
        nonlocal left
        if point == chosen:
            left -= 1
            if left == 0:
                deliver(number)

    return reach
