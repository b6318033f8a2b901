"""Erasures and what MongoDB knows of a user."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from pymongo.errors import PyMongoError

from recsys_app.errors import Unavailable
from recsys_app.stores.mongo import Document, MongoConnection


@asynccontextmanager
async def _ours() -> AsyncIterator[None]:
    try:
        yield
    except (PyMongoError, OSError, TimeoutError) as error:
        raise Unavailable("MongoDB", str(error).partition(", Timeout:")[0]) from error


class MongoErasureStore:
    """Collection `erasures`, `_id` the receipt. The user's id is in it until all is done."""

    def __init__(self, connection: MongoConnection) -> None:
        self._erasures = connection.database["erasures"]

    async def create(self, receipt: str, document: Mapping[str, Any]) -> None:
        async with _ours():
            await self._erasures.insert_one({"_id": receipt, **document})

    async def find(self, receipt: str) -> Document | None:
        async with _ours():
            return await self._erasures.find_one({"_id": receipt})

    async def pending(self) -> Sequence[Document]:
        """Those that are not complete, the oldest first."""
        query = {"userId": {"$exists": True}}
        async with _ours():
            return await self._erasures.find(query, sort=[("requestedAt", 1)]).to_list(None)

    async def update(self, receipt: str, changes: Mapping[str, Any]) -> None:
        async with _ours():
            await self._erasures.update_one({"_id": receipt}, {"$set": dict(changes)})

    async def complete(self, receipt: str, changes: Mapping[str, Any]) -> None:
        """The last change: nothing tells any more whose erasure it was."""
        async with _ours():
            await self._erasures.update_one(
                {"_id": receipt},
                {"$set": dict(changes), "$unset": {"userId": "", "ends": "", "tombstone": ""}},
            )


class MongoUserStore:
    """Everything in MongoDB that is about one user."""

    def __init__(self, connection: MongoConnection) -> None:
        self._lists = connection.database["recommendations"]
        self._models = connection.database["models"]
        self._hidden = connection.database["hidden"]
        self._state = connection.database["state"]

    async def forget_user(self, user_id: int, *, last: bool = False) -> None:
        """Deletes the user's lists of every version, and what they have hidden.

        Workers remember what is hidden and only hear of changes: so that they forget, too, the
        user's document is emptied first and deleted the last time.
        """
        async with _ours():
            versions = [run["_id"] async for run in self._models.find({}, {"_id": True})]
            ids = [f"{version}:{user_id}" for version in versions]
            await self._lists.delete_many({"_id": {"$in": ids}})
            if last:
                await self._hidden.delete_one({"_id": user_id})
            elif await self._hidden.find_one({"_id": user_id, "movies": {"$ne": []}}):
                await self._state.update_one({"_id": "hidden"}, {"$inc": {"revision": 1}})
                state = await self._state.find_one({"_id": "hidden"})
                emptied: Document = {"movies": [], "revision": state["revision"] if state else 0}
                await self._hidden.update_one({"_id": user_id}, {"$set": emptied})
