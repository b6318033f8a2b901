"""The settings of the model that a search found, for trainings to read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recsys_app.stores.mongo import Document, MongoConnection, mongo_errors


class MongoTuningStore:
    """Collection `state`, `_id` "tuning": one record, or none."""

    def __init__(self, connection: MongoConnection) -> None:
        self._state = connection.database["state"]

    async def get(self) -> Document | None:
        async with mongo_errors():
            return await self._state.find_one({"_id": "tuning"}, {"_id": False})

    async def put(self, record: Mapping[str, Any]) -> None:
        """From here on every training takes these settings."""
        async with mongo_errors():
            await self._state.replace_one({"_id": "tuning"}, dict(record), upsert=True)

    async def delete(self) -> None:
        async with mongo_errors():
            await self._state.delete_one({"_id": "tuning"})
