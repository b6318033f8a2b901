"""What came of an experiment: the ratings that followed the lists that were shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import msgspec
import numpy as np

from recsys_app.errors import RecsysError
from recsys_app.models import Rating, Record, rating_decoder
from recsys_app.services.experiment import Experiment, Shown
from recsys_app.stores.kafka import OffsetRange

WINDOW_MILLISECONDS = 24 * 3600 * 1000
LIKED_STARS = 4.0
_RESAMPLES = 2000

_shown_decoder = msgspec.json.Decoder(Shown)


class Timed(NamedTuple):
    """A rating, and when Kafka took it: milliseconds since 1970-01-01 UTC."""

    at: int
    rating: Rating


class TimedShown(NamedTuple):
    at: int
    shown: Shown


@dataclass(frozen=True)
class Arm:
    """One version's side of an experiment."""

    version: str
    users: int
    """Who were shown a list."""
    lists: int
    followed: int
    """Ratings of a film by somebody who was shown it at most 24 hours before."""
    liked: int
    """Of these, with four stars or more."""
    mean_stars: float | None
    followed_per_user: float


@dataclass(frozen=True)
class ExperimentReport:
    """Both sides, and how sure their difference is."""

    name: str
    control: Arm
    challenger: Arm
    difference: float
    """Followed ratings per user, challenger minus control."""
    interval: tuple[float, float]
    """95 % of bootstrap samples of the users have a difference between these."""


class PartitionLog(Protocol):
    async def partitions(self, topic: str) -> list[int]: ...
    async def offsets(self, topic: str, partition: int) -> OffsetRange: ...
    async def offset_at(self, topic: str, partition: int, timestamp: int) -> int: ...
    async def read(
        self, topic: str, partition: int, start: int, stop: int, *, limit: int = 5000
    ) -> list[Record]: ...


class ExperimentReporter:
    """Reads an experiment's lists and ratings back from their topics."""

    def __init__(self, log: PartitionLog, *, shown_topic: str, ratings_topic: str) -> None:
        self._log = log
        self._shown_topic = shown_topic
        self._ratings_topic = ratings_topic

    async def report(self, experiment: Experiment) -> ExperimentReport:
        """What came of the experiment until now."""
        since = experiment.since
        shown = [
            TimedShown(record.timestamp, _shown_decoder.decode(record.value or b""))
            async for record in self._since(self._shown_topic, since)
        ]
        ratings = []
        async for record in self._since(self._ratings_topic, since):
            try:
                ratings.append(Timed(record.timestamp, rating_decoder.decode(record.value or b"")))
            except (msgspec.MsgspecError, UnicodeDecodeError):
                continue  # a dead letter
        return summarize(experiment, shown, ratings)

    async def _since(self, topic: str, timestamp: int) -> AsyncIterator[Record]:
        for partition in await self._log.partitions(topic):
            offset = await self._log.offset_at(topic, partition, timestamp)
            end = (await self._log.offsets(topic, partition)).end
            while offset < end:
                records = await self._log.read(topic, partition, offset, end)
                if not records:
                    break
                for record in records:
                    yield record
                offset = records[-1].offset + 1


def summarize(
    experiment: Experiment, shown: Iterable[TimedShown], ratings: Iterable[Timed]
) -> ExperimentReport:
    """Counts each rating once, for the version by which its user was shown the film.

    Raises:
        RecsysError: one of the versions was shown to nobody.
    """
    lists: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    seen: dict[tuple[int, int], list[tuple[int, str]]] = defaultdict(list)
    for at, each in shown:
        if each.experiment == experiment.name:
            lists[each.modelVersion][each.userId] += 1
            for movie_id in each.movieIds:
                seen[each.userId, movie_id].append((at, each.modelVersion))
    followed: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    counted: set[tuple[int, int]] = set()
    for at, rating in ratings:
        pair = (rating.userId, rating.movieId)
        if rating.rating is None or pair in counted:
            continue
        before = [v for when, v in seen.get(pair, []) if 0 <= at - when <= WINDOW_MILLISECONDS]
        if before:
            counted.add(pair)
            followed[before[-1]][rating.userId].append(rating.rating)
    sides = []
    for version in (experiment.control, experiment.challenger):
        if not lists[version]:
            raise RecsysError(f"{version} was shown to nobody yet; there is nothing to compare.")
        sides.append((version, lists[version], followed[version]))
    counts = [
        np.array([len(rated.get(user, [])) for user in users], dtype=np.float64)
        for _, users, rated in sides
    ]
    low, high = _interval(counts[0], counts[1])
    control, challenger = (_arm(*side) for side in sides)
    difference = challenger.followed_per_user - control.followed_per_user
    return ExperimentReport(experiment.name, control, challenger, difference, (low, high))


def _arm(version: str, users: dict[int, int], followed: dict[int, list[float]]) -> Arm:
    stars = [each for of_user in followed.values() for each in of_user]
    return Arm(
        version=version,
        users=len(users),
        lists=sum(users.values()),
        followed=len(stars),
        liked=sum(each >= LIKED_STARS for each in stars),
        mean_stars=float(np.mean(stars)) if stars else None,
        followed_per_user=len(stars) / len(users),
    )


def _interval(
    control: np.ndarray[tuple[int], np.dtype[np.float64]],
    challenger: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> tuple[float, float]:
    chance = np.random.default_rng(1)
    differences = [
        chance.choice(challenger, len(challenger)).mean()
        - chance.choice(control, len(control)).mean()
        for _ in range(_RESAMPLES)
    ]
    low, high = np.percentile(differences, (2.5, 97.5))
    return float(low), float(high)
