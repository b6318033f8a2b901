"""The documents of MongoDB that no other store could give back, as text."""

from __future__ import annotations

from datetime import UTC

from bson import json_util
from pymongo import ReplaceOne

from recsys_app.stores.mongo import Document, MongoConnection, mongo_errors

COLLECTIONS = ("movies", "datasets", "hidden")
"""The catalogue, what was loaded, and what people never want to see recommended."""

_PAGE = 5000
_COUNTED = {"movies": "catalogue", "hidden": "hidden"}
"""What the document in `state` is called that counts the changes of a collection."""

_OPTIONS = json_util.RELAXED_JSON_OPTIONS.with_options(tz_aware=True, tzinfo=UTC)


class MongoDocumentStore:
    """Whole collections, a line of MongoDB's extended JSON for each document."""

    def __init__(self, connection: MongoConnection) -> None:
        self._database = connection.database
        self._state = connection.database["state"]

    async def revision(self) -> str:
        """A line that is another one whenever a collection has changed."""
        async with mongo_errors():
            cursor = self._state.find({"_id": {"$in": list(_COUNTED.values())}})
            counts = {document["_id"]: document["revision"] async for document in cursor}
            loaded = await self._database["datasets"].find(sort=[("_id", 1)]).to_list(None)
        return json_util.dumps([counts, loaded], sort_keys=True)

    async def dump(self, collection: str) -> bytes:
        """Every document of a collection; nothing if there is none."""
        lines: list[str] = []
        last: Document | None = None
        while True:  # page by page: a client's timeout holds for all that a cursor ever reads
            query = {"_id": {"$gt": last["_id"]}} if last else {}
            async with mongo_errors():
                found = self._database[collection].find(query, sort=[("_id", 1)])
                page = await found.limit(_PAGE).to_list(_PAGE)
            lines += [json_util.dumps(document, json_options=_OPTIONS) + "\n" for document in page]
            if len(page) < _PAGE:
                return "".join(lines).encode()
            last = page[-1]

    async def restore(self, collection: str, content: bytes) -> int:
        """Puts the documents into a collection without any; returns how many, 0 if it has some."""
        target = self._database[collection]
        documents: list[Document] = [
            json_util.loads(line, json_options=_OPTIONS) for line in content.splitlines()
        ]
        async with mongo_errors():
            if not documents or await target.find_one():
                return 0
            for start in range(0, len(documents), _PAGE):
                page = documents[start : start + _PAGE]
                writes = [ReplaceOne({"_id": each["_id"]}, each, upsert=True) for each in page]
                await target.bulk_write(writes, ordered=False)
            if collection in _COUNTED:
                newest = max(int(each.get("revision", 0)) for each in documents) + 1
                await self._state.update_one(
                    {"_id": _COUNTED[collection]}, {"$max": {"revision": newest}}, upsert=True
                )
        return len(documents)
