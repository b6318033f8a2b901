"""A user is erased, and every store is read to see that nothing is left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import requests
from redis import asyncio as aioredis

from recsys_app import archive
from recsys_app.application import Components
from recsys_app.models import (
    DeadLetter,
    Rating,
    Recommendations,
    Record,
    ScoredMovie,
    sequence_number,
)
from recsys_app.stack import Stack
from recsys_app.stores.mongo_hidden import MongoHiddenMovieStore
from tests.service import Service

GONE, OTHER = 1_717_171_717, 1_717_171_718
ADMIN = "admins-0123456789"
HEADERS = {"X-API-Key": ADMIN}


async def fill_every_store(parts: Components) -> None:
    """Ratings of two people, a broken message of each, and their lists."""
    await parts.messages.start()
    await parts.ratings.send_ratings(
        [Rating(user, movie, 4.5) for movie in range(1, 6) for user in (GONE, OTHER)]
    )
    for user in (GONE, OTHER):
        await parts.ratings.send_rating(Rating(user, 6, 2.0, idempotencyKey="k-1"))
    hidden = MongoHiddenMovieStore(parts.mongo)
    for user in (GONE, OTHER):
        await hidden.put(user, 7, is_hidden=True)
        broken = b'{"userId": %d, "movieId": "?"}' % user
        await parts.messages.send(parts.names.ratings, b"%d" % user, broken)
        lists = Recommendations(user, "v1", [ScoredMovie(1, 4.0)])
        await parts.messages.send(
            parts.names.recommendations, b"%d" % user, msgspec.json.encode(lists)
        )
    await parts.document_copies.save()
    await parts.models.register("v1", 1, {})
    await parts.mongo.database["recommendations"].insert_many(
        [{"_id": f"v1:{user}", "version": "v1", "items": [[1, 4.0]]} for user in (GONE, OTHER)]
    )


async def everything(parts: Components) -> dict[str, str]:
    """What each store holds, as text: all of HDFS, MongoDB, Redis and Kafka's topics."""
    found = {}
    for path in await parts.writer.list_files():
        found[path] = (await parts.files.read(path)).decode()
    copy = f"{archive.documents_directory(parts.settings.archive_root)}/hidden.jsonl"
    found["copy of hidden"] = (await parts.files.read(copy)).decode()
    database = parts.mongo.database
    for collection in await database.list_collection_names():
        documents = await database[collection].find().to_list(None)
        found[f"mongodb {collection}"] = repr(documents)
    async with aioredis.Redis.from_url(parts.settings.redis) as redis:
        keys = [key async for key in redis.scan_iter(count=1000)]
        found["redis"] = repr(keys)
    for topic in parts.topic_specs():
        if topic.name != parts.names.recommendations:
            found[topic.name] = repr(await messages(parts, topic.name))
        if "dead-letter" in topic.name:  # the message in a letter is in base 64
            letters = await messages(parts, topic.name)
            found[topic.name] += repr(
                [msgspec.json.decode(letter.value or b"", type=DeadLetter) for letter in letters]
            )
    return found


async def messages(parts: Components, topic: str) -> list[Record]:
    held = []
    for partition in await parts.topics.partitions(topic):
        span = await parts.topics.offsets(topic, partition)
        held += await parts.topics.read(topic, partition, span.beginning, span.end)
    return held


async def where(parts: Components, user_id: int) -> set[str]:
    return {place for place, text in (await everything(parts)).items() if str(user_id) in text}


@pytest.fixture
def service(stack: Stack, tmp_path: Path) -> Service:
    return Service(
        stack, name="erasure", home=tmp_path, roles="web,agents", api_keys=f"ops:admin:{ADMIN}",
        host="127.0.0.1", topic_partitions=2,
    )  # fmt: skip


@pytest.fixture
async def parts(service: Service) -> AsyncIterator[Components]:
    parts = service.components()
    yield parts
    await parts.close()


@pytest.mark.timeout(600)
async def test_nothing_of_an_erased_user_is_left(service: Service, parts: Components) -> None:
    await parts.prepare()
    await fill_every_store(parts)
    with service:
        group = parts.group

        async def all_consumed() -> bool:
            positions = await group.positions([parts.names.ratings, parts.names.recommendations])
            ratings = [each for each in positions if each.topic == parts.names.ratings]
            folded = await parts.user_ratings.positions([each.partition for each in ratings])
            ends = [sequence_number(0, each.end) for each in ratings]
            return all(
                (place or sequence_number(0, 0)) == end
                for place, end in zip(folded, ends, strict=True)
            ) and all(position.committed == position.end for position in positions)

        while not await all_consumed():  # noqa: ASYNC110
            await asyncio.sleep(0.5)
        before = await where(parts, GONE)
        names = parts.names
        places = {
            "mongodb recommendations",
            "mongodb hidden",
            "copy of hidden",
            "redis",
            names.ratings,
            names.ratings_dead_letter,
        }
        assert places < before  # and the archive

        answer = await asyncio.to_thread(
            requests.delete, f"{service.url}/users/{GONE}", headers=HEADERS, timeout=60
        )
        assert answer.status_code == 202
        address = service.url + answer.headers["Location"]
        assert "redis" not in await where(parts, GONE)  # at once
        later = Rating(GONE, 99, 1.0)
        await parts.ratings.send_ratings([later])

        def progress() -> dict[str, object]:
            found: dict[str, object] = requests.get(address, headers=HEADERS, timeout=60).json()
            return found

        while (told := await asyncio.to_thread(progress))["state"] != "erased":  # noqa: ASYNC110
            await asyncio.sleep(0.5)
        assert told["archivedRatings"] == 6
        assert told["modelTrainedWithout"] is True  # no model was ever trained
        while not await all_consumed():  # noqa: ASYNC110
            await asyncio.sleep(0.5)

    left = await where(parts, GONE)  # what was sent after the request, and nothing else
    (path,) = (place for place in left if place.endswith(".csv"))
    assert left == {path, parts.names.ratings}
    theirs = [row for row in await parts.writer.read_file(path) if row.user_id == GONE]
    assert [row.movie_id for row in theirs] == [99]
    sent = [each for each in await messages(parts, parts.names.ratings) if each.key == b"%d" % GONE]
    assert len(sent) == 1

    archived = [
        row
        for path in await parts.writer.list_files()
        for row in await parts.writer.read_file(path)
    ]
    assert sorted(r.movie_id or 0 for r in archived if r.user_id == OTHER) == [1, 2, 3, 4, 5, 6]
    assert places - {names.ratings} < await where(parts, OTHER)
    lists = await messages(parts, parts.names.recommendations)
    assert [r.value for r in lists if r.key == b"%d" % GONE][-1] is None
    compaction = dict(parts.topic_specs()[1].config)
    assert compaction["cleanup.policy"] == "compact"
    assert int(compaction["max.compaction.lag.ms"]) <= 24 * 3600 * 1000
