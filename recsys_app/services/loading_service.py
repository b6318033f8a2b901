"""Whole data sets into the service, the way single ratings come."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple, Protocol, TypeVar

import stamina

from recsys_app.errors import BadDataError, ConfigurationError, Unavailable
from recsys_app.models import Movie, Rating
from recsys_app.services.csv_writer import CSVWriter
from recsys_app.services.rating_service import PartitionLog, RatingService
from recsys_app.stores.mongo import MongoDatasetStore, MongoMovieStore

log = logging.getLogger(__name__)

T = TypeVar("T")

CHUNK = 1000
"""Ratings that are sent at once, and movies."""


class Dataset(Protocol):
    """Movies and ratings that can be read one at a time."""

    @property
    def name(self) -> str: ...
    @property
    def fingerprint(self) -> str: ...
    def movies(self) -> Iterator[Movie]: ...
    def ratings(
        self, on_bad_row: Callable[[BadDataError], None] | None = None
    ) -> Iterator[Rating]: ...


class Loaded(NamedTuple):
    """What a load has done."""

    movies: int
    ratings: int
    bad_rows: int
    already: bool = False
    """Whether this very set had been loaded before, so that there was nothing to do."""


class LoadingService:
    """Loads data sets: movies into the catalogue, ratings through Kafka into the archive."""

    def __init__(
        self,
        *,
        movies: MongoMovieStore,
        datasets: MongoDatasetStore,
        ratings: RatingService,
        kafka_log: PartitionLog,
        writer: CSVWriter,
        topic: str,
    ) -> None:
        self._movies = movies
        self._datasets = datasets
        self._ratings = ratings
        self._log = kafka_log
        self._writer = writer
        self._topic = topic

    async def is_empty(self) -> bool:
        """Whether nothing was ever loaded."""
        return not await self._datasets.all() and not await self._movies.count()

    async def load(
        self, dataset: Dataset, *, after_chunk: Callable[[], None], again: bool = False
    ) -> Loaded:
        """Sends every movie and rating of the set; the ratings are then with Kafka.

        A load that was cut short starts over: the newest rating of a movie by a user counts, so a
        rating that comes twice changes nothing in a training.

        Args:
            dataset: what to load.
            after_chunk: called after every `CHUNK` ratings.
            again: send it even if this very set is loaded already.

        Raises:
            ConfigurationError: another set is loaded already; user ids would mean two people.
        """
        for known in await self._datasets.all():
            if known["_id"] != dataset.fingerprint and not again:
                raise ConfigurationError(
                    f"The data set {known['name']} is loaded already, and user ids of two sets "
                    "mean different people. Begin with an empty store (another RECSYS_HOME), or "
                    "load it all the same with `recsys load --again`."
                )
            if known["_id"] == dataset.fingerprint and "loadedAt" in known and not again:
                return Loaded(known["movies"], known["ratings"], known["badRows"], already=True)
        await self._datasets.put(dataset.fingerprint, {"name": dataset.name})
        loaded = await self._send(dataset, after_chunk)
        await self._datasets.put(
            dataset.fingerprint,
            {
                "loadedAt": datetime.now(UTC),
                "movies": loaded.movies,
                "ratings": loaded.ratings,
                "badRows": loaded.bad_rows,
            },
        )
        return loaded

    async def _send(self, dataset: Dataset, after_chunk: Callable[[], None]) -> Loaded:
        bad_rows: list[BadDataError] = []
        movies = ratings = 0
        for some_movies in _chunks(dataset.movies()):
            movies += await self._movies.put_many(some_movies)
        for some_ratings in _chunks(dataset.ratings(bad_rows.append)):
            await self._send_ratings(some_ratings)
            ratings += len(some_ratings)
            after_chunk()
        for error in bad_rows[:10]:
            log.warning("left out: %s", error)
        return Loaded(movies, ratings, len(bad_rows))

    @stamina.retry(on=Unavailable, attempts=None, timeout=60.0)
    async def _send_ratings(self, ratings: Sequence[Rating]) -> None:
        await self._ratings.send_ratings(ratings)

    async def unarchived(self) -> int:
        """How many ratings Kafka has and the archive has not."""
        return await self._missing(await self._ends())

    async def wait_until_archived(
        self,
        *,
        waiting: Callable[[int], None],
        every_seconds: float = 0.5,
        patience_seconds: float = float("inf"),
    ) -> int:
        """Returns once the archive has every rating that Kafka has now, or has taken none for
        `patience_seconds`; the number that it lacks.

        Args:
            waiting: called with the number of ratings that are still missing.
            every_seconds: how often to look.
        """
        ends, fewest = await self._ends(), None
        while missing := await self._missing(ends):
            if fewest is None or missing < fewest:
                fewest, last_progress = missing, time.monotonic()
            elif time.monotonic() - last_progress > patience_seconds:
                break
            waiting(missing)
            await asyncio.sleep(every_seconds)
        return missing

    async def _ends(self) -> dict[int, int]:
        partitions = await self._log.partitions(self._topic)
        return {p: (await self._log.offsets(self._topic, p)).end for p in partitions}

    async def _missing(self, ends: dict[int, int]) -> int:
        self._writer.forget()
        return sum([max(0, end - await self._writer.next_offset(p)) for p, end in ends.items()])


def _chunks(items: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk
