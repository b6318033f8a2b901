"""Trains models on the archive and answers with what they recommend."""

from __future__ import annotations

import asyncio
import csv
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import msgspec
import orjson

from jobs.explanations import Contribution, Explanation
from recsys_app.archive import ArchiveRow
from recsys_app.errors import Unavailable
from recsys_app.models import CachedList
from recsys_app.services.archive_snapshots import ArchiveSnapshots
from recsys_app.services.csv_writer import CSVWriter
from recsys_app.services.dead_letters import MessageSender
from recsys_app.services.experiment import Shown
from recsys_app.services.list_lookup import ListLookup, RatingStore, up_to_date
from recsys_app.services.movie_service import MovieService
from recsys_app.services.served_models import ServedModels
from recsys_app.services.serving_model import ServedModel, ServingModel, loaded
from recsys_app.stores.redis import CacheEntry
from recsys_app.waiter import Waiter

log = logging.getLogger(__name__)

_SHOWN_AT_ONCE = 1000
"""Messages about shown lists that may wait for Kafka."""


class Trainer(Protocol):
    async def train(self) -> str | None: ...


class Answer(NamedTuple):
    """What `GET /recommendations/{user_id}` says."""

    body: bytes
    """A JSON array, best first."""
    source: str
    """`model`, or `popular` where the model does not know the user."""
    model_version: str


class RecommendationService:
    """Recommendations by the version of the model that each user gets."""

    def __init__(
        self,
        *,
        models: ServedModels,
        lists: ListLookup,
        ratings: RatingStore,
        movies: MovieService,
        writer: CSVWriter,
        snapshots: ArchiveSnapshots,
        training: Trainer,
        messages: MessageSender,
        shown_topic: str,
    ) -> None:
        self._models = models
        self._lists = lists
        self._ratings = ratings
        self._movies = movies
        self._writer = writer
        self._snapshots = snapshots
        self._training = training
        self._messages = messages
        self._shown_topic = shown_topic
        self._sending: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Waits for what is being sent to the topics."""
        await self._lists.close()
        await asyncio.gather(*self._sending)

    @property
    def model_version(self) -> str:
        return self.served.version

    @property
    def served(self) -> ServedModel:
        """The active version as last refreshed."""
        return self._models.active

    async def refresh(self) -> None:
        """Takes up a changed catalogue and other versions of the model."""
        await self._models.refresh()

    async def get_recommendations_by_user_id(
        self, user_id: int, limit: int = 10, *, explain: bool = False
    ) -> Answer:
        """The user's list, or popular movies if the model does not know the user.

        With `explain`, each movie has `because`, the user's ratings that speak for it most, and
        `popularity`, the share of its popularity in its score.

        Raises:
            Unavailable: neither the cache nor MongoDB answers.
        """
        served = self._models.for_user(user_id)
        found = await self._lists.find(served, user_id)
        chosen = served.popular if found is None else found
        body = self._movies.to_json(chosen.movie_ids, chosen.fiftieths, limit)
        if explain:
            rated = (await self._ratings.of_user(user_id)).stars
            body = self._explained(body, loaded(served), rated)
        self._log_shown(user_id, served.version, chosen, limit)
        return Answer(body, "popular" if found is None else "model", served.version)

    def ask_cache(self, user_id: int, waiter: Waiter[CacheEntry]) -> ServedModel | None:
        """Has the waiter hear what the cache holds of the user, for `cached_answer`, and returns
        the version that the user gets.

        None, with nothing asked, if `get_recommendations_by_user_id` has to be called.
        """
        if self._models.experiment is not None:
            return None
        served = self._models.active
        return served if self._lists.ask(served, user_id, waiter) else None

    def cached_answer(self, served: ServedModel, entry: CacheEntry, limit: int) -> Answer | None:
        """The answer, if the cache holds an up-to-date list."""
        found = up_to_date(served, entry)
        if found is None:
            return None
        body = self._movies.to_json(found.movie_ids, found.fiftieths, limit)
        return Answer(body, "model", served.version)

    def _explained(self, body: bytes, model: ServingModel, rated: Mapping[int, float]) -> bytes:
        movies = orjson.loads(body)
        reasons = model.explain(rated, [movie["movieId"] for movie in movies])
        for movie in movies:
            reason = reasons.get(movie["movieId"], Explanation([], 1.0))
            movie["because"] = [self._reason(part) for part in reason.because]
            movie["popularity"] = round(reason.popularity, 3)
        return orjson.dumps(movies)

    def _reason(self, part: Contribution) -> dict[str, Any]:
        known = self._movies.movies.get(part.movie_id)
        return {
            "movieId": part.movie_id,
            "title": known.title if known else None,
            "rating": part.stars,
            "share": round(part.share, 3),
        }

    def _log_shown(self, user_id: int, version: str, shown: CachedList, limit: int) -> None:
        """Tells the experiment's topic what the user saw, without making the user wait."""
        experiment = self._models.experiment
        if experiment is None:
            return
        if len(self._sending) >= _SHOWN_AT_ONCE:
            log.warning("a shown list is missing in the experiment: Kafka is too slow")
            return
        known = [movie_id for movie_id in shown.movie_ids if movie_id in self._movies.movies]
        message = Shown(user_id, version, experiment.name, known[:limit])
        task = asyncio.create_task(self._send_shown(message))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send_shown(self, shown: Shown) -> None:
        try:
            key = b"%d" % shown.userId
            await self._messages.send(self._shown_topic, key, msgspec.json.encode(shown))
        except Unavailable as error:
            log.warning("a shown list is missing in the experiment: %s", error)

    async def generate_recommendations_for_all_users(self) -> str | None:
        """Trains a model on the whole archive, stores and publishes everybody's list, and makes
        readers get it.

        Returns:
            The new version; None if a training runs elsewhere already.

        Raises:
            RecsysError: the training failed; the version that was active stays so.
        """
        return await self._training.train()

    async def download_ratings_file(self, local_path: Path) -> int:
        """Writes every archived rating once to a CSV with one header, by epoch, partition and
        offset, and returns how many there are. Of files that have expired, the last word of each
        user on each movie comes first.

        Raises:
            BadDataError: a file of the archive is not as it should be; `local_path` is untouched.
        """
        partial = local_path.with_name(local_path.name + ".part")
        count = 0
        with partial.open("w", newline="") as output:
            lines = csv.writer(output, lineterminator="\n")
            lines.writerow(("userId", "movieId", "rating", "timestamp", "offset"))
            async for rows in self._archived():
                stars = [row for row in rows if row.rating is not None]
                lines.writerows(
                    (r.user_id, r.movie_id, f"{r.rating:g}", r.timestamp, r.offset) for r in stars
                )
                count += len(stars)
        partial.replace(local_path)
        return count

    async def _archived(self) -> AsyncIterator[Sequence[ArchiveRow]]:
        async for _, rows in self._snapshots.expired_rows():
            yield rows
        for path in await self._writer.list_files():
            yield await self._writer.read_file(path)
