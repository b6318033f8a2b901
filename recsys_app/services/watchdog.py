"""Whether the archive keeps up with Kafka, and whether this process has silently stopped working.

Consumers that stop while their process lives are Faust's best-known failure
(https://github.com/faust-streaming/faust/issues/532, /523 and /640).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from recsys_app.errors import RecsysError, Unavailable
from recsys_app.stores.kafka_lag import GroupPosition


class GroupStore(Protocol):
    async def positions(self, topics: Sequence[str]) -> list[GroupPosition]: ...
    async def oldest_timestamps(
        self, positions: Sequence[GroupPosition]
    ) -> dict[GroupPosition, int]: ...


class BacklogObserver(Protocol):
    def on_backlog(self, progress_seconds: float, commit_seconds: float | None) -> None: ...


class Stalled(RecsysError):
    """Ratings wait, the servers answer, and this process does nothing."""


@dataclass(frozen=True)
class Backlog:
    """What waits, as `/readyz` shows it."""

    unarchivedRatings: int
    oldestUnarchivedSeconds: float
    """Since Kafka took the oldest rating that is not acknowledged; 0 if all are."""
    lastProgressSeconds: float
    """Since each partition that waits was last committed, for the one where that is longest."""
    lastCommitSeconds: float | None
    """Since this process last committed; None if it never has."""


class Watchdog:
    """Measures the backlog, and tells when only a new process can help.

    A partition makes progress when its committed offset moves. That it does not is no reason to end
    while this process tries, as it does when HDFS is down, nor while Kafka does not answer.
    """

    def __init__(
        self,
        *,
        group: GroupStore,
        topic: str,
        stalled_seconds: float,
        last_attempt: Callable[[], float],
        last_commit: Callable[[], float | None],
        observer: BacklogObserver | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._group = group
        self._topic = topic
        self._bound = stalled_seconds
        self._last_attempt = last_attempt
        self._last_commit = last_commit
        self._observer = observer
        self._monotonic = monotonic
        self._clock = clock
        self._moved: dict[int, tuple[int, float]] = {}
        """The committed offset of each partition, and since when it is that or nothing waits."""
        self._looked = monotonic()
        self.backlog: Backlog | None = None

    async def look(self, assigned: Collection[int]) -> Backlog:
        """The backlog now.

        Args:
            assigned: the partitions that this process is to archive; with none, it answers for all.

        Raises:
            Stalled: nothing has moved for too long although it could; the process has to end.
            Unavailable: Kafka does not answer, so that nothing is known.
        """
        try:
            positions = await self._group.positions([self._topic])
            oldest = await self._group.oldest_timestamps(positions)
        except Unavailable:
            self._moved.clear()
            raise
        now = self._monotonic()
        if now - self._looked > self._bound / 2:
            self._moved.clear()  # this process was stopped, and is as fresh as after its start
        self._looked = now
        for position in positions:
            committed, _ = self._moved.get(position.partition, (-1, now))
            if position.committed != committed or position.committed >= position.end:
                self._moved[position.partition] = position.committed, now
        self.backlog = self._backlog(positions, list(oldest.values()), now)
        if self._observer:
            self._observer.on_backlog(
                self.backlog.lastProgressSeconds, self.backlog.lastCommitSeconds
            )
        self._judge([p for p in positions if not assigned or p.partition in assigned], now)
        return self.backlog

    def details(self) -> dict[str, Any] | None:
        """The last measurement, for `/readyz`."""
        return asdict(self.backlog) if self.backlog else None

    def _backlog(
        self, positions: Sequence[GroupPosition], oldest: Sequence[int], now: float
    ) -> Backlog:
        commit = self._last_commit()
        waits = [now - since for _, since in self._moved.values()]
        return Backlog(
            unarchivedRatings=sum(max(0, p.end - p.committed) for p in positions),
            oldestUnarchivedSeconds=max((self._clock() - ms / 1000 for ms in oldest), default=0.0),
            lastProgressSeconds=max(waits, default=0.0),
            lastCommitSeconds=None if commit is None else now - commit,
        )

    def _judge(self, positions: Sequence[GroupPosition], now: float) -> None:
        stalled = [p for p in positions if now - self._moved[p.partition][1] > self._bound]
        if stalled and now - self._last_attempt() > self._bound:
            first = stalled[0]
            raise Stalled(
                f"Partition {first.partition} of {self._topic} has {first.end - first.committed} "
                f"ratings that nobody has archived for {self._bound:.0f} s, and this process has "
                "not tried to. It ends, so that a new one takes over."
            )
