"""Which movies people never want to see recommended, in MongoDB."""

from __future__ import annotations

from collections.abc import Mapping

from pymongo import ReturnDocument

from recsys_app.stores.mongo import MongoConnection, mongo_errors

_OVERLAP = 100
"""Writers may finish in another order than they got their revision numbers."""


class MongoHiddenMovieStore:
    """Collection `hidden`, a document each user, with the revision of the last change to it."""

    def __init__(self, connection: MongoConnection) -> None:
        self._hidden = connection.database["hidden"]
        self._state = connection.database["state"]

    async def put(self, user_id: int, movie_id: int, *, is_hidden: bool) -> None:
        """Hides the movie from the user's recommendations, or shows it again."""
        change = {"$addToSet" if is_hidden else "$pull": {"movies": movie_id}}
        async with mongo_errors():
            state = await self._state.find_one_and_update(
                {"_id": "hidden"},
                {"$inc": {"revision": 1}},
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
            change["$set"] = {"revision": state["revision"]}
            await self._hidden.update_one({"_id": user_id}, change, upsert=True)

    async def revision(self) -> int:
        """A number that grows with each change."""
        async with mongo_errors():
            state = await self._state.find_one({"_id": "hidden"})
        return int(state["revision"]) if state else 0

    async def changed_since(self, revision: int) -> Mapping[int, frozenset[int]]:
        """The hidden movies of every user with a change after that revision."""
        query = {"revision": {"$gt": revision - _OVERLAP}} if revision else {}
        async with mongo_errors():
            return {
                document["_id"]: frozenset(document.get("movies", ()))
                async for document in self._hidden.find(query)
            }
