"""The seed's services, each against its real server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from recsys_app.application import Components
from recsys_app.archive import ArchiveRow
from recsys_app.errors import ArchiveConflict, Unavailable
from recsys_app.models import Movie, Rating, Recommendations, Record, ScoredMovie
from recsys_app.settings import Settings
from recsys_app.stack import Stack


@pytest.fixture
async def parts(
    stack: Stack, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Components]:
    """The services of an installation that is new for each test; no worker runs."""
    name = f"svc{abs(hash(request.node.name)) % 10**8}"
    components = Components(
        Settings(
            home=tmp_path,
            kafka_url=stack.kafka_url,
            hdfs_url=stack.hdfs_url,
            redis_url=stack.redis_url,
            mongodb_uri=stack.mongodb_uri.rpartition("/")[0] + f"/{name}",
            topic_prefix=f"{name}-",
            archive_root=f"/{name}/ratings",
            topic_partitions=2,
        )
    )
    await components.prepare()
    await components.messages.start()
    yield components
    await components.close()


async def consume_all(parts: Components, partition: int) -> list[Record]:
    """Takes what Kafka has of a partition to the archive, as the agent does."""
    topic = parts.names.ratings
    end = (await parts.topics.offsets(topic, partition)).end
    records = await parts.topics.read(topic, partition, 0, end)
    if records:
        await parts.ratings.consume_ratings(partition, records)
    return records


async def archived(parts: Components) -> list[ArchiveRow]:
    return [
        r for path in await parts.writer.list_files() for r in await parts.writer.read_file(path)
    ]


class TestRatingService:
    async def test_what_is_sent_is_archived_with_its_offset(self, parts: Components) -> None:
        sent = [Rating(user, 50, 4.5, timestamp=user) for user in range(1, 9)]
        positions = [await parts.ratings.send_rating(rating) for rating in sent]
        for partition in (0, 1):
            await consume_all(parts, partition)
        found = {(row.offset, row.user_id, row.rating) for row in await archived(parts)}
        assert found == {(p.offset, r.userId, 4.5) for p, r in zip(positions, sent, strict=True)}

    async def test_ratings_of_a_user_share_a_partition(self, parts: Components) -> None:
        sent = [await parts.ratings.send_rating(Rating(3, movie, 1)) for movie in (1, 2, 3)]
        assert len({position.partition for position in sent}) == 1

    async def test_what_comes_again_is_dropped(self, parts: Components) -> None:
        position = await parts.ratings.send_rating(Rating(1, 1, 5))
        await consume_all(parts, position.partition)
        await parts.ratings.send_rating(Rating(1, 2, 5))
        await consume_all(parts, position.partition)
        assert [row.offset for row in await archived(parts)] == [0, 1]

    async def test_what_was_never_delivered_is_fetched(self, parts: Components) -> None:
        sent = await parts.ratings.send_ratings([Rating(1, movie, 5) for movie in range(1, 6)])
        partition = sent[0].partition
        records = await parts.topics.read(parts.names.ratings, partition, 3, 5)
        await parts.ratings.consume_ratings(partition, records)
        assert [row.offset for row in await archived(parts)] == [0, 1, 2, 3, 4]

    async def test_what_cannot_be_used_is_a_dead_letter_and_its_offset_is_kept(
        self, parts: Components
    ) -> None:
        topic = parts.names.ratings
        await parts.messages.send(topic, b"1", b'{"userId":1,"movieId":1,"rating":5}')
        bad = await parts.messages.send(topic, b"1", b"\xff")
        await parts.messages.send(topic, b"1", b'{"userId":1,"movieId":2,"rating":5}')
        await consume_all(parts, bad.partition)
        rows = await archived(parts)
        assert [(row.offset, row.is_void) for row in rows] == [(0, False), (1, True), (2, False)]
        letters = await parts.topics.read(parts.names.ratings_dead_letter, 0, 0, 10)
        assert [letter.key for letter in letters] == [f"{topic}-{bad.partition}-1".encode()]
        letter = msgspec.json.decode(letters[0].value or b"")
        assert letter["offset"] == 1
        assert msgspec.convert(letter["value"], bytes, strict=False) == b"\xff"

    async def test_a_topic_that_ends_before_the_archive_is_refused(self, parts: Components) -> None:
        await parts.writer.write_to_csv(
            0, [ArchiveRow(offset, 1, 1, 5.0, 1) for offset in range(9)]
        )
        with pytest.raises(ArchiveConflict, match="recsys archive new-epoch"):
            await parts.ratings.consume_ratings(0, [Record(0, 0, b"1", b"{}")])
        await parts.ratings.open_new_epoch()
        await parts.ratings.consume_ratings(
            0, [Record(0, 5000, b"1", b'{"userId":1,"movieId":2,"rating":2}')]
        )
        assert (await archived(parts))[-1] == ArchiveRow(0, 1, 2, 2.0, 5)

    async def test_no_broker_is_told_in_time(self, parts: Components) -> None:
        await parts.messages.close()
        with pytest.raises(Unavailable, match="Kafka"):
            await parts.ratings.send_rating(Rating(1, 1, 5))


class TestMovieService:
    async def test_the_catalogue_is_what_mongodb_has(self, parts: Components) -> None:
        movies = [Movie(2, "Amélie", 2001, ["Comedy", "Romance"]), Movie(9, "Untitled", None, [])]
        await parts.movie_store.put_many(movies)
        assert sorted(await parts.movies.get_all_movies(), key=lambda m: m.movieId) == movies

    async def test_a_changed_catalogue_is_taken_up(self, parts: Components) -> None:
        await parts.movie_store.put_many([Movie(2, "Amelie", 2001, [])])
        assert await parts.movies.refresh()
        assert not await parts.movies.refresh()
        await parts.movie_store.put_many([Movie(2, "Amélie", 2001, ["Comedy"])])
        assert await parts.movies.refresh()
        assert msgspec.json.decode(parts.movies.to_json([5, 2], [50, 225], 10)) == [
            {"movieId": 2, "title": "Amélie", "year": 2001, "genres": ["Comedy"], "rating": 4.5}
        ]


class TestRecommendationConsumerService:
    async def test_lists_reach_the_slot_of_their_version(self, parts: Components) -> None:
        lists = [
            Recommendations(1, "v4", [ScoredMovie(5, 4.25), ScoredMovie(6, 3.0)]),
            Recommendations(1, "v5", [ScoredMovie(7, 1.0)]),
        ]
        records = [
            Record(offset, 0, b"1", msgspec.json.encode(each)) for offset, each in enumerate(lists)
        ]
        records.insert(1, Record(7, 0, b"1", b'{"userId":1,"modelVersion":"best","items":[]}'))
        await parts.consumer.consume_recommendations(0, records)
        fourth, fifth = (await parts.cache.get(1, 1)).list, (await parts.cache.get(1, 2)).list
        assert fourth is not None
        assert fifth is not None
        assert fourth.model_version == "v4"
        assert (list(fourth.movie_ids), list(fourth.fiftieths)) == ([5, 6], [212, 150])
        assert (fifth.model_version, list(fifth.movie_ids)) == ("v5", [7])
        letters = await parts.topics.read(parts.names.recommendations_dead_letter, 0, 0, 10)
        assert [letter.key for letter in letters] == [f"{parts.names.recommendations}-0-7".encode()]


class TestRecommendationService:
    async def test_a_list_that_the_cache_lacks_comes_from_mongodb_and_is_sent_to_the_topic(
        self, parts: Components
    ) -> None:
        await self.publish(parts, "v1", 1, {11: [[3, 4.5], [2, 4.0]]})
        await parts.recommendations.refresh()
        answer = await parts.recommendations.get_recommendations_by_user_id(11)
        assert (answer.source, answer.model_version) == ("model", "v1")
        assert [movie["movieId"] for movie in msgspec.json.decode(answer.body)] == [3, 2]
        await parts.recommendations.close()
        sent = [
            record
            for partition in (0, 1)
            for record in await parts.topics.read(parts.names.recommendations, partition, 0, 10)
        ]
        assert [record.key for record in sent] == [b"11"]
        await parts.consumer.consume_recommendations(0, sent)
        assert (await parts.cache.get(11, 1)).list is not None

    async def test_a_stranger_gets_popular_movies(self, parts: Components) -> None:
        await self.publish(parts, "v1", 1, {11: [[3, 4.5]]})
        await parts.recommendations.refresh()
        answer = await parts.recommendations.get_recommendations_by_user_id(12)
        assert (answer.source, answer.model_version) == ("popular", "v1")
        assert [movie["movieId"] for movie in msgspec.json.decode(answer.body)] == [1, 2]

    async def test_readers_change_to_another_version_as_a_whole(self, parts: Components) -> None:
        await self.publish(parts, "v1", 1, {11: [[3, 4.5]]})
        await parts.recommendations.refresh()
        stale = Recommendations(11, "v4", [ScoredMovie(9, 1.0)])
        await parts.cache.put_many([(1, stale)])
        answer = await parts.recommendations.get_recommendations_by_user_id(11)
        assert b'"movieId":3' in answer.body
        await self.publish(parts, "v2", 2, {11: [[1, 2.5]]})
        await parts.recommendations.refresh()
        answer = await parts.recommendations.get_recommendations_by_user_id(11)
        assert answer.model_version == "v2"
        assert b'"movieId":1' in answer.body

    async def test_the_archive_is_downloaded_as_one_csv(
        self, parts: Components, tmp_path: Path
    ) -> None:
        rows = [ArchiveRow(0, 1, 2, 4.5, 99), ArchiveRow(1), ArchiveRow(2, 1, 2, None, 100, "k")]
        await parts.writer.write_to_csv(1, rows)
        await parts.writer.write_to_csv(1, [ArchiveRow(3, 8, 9, 1.0, 101)])
        path = tmp_path / "ratings.csv"
        assert await parts.recommendations.download_ratings_file(path) == 2
        assert path.read_text() == (
            "userId,movieId,rating,timestamp,offset\n1,2,4.5,99,0\n8,9,1,101,3\n"
        )

    @staticmethod
    async def publish(
        parts: Components, version: str, number: int, lists: dict[int, list[list[float]]]
    ) -> None:
        """Leaves in MongoDB what a training leaves there."""
        await parts.movie_store.put_many([Movie(i, f"Movie {i}") for i in (1, 2, 3)])
        await parts.models.register(version, number, {})
        await parts.models.update(version, {"status": "ready", "popular": [[1, 4.0], [2, 3.5]]})
        await parts.mongo.database["recommendations"].insert_many(
            {"_id": f"{version}:{user}", "version": version, "userId": user, "items": items}
            for user, items in lists.items()
        )
        await parts.models.activate(version, number)
