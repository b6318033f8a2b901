"""What Faust has committed, seen where it commits."""

from __future__ import annotations

import time
from collections.abc import Callable, MutableMapping
from typing import Any

from faust import Monitor
from faust.types import TP

from recsys_app.failpoints import Reach, nothing


class CommitMonitor(Monitor):
    """Faust's monitor, which also keeps the last commit of each partition."""

    def __init__(
        self, *, reach: Reach = nothing, now: Callable[[], float] = time.monotonic, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self._reach = reach
        self._now = now
        self.commits: dict[TP, tuple[int, float]] = {}
        """The committed offset of each partition, and when it was committed (monotonic)."""

    def last_commit(self, topic: str) -> float | None:
        """When a partition of the topic was last committed (monotonic); None if never."""
        return max((at for tp, (_, at) in self.commits.items() if tp.topic == topic), default=None)

    def on_tp_commit(self, tp_offsets: MutableMapping[TP, int]) -> None:
        super().on_tp_commit(tp_offsets)
        now = self._now()
        self.commits.update({tp: (offset, now) for tp, offset in tp_offsets.items()})
        if tp_offsets:
            self._reach("committed")
