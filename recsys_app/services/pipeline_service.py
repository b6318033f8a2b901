"""What can be measured of the way from a rating to a recommendation."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from numbers import Real
from typing import Any, Protocol, TypeVar

from recsys_app.errors import RecsysError
from recsys_app.resources import ArchiveSize, CacheSize, Pipeline, RatingFlow, TrainingRun

T = TypeVar("T")

_RATE_WINDOW_SECONDS = 12.0
_RUNS = 12


class GroupPosition(Protocol):
    @property
    def committed(self) -> int: ...
    @property
    def end(self) -> int: ...


class PositionReader(Protocol):
    async def positions(self, topics: Sequence[str]) -> Sequence[GroupPosition]: ...


class FolderReader(Protocol):
    async def folder_size(self, path: str) -> tuple[int, int]: ...


class CacheReader(Protocol):
    async def size(self) -> tuple[int, int]: ...


class RunReader(Protocol):
    async def runs(self, limit: int = 50) -> Sequence[Mapping[str, Any]]: ...


class PipelineService:
    """Looks at each server at most once in `seconds_between`, and only while somebody asks."""

    def __init__(
        self,
        *,
        group: PositionReader,
        topic: str,
        files: FolderReader,
        archive_root: str,
        cache: CacheReader,
        models: RunReader,
        model_version: Callable[[], str],
        movies: Callable[[], int],
        seconds_between: float = 2.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._group = group
        self._topic = topic
        self._files = files
        self._archive_root = archive_root
        self._cache = cache
        self._models = models
        self._model_version = model_version
        self._movies = movies
        self._seconds_between = seconds_between
        self._clock = clock
        self._totals: deque[tuple[float, int]] = deque(maxlen=32)
        self._seen: tuple[float, Pipeline] | None = None
        self._lock = asyncio.Lock()

    async def look(self) -> Pipeline:
        """What is measured now; a server that does not answer leaves its part empty."""
        async with self._lock:
            now = self._clock()
            if self._seen is None or now - self._seen[0] >= self._seconds_between:
                self._seen = now, await self._look()
            return self._seen[1]

    async def _look(self) -> Pipeline:
        down: list[str] = []

        async def ask(name: str, question: Awaitable[T], otherwise: T) -> T:
            try:
                async with asyncio.timeout(5):
                    return await question
            except (RecsysError, TimeoutError):
                down.append(name)
                return otherwise

        ratings, archive, cache, trainings = await asyncio.gather(
            ask("kafka", self._flow(), RatingFlow()),
            ask("hdfs", self._archive(), ArchiveSize()),
            ask("redis", self._cached(), CacheSize()),
            ask("mongodb", self._trainings(), None),
        )
        return Pipeline(
            self._model_version(), self._movies(), ratings, archive, cache, trainings, sorted(down)
        )

    async def _flow(self) -> RatingFlow:
        positions = await self._group.positions([self._topic])
        total = sum(position.end for position in positions)
        now = self._clock()
        while self._totals and now - self._totals[0][0] > _RATE_WINDOW_SECONDS:
            self._totals.popleft()
        rate = None
        if self._totals and now > self._totals[0][0]:
            rate = round((total - self._totals[0][1]) / (now - self._totals[0][0]), 2)
        self._totals.append((now, total))
        return RatingFlow(total, rate, sum(p.end - p.committed for p in positions))

    async def _archive(self) -> ArchiveSize:
        return ArchiveSize(*await self._files.folder_size(self._archive_root))

    async def _cached(self) -> CacheSize:
        return CacheSize(*await self._cache.size())

    async def _trainings(self) -> list[TrainingRun] | None:
        return [_run(document) for document in await self._models.runs(_RUNS)]


def _run(document: Mapping[str, Any]) -> TrainingRun:
    return TrainingRun(
        version=document["_id"],
        status=document["status"],
        startedAt=document["startedAt"].isoformat(),
        steps=_numbers(document.get("steps")),
        counts={name: int(count) for name, count in _numbers(document.get("counts")).items()},
        metrics=_numbers(document.get("metrics")),
        cause=document.get("cause"),
    )


def _numbers(found: Mapping[str, Any] | None) -> dict[str, float]:
    given = (found or {}).items()
    return {name: float(value) for name, value in given if isinstance(value, Real)}
