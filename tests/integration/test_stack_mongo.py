"""The MongoDB-wire server under motor: what this service asks of a database."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase
from pymongo import ASCENDING, DESCENDING, ReplaceOne, ReturnDocument, UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError

from recsys_app.stack import Stack, StackPorts

Database = AsyncIOMotorDatabase[dict[str, Any]]
UTC = datetime.UTC


@pytest.fixture
async def database(mongodb_uri: str) -> AsyncIterator[Database]:
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(mongodb_uri)
    database = client[f"test_{uuid.uuid4().hex}"]
    yield database
    await client.drop_database(database.name)
    client.close()


async def test_bulk_upserts_insert_then_change(database: Database) -> None:
    def upserts(title: str) -> list[UpdateOne]:
        return [UpdateOne({"_id": i}, {"$set": {"title": title}}, upsert=True) for i in range(500)]

    first = await database.movies.bulk_write(upserts("old"), ordered=False)
    assert (first.upserted_count, first.matched_count) == (500, 0)
    second = await database.movies.bulk_write(upserts("new"), ordered=False)
    assert (second.upserted_count, second.modified_count) == (0, 500)
    assert await database.movies.count_documents({"title": "new"}) == 500


async def test_bulk_replaces_leave_nothing_of_the_old(database: Database) -> None:
    await database.recs.insert_one({"_id": "v1:7", "items": [1], "old": True})
    written = await database.recs.bulk_write(
        [ReplaceOne({"_id": f"v1:{i}"}, {"items": [i, 2.5]}, upsert=True) for i in range(20)]
    )
    assert (written.upserted_count, written.matched_count) == (19, 1)
    assert await database.recs.find_one({"_id": "v1:7"}) == {"_id": "v1:7", "items": [7, 2.5]}
    assert await database.recs.find_one({"_id": "v2:7"}) is None


async def test_find_sorts_skips_limits_and_projects(database: Database) -> None:
    await database.models.insert_many([{"_id": i, "when": -i, "big": "x"} for i in range(10)])
    found = database.models.find({"_id": {"$gte": 2}}, {"big": 0}).sort("when", ASCENDING)
    assert await found.skip(1).limit(2).to_list(None) == [
        {"_id": 8, "when": -8},
        {"_id": 7, "when": -7},
    ]


async def test_a_cursor_reads_more_than_one_batch(database: Database) -> None:
    await database.movies.insert_many([{"_id": i} for i in range(2500)])
    found = [document["_id"] async for document in database.movies.find(batch_size=1000)]
    assert sorted(found) == list(range(2500))


async def test_a_unique_index_refuses_a_second(database: Database) -> None:
    await database.runs.create_index([("version", DESCENDING)], unique=True)
    await database.runs.insert_one({"version": "a"})
    with pytest.raises(DuplicateKeyError):
        await database.runs.insert_one({"version": "a"})
    with pytest.raises(BulkWriteError):
        await database.runs.bulk_write([ReplaceOne({"_id": 1}, {"version": "a"}, upsert=True)])
    assert await database.runs.count_documents({}) == 1


async def test_a_ttl_index_is_kept(database: Database) -> None:
    await database.recs.create_index("expires", expireAfterSeconds=60)
    await database.recs.create_index("expires", expireAfterSeconds=60)  # again is no error
    indexes = await database.recs.index_information()
    assert indexes["expires_1"]["expireAfterSeconds"] == 60


async def test_aggregate_joins_with_lookup(database: Database) -> None:
    await database.movies.insert_many([{"_id": 1, "title": "One"}, {"_id": 2, "title": "Two"}])
    await database.recs.insert_one({"_id": 7, "items": [{"m": 2, "r": 4.5}, {"m": 1, "r": 4.0}]})
    pipeline: list[dict[str, Any]] = [
        {"$match": {"_id": 7}},
        {"$unwind": {"path": "$items", "includeArrayIndex": "place"}},
        {
            "$lookup": {
                "from": "movies",
                "localField": "items.m",
                "foreignField": "_id",
                "as": "movie",
            }
        },
        {"$unwind": "$movie"},
        {"$sort": {"place": 1}},
        {"$project": {"_id": 0, "title": "$movie.title", "rating": "$items.r"}},
    ]
    assert await database.recs.aggregate(pipeline).to_list(None) == [
        {"title": "Two", "rating": 4.5},
        {"title": "One", "rating": 4.0},
    ]


async def test_a_lease_has_one_holder(database: Database) -> None:
    now = datetime.datetime(2030, 1, 1, tzinfo=UTC)
    later = now + datetime.timedelta(seconds=30)

    async def take(holder: str, at: datetime.datetime) -> dict[str, Any] | None:
        free = {"_id": "training", "$or": [{"until": {"$lt": at}}, {"holder": holder}]}
        until = at + datetime.timedelta(seconds=10)
        try:
            lease: dict[str, Any] | None = await database.leases.find_one_and_update(
                free,
                {"$set": {"holder": holder, "until": until}},
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
        except DuplicateKeyError:
            return None
        return lease

    first = await take("a", now)
    assert first is not None
    assert first["holder"] == "a"
    assert await take("b", now) is None
    assert await take("a", now) is not None
    third = await take("b", later)
    assert third is not None
    assert third["holder"] == "b"


async def test_deleting_and_counting(database: Database) -> None:
    await database.recs.insert_many([{"_id": i, "version": i % 2} for i in range(10)])
    assert (await database.recs.delete_many({"version": 0})).deleted_count == 5
    assert await database.recs.count_documents({}) == 5
    assert await database.recs.distinct("version") == [1]


async def test_acknowledged_writes_survive_a_kill(tmp_path: Path) -> None:
    stack = Stack(home=tmp_path, ports=StackPorts.free(), servers=["mongo"], die_with_parent=True)
    with stack:
        client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(stack.mongodb_uri)
        movies = client["recsys"]["movies"]
        for i in range(200):
            await movies.update_one({"_id": i}, {"$set": {"title": str(i)}}, upsert=True)
        stack.mongo.kill()
        stack.mongo.start()
        assert await movies.count_documents({}) == 200
        client.close()
