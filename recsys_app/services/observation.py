"""What the service tells its operators: observers, and what is measured around the stores."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from structlog.contextvars import bind_contextvars

from jobs.spec import TrainingResult, TrainingSpec
from recsys_app.services.dead_letters import MessageSender
from recsys_app.services.training_service import JobRunner
from recsys_app.stores.kafka import Position
from recsys_app.stores.kafka_lag import GroupPosition
from recsys_app.waiter import Waiter


class MessageObserver(Protocol):
    def on_accepted(self, ratings: int) -> None: ...
    def on_dead_lettered(self, topic: str, messages: int) -> None: ...


class TrainingObserver(Protocol):
    def on_trained(self, steps: Mapping[str, float]) -> None: ...
    def on_training_failed(self) -> None: ...


class ServiceObserver(Protocol):
    def on_lag(
        self, positions: Sequence[GroupPosition], oldest_unarchived_seconds: float
    ) -> None: ...
    def on_model(self, quality: Mapping[str, float], trained_at: float) -> None: ...
    def on_rejected_model(self, version: str | None, cause: str) -> None: ...


class ObservedMessages:
    """A sender that counts what Kafka has confirmed, and puts its position into the log."""

    def __init__(
        self,
        messages: MessageSender,
        *,
        ratings: str,
        dead_letters: Mapping[str, str],
        observer: MessageObserver,
    ) -> None:
        self._messages = messages
        self._ratings = ratings
        self._sources = {letters: source for source, letters in dead_letters.items()}
        self._observer = observer

    async def send(self, topic: str, key: bytes, value: bytes) -> Position:
        position = await self._messages.send(topic, key, value)
        if topic == self._ratings:
            # For the log lines of the request that brought it.
            bind_contextvars(partition=position.partition, offset=position.offset)
        self._count(topic, 1)
        return position

    def put(self, topic: str, key: bytes, value: bytes, waiter: Waiter[Position]) -> bool:
        return self._messages.put(topic, key, value, _Counted(waiter, topic, self._count))

    async def send_many(
        self, topic: str, messages: Sequence[tuple[bytes, bytes]]
    ) -> list[Position]:
        positions = await self._messages.send_many(topic, messages)
        self._count(topic, len(positions))
        return positions

    def _count(self, topic: str, messages: int) -> None:
        if topic == self._ratings:
            self._observer.on_accepted(messages)
        elif topic in self._sources:
            self._observer.on_dead_lettered(self._sources[topic], messages)


class _Counted:
    """A waiter whose message counts if Kafka has it in time."""

    __slots__ = ("_count", "_topic", "_waiter")

    def __init__(
        self, waiter: Waiter[Position], topic: str, count: Callable[[str, int], None]
    ) -> None:
        self._waiter = waiter
        self._topic = topic
        self._count = count

    def done(self) -> bool:
        return self._waiter.done()

    def set_result(self, position: Position, /) -> None:
        self._count(self._topic, 1)
        self._waiter.set_result(position)

    def set_exception(self, error: BaseException, /) -> None:
        self._waiter.set_exception(error)


class ObservedJobs:
    """A runner of trainings that tells how long their steps took."""

    def __init__(self, jobs: JobRunner, *, observer: TrainingObserver) -> None:
        self._jobs = jobs
        self._observer = observer

    async def run(
        self, function: Callable[[TrainingSpec], TrainingResult], spec: TrainingSpec
    ) -> TrainingResult:
        try:
            result = await self._jobs.run(function, spec)
        except Exception:
            self._observer.on_training_failed()
            raise
        self._observer.on_trained(result.steps)
        return result


class GroupStore(Protocol):
    async def positions(self, topics: Sequence[str]) -> list[GroupPosition]: ...
    async def oldest_timestamps(
        self, positions: Sequence[GroupPosition]
    ) -> dict[GroupPosition, int]: ...


class ModelRegister(Protocol):
    async def active(self) -> Mapping[str, Any] | None: ...
    async def runs(self, limit: int = 50) -> Sequence[Mapping[str, Any]]: ...


class ObservationService:
    """Looks from time to time at what no request or batch tells."""

    def __init__(
        self,
        *,
        group: GroupStore,
        models: ModelRegister,
        observer: ServiceObserver,
        ratings: str,
        topics: Sequence[str],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._group = group
        self._models = models
        self._observer = observer
        self._ratings = ratings
        self._topics = topics
        self._clock = clock

    async def observe(self) -> None:
        """Tells the observer the lag of each partition, the quality of the active model, and
        whether the newest one is worse and not served.

        Raises:
            Unavailable: Kafka or MongoDB does not answer.
        """
        positions = await self._group.positions(self._topics)
        ratings = [position for position in positions if position.topic == self._ratings]
        waiting = await self._group.oldest_timestamps(ratings)
        oldest = min(waiting.values(), default=None)
        age = 0.0 if oldest is None else max(0.0, self._clock() - oldest / 1000)
        self._observer.on_lag(positions, age)
        model = await self._models.active()
        if model is not None:
            quality = model.get("metrics") or {}
            numbers = {k: float(v) for k, v in quality.items() if isinstance(v, int | float)}
            self._observer.on_model(numbers, model["startedAt"].timestamp())
        newest = next((run for run in await self._models.runs(2) if run["status"] != "running"), {})
        is_rejected = newest.get("status") == "rejected"
        version = str(newest["_id"]) if is_rejected else None
        self._observer.on_rejected_model(version, str(newest.get("cause") or ""))
