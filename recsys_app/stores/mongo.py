"""The movie catalogue, the register of models and the last full sets of lists, in MongoDB.

motor is only imported here, so that its successor is a change of one file.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase
from pymongo import ASCENDING, DESCENDING, ReplaceOne, ReturnDocument
from pymongo.errors import DuplicateKeyError, PyMongoError

from recsys_app.errors import Unavailable
from recsys_app.models import CachedList, Movie, ScoredMovie, to_cached

Document = dict[str, Any]

_PAGE = 5000


@asynccontextmanager
async def _ours() -> AsyncIterator[None]:
    try:
        yield
    except (PyMongoError, OSError, TimeoutError) as error:
        raise Unavailable("MongoDB", str(error).partition(", Timeout:")[0]) from error


mongo_errors = _ours
"""For the stores in other modules."""


class MongoConnection:
    """One client and its database, shared by the stores."""

    def __init__(self, uri: str, database: str, *, timeout_seconds: float = 5.0) -> None:
        self._client: AsyncIOMotorClient[Document] = AsyncIOMotorClient(
            uri,
            serverSelectionTimeoutMS=int(timeout_seconds * 1000),
            timeoutMS=int(timeout_seconds * 1000),
            tz_aware=True,
            appname="recsys",
        )
        self.database: AsyncIOMotorDatabase[Document] = self._client.get_default_database(database)

    async def ping(self) -> None:
        async with _ours():
            await self.database.command("ping")

    def close(self) -> None:
        self._client.close()


class MongoMovieStore:
    """The catalogue: collection `movies`, `_id` the movie's id."""

    def __init__(self, connection: MongoConnection) -> None:
        self._movies = connection.database["movies"]
        self._state = connection.database["state"]

    async def all(self) -> list[Movie]:
        movies: list[Movie] = []
        while True:  # page by page: a client's timeout holds for all that a cursor ever reads
            after = movies[-1].movieId if movies else 0
            page = self._movies.find({"_id": {"$gt": after}}, sort=[("_id", ASCENDING)])
            async with _ours():
                documents = await page.limit(_PAGE).to_list(_PAGE)
            movies += map(_movie, documents)
            if len(documents) < _PAGE:
                return movies

    async def count(self) -> int:
        async with _ours():
            return await self._movies.count_documents({})

    async def put_many(self, movies: Iterable[Movie]) -> int:
        """Adds or replaces the movies and returns how many there were."""
        writes = [
            ReplaceOne(
                {"_id": movie.movieId},
                {"title": movie.title, "year": movie.year, "genres": movie.genres},
                upsert=True,
            )
            for movie in movies
        ]
        if writes:
            async with _ours():
                await self._movies.bulk_write(writes, ordered=False)
                await self._state.update_one(
                    {"_id": "catalogue"}, {"$inc": {"revision": 1}}, upsert=True
                )
        return len(writes)

    async def revision(self) -> int:
        """A number that grows whenever the catalogue changes."""
        async with _ours():
            state = await self._state.find_one({"_id": "catalogue"})
        return int(state["revision"]) if state else 0


class MongoModelStore:
    """The register of training runs, which of them is served, and the lists of each.

    Collections: `models` (a run each, `_id` its version), `recommendations` (a list each, `_id`
    `<version>:<user>`), `state` (`_id` "active": the version that is served; "experiment": the one
    that runs) and `experiments` (each that ever ran, `_id` its name).
    """

    def __init__(self, connection: MongoConnection) -> None:
        self._models = connection.database["models"]
        self._lists = connection.database["recommendations"]
        self._state = connection.database["state"]
        self._experiments = connection.database["experiments"]

    async def create_indexes(self) -> None:
        async with _ours():
            await self._lists.create_index("version")
            await self._models.create_index([("number", DESCENDING)])

    async def newest_number(self) -> int:
        """The highest number that a run had; 0 before the first."""
        async with _ours():
            newest = await self._models.find_one(sort=[("number", DESCENDING)])
        return int(newest["number"]) if newest else 0

    async def register(self, version: str, number: int, parameters: Mapping[str, Any]) -> None:
        run = {
            "_id": version,
            "number": number,
            "status": "running",
            "startedAt": datetime.now(UTC),
            "parameters": dict(parameters),
        }
        async with _ours():
            await self._models.insert_one(run)

    async def update(self, version: str, changes: Mapping[str, Any]) -> None:
        async with _ours():
            await self._models.update_one({"_id": version}, {"$set": dict(changes)})

    async def activate(self, version: str, number: int) -> None:
        """From here on every reader is served by this version."""
        state = {"version": version, "number": number, "since": datetime.now(UTC)}
        async with _ours():
            await self._state.replace_one({"_id": "active"}, state, upsert=True)

    async def active(self) -> Document | None:
        """The record of the version that is served; None before the first training."""
        async with _ours():
            state = await self._state.find_one({"_id": "active"})
            return await self._models.find_one({"_id": state["version"]}) if state else None

    async def active_version(self) -> str | None:
        async with _ours():
            state = await self._state.find_one({"_id": "active"})
        return state["version"] if state else None

    async def state(self) -> tuple[str | None, Document | None]:
        """The active version, and the experiment that runs, if there are such."""
        async with _ours():
            cursor = self._state.find({"_id": {"$in": ["active", "experiment"]}})
            found = {document.pop("_id"): document async for document in cursor}
        active = found.get("active")
        return (active["version"] if active else None), found.get("experiment")

    async def put_experiment(self, experiment: Mapping[str, Any]) -> None:
        """From here on every reader takes part in it."""
        async with _ours():
            await self._experiments.insert_one({"_id": experiment["name"], **experiment})
            await self._state.replace_one({"_id": "experiment"}, dict(experiment), upsert=True)

    async def end_experiment(self, name: str) -> None:
        """From here on nobody takes part in it; it can still be looked up."""
        async with _ours():
            await self._state.delete_one({"_id": "experiment", "name": name})

    async def past_experiment(self, name: str) -> Document | None:
        async with _ours():
            return await self._experiments.find_one({"_id": name}, {"_id": False})

    async def run(self, version: str) -> Document | None:
        """The record of a training run."""
        async with _ours():
            return await self._models.find_one({"_id": version})

    async def runs(self, limit: int = 50) -> list[Document]:
        """The newest runs, newest first, without their lists of popular movies."""
        async with _ours():
            found = self._models.find({}, {"popular": False}, sort=[("number", DESCENDING)])
            return await found.limit(limit).to_list(limit)

    async def list_of(self, version: str, user_id: int) -> CachedList | None:
        """What a version recommends to a user; None if it does not know the user."""
        async with _ours():
            document = await self._lists.find_one({"_id": f"{version}:{user_id}"})
        if document is None:
            return None
        items = [ScoredMovie(*item) for item in document["items"]]
        return to_cached(version, items, document.get("revision", 0))

    async def count_lists(self, version: str) -> int:
        async with _ours():
            return await self._lists.count_documents({"version": version})

    async def delete_lists(self, version: str) -> None:
        async with _ours():
            await self._lists.delete_many({"version": version})
            await self._models.update_one({"_id": version}, {"$set": {"status": "retired"}})


class MongoLeaseStore:
    """Leases: who may do what only one process in the cluster may do."""

    def __init__(self, connection: MongoConnection) -> None:
        self._leases = connection.database["leases"]

    async def acquire(self, name: str, holder: str, seconds: float) -> bool:
        """Whether the holder has the lease now, newly or still, for so many seconds."""
        now = datetime.now(UTC)
        free = {"_id": name, "$or": [{"holder": holder}, {"until": {"$lt": now}}]}
        held = {"$set": {"holder": holder, "until": now + timedelta(seconds=seconds)}}
        try:
            async with _ours():
                document = await self._leases.find_one_and_update(
                    free, held, upsert=True, return_document=ReturnDocument.AFTER
                )
        except Unavailable as error:
            if isinstance(error.__cause__, DuplicateKeyError):
                return False
            raise
        return bool(document["holder"] == holder)

    async def release(self, name: str, holder: str) -> None:
        async with _ours():
            await self._leases.delete_one({"_id": name, "holder": holder})


class MongoDatasetStore:
    """Which data sets were loaded, so that loading one again changes nothing."""

    def __init__(self, connection: MongoConnection) -> None:
        self._datasets = connection.database["datasets"]

    async def find(self, fingerprint: str) -> Document | None:
        async with _ours():
            return await self._datasets.find_one({"_id": fingerprint})

    async def all(self) -> Sequence[Document]:
        async with _ours():
            return await self._datasets.find().to_list(None)

    async def put(self, fingerprint: str, changes: Mapping[str, Any]) -> None:
        async with _ours():
            await self._datasets.update_one(
                {"_id": fingerprint}, {"$set": dict(changes)}, upsert=True
            )


def _movie(document: Document) -> Movie:
    return Movie(document["_id"], document["title"], document["year"], document["genres"])
