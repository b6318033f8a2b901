"""From a rating to the next answer, on the real servers, with a model that needs no training."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from agents.fold_in import FoldInAgent
from jobs.item_factors import item_factors_path
from recsys_app.application import Components
from recsys_app.models import Movie, Rating, Recommendations, Record, ScoredMovie
from recsys_app.services.recommendation_service import Answer
from recsys_app.stack import Stack
from recsys_app.stores.kafka_group import KafkaGroupReader
from recsys_app.stores.redis_ratings import NOTHING_RATED, RatingChange, UserRating
from tests.item_factors import invented_items
from tests.service import Service


@pytest.fixture
async def parts(stack: Stack, tmp_path: Path) -> AsyncIterator[Components]:
    """A new installation whose catalogue is that of the invented items; no worker runs."""
    name = f"live{uuid.uuid4().hex[:8]}"
    components = Service(stack, name=name, home=tmp_path, topic_partitions=2).components()
    await components.prepare()
    await components.messages.start()
    films = [Movie(int(id_), f"Film {id_}") for id_ in invented_items().movie_ids]
    await components.movie_store.put_many(films)
    yield components
    await components.close()


@pytest.fixture
async def agent(parts: Components) -> AsyncIterator[FoldInAgent]:
    """The agent at work, as in a worker."""
    names = parts.names
    reader = KafkaGroupReader(parts.settings.kafka, topic=names.ratings, group=names.ratings)
    agent = FoldInAgent(reader=reader, fold_in=parts.fold_in)
    await agent.start()
    yield agent
    await agent.stop()


async def serve(parts: Components, number: int = 1, seed: int = 1) -> None:
    """Leaves what a training leaves of a model, without lists, and takes it up."""
    version = f"v{number}"
    items = invented_items(version=version, seed=seed)
    await parts.files.write(
        item_factors_path(parts.settings.models_root, version), items.to_bytes()
    )
    await parts.models.register(version, number, {})
    await parts.models.update(version, {"status": "ready", "popular": [[10, 4.0], [20, 3.5]]})
    await parts.models.activate(version, number)
    await parts.recommendations.refresh()


async def take(parts: Components, *, archive: bool = False) -> list[Record]:
    """Has the fold-in take all that the topic holds, and returns the records."""
    taken = []
    for partition in (0, 1):
        end = (await parts.topics.offsets(parts.names.ratings, partition)).end
        start = await parts.fold_in.first_offset(partition)
        records = await parts.topics.read(parts.names.ratings, partition, start, end)
        if archive and records:
            await parts.ratings.consume_ratings(partition, records)
        assert await parts.fold_in.consume_ratings({partition: records}) == set()
        taken += records
    return taken


async def published(parts: Components) -> list[Recommendations]:
    """Every list on the topic, brought to the cache, as its agent does."""
    lists = []
    for partition in (0, 1):
        end = (await parts.topics.offsets(parts.names.recommendations, partition)).end
        records = await parts.topics.read(parts.names.recommendations, partition, 0, end)
        await parts.consumer.consume_recommendations(partition, records)
        lists += [msgspec.json.decode(r.value or b"", type=Recommendations) for r in records]
    return lists


async def movies_for(parts: Components, user: int) -> tuple[list[int], Answer]:
    answer = await parts.recommendations.get_recommendations_by_user_id(user)
    return [movie["movieId"] for movie in msgspec.json.decode(answer.body)], answer


class TestRedisRatingStore:
    async def test_the_newest_word_holds_in_whatever_order_words_come(
        self, parts: Components
    ) -> None:
        words = [
            RatingChange(5, 1.0, 100, sequence=7),
            RatingChange(5, 4.5, 200, sequence=9),
            RatingChange(6, 3.0, 100, sequence=8),
            RatingChange(6, None, 300, sequence=10),
        ]
        for order in (words, words[::-1], words):
            found = await parts.user_ratings.apply({1: order})
            assert found[1].ratings == [UserRating(5, 4.5, 200)]
            assert found[1].revision == 10
        assert await parts.user_ratings.of_user(1) == found[1]
        assert await parts.user_ratings.of_user(2) == NOTHING_RATED
        await parts.user_ratings.apply({1: [RatingChange(6, 2.0, 50, sequence=9)]})
        assert (await parts.user_ratings.of_user(1)).stars == {5: 4.5}


class TestCache:
    async def test_a_list_from_before_a_rating_does_not_replace_the_one_after_it(
        self, parts: Components
    ) -> None:
        newer = Recommendations(1, "v3", [ScoredMovie(7, 4.0)], revision=12)
        older = Recommendations(1, "v3", [ScoredMovie(8, 4.0)], revision=11)
        await parts.cache.put_many([(1, newer), (1, older)])
        entry = await parts.cache.get(1, 1)
        assert entry.list is not None
        assert (entry.list.movie_ids, entry.list.revision) == ((7,), 12)
        other = Recommendations(1, "v5", [ScoredMovie(9, 4.0)])
        await parts.cache.put_many([(1, other)])
        entry = await parts.cache.get(1, 1)
        assert entry.list is not None
        assert entry.list.movie_ids == (9,)


class TestFoldIn:
    async def test_the_first_rating_of_a_stranger_makes_the_model_know_them(
        self, parts: Components
    ) -> None:
        await serve(parts)
        before, answer = await movies_for(parts, 77)
        assert (answer.source, before) == ("popular", [10, 20])
        await parts.ratings.send_rating(Rating(77, 10, 5))
        await take(parts)
        after, answer = await movies_for(parts, 77)
        assert (answer.source, answer.model_version) == ("model", "v1")
        assert len(after) == 10
        assert 10 not in after

    async def test_a_burst_by_one_user_costs_one_list(self, parts: Components) -> None:
        await serve(parts)
        for movie in range(10, 410, 10):
            await parts.ratings.send_rating(Rating(77, movie, 4))
        await take(parts)
        (sent,) = await published(parts)
        assert sent.userId == 77
        assert not {item.movieId for item in sent.items} & set(range(10, 410, 10))
        assert sent.ratedAt > 0

    async def test_a_rating_taken_back_is_as_if_it_had_never_been(self, parts: Components) -> None:
        await serve(parts)
        await parts.ratings.send_rating(Rating(77, 30, 5))
        await take(parts)
        one_rating, _ = await movies_for(parts, 77)
        await parts.ratings.send_rating(Rating(77, 50, 1))
        await take(parts)
        assert (await movies_for(parts, 77))[0] != one_rating
        await parts.ratings.send_rating(Rating(77, 50, None))
        await take(parts)
        assert (await movies_for(parts, 77))[0] == one_rating

    async def test_what_cannot_be_read_is_left_to_the_archive(self, parts: Components) -> None:
        await serve(parts)
        await parts.messages.send(parts.names.ratings, b"77", b'{"userId":77,"movieId":0}')
        await parts.ratings.send_rating(Rating(77, 30, 5))
        await take(parts)
        assert len(await published(parts)) == 1

    async def test_a_worker_without_partitions_has_nothing_to_take_in(
        self, parts: Components
    ) -> None:
        async with asyncio.timeout(60):
            assert await parts.fold_in.consume_ratings({}) == set()

    async def test_what_was_taken_in_is_not_taken_in_again(self, parts: Components) -> None:
        await serve(parts)
        position = await parts.ratings.send_rating(Rating(77, 30, 5))
        await take(parts)
        assert await parts.fold_in.first_offset(position.partition) == position.offset + 1


class TestNewVersion:
    async def test_a_list_trained_before_a_rating_is_folded_in_anew(
        self, parts: Components
    ) -> None:
        await serve(parts)
        await parts.ratings.send_rating(Rating(77, 30, 5))
        await take(parts)
        # A training that did not see the rating publishes its list, and becomes active.
        trained = Recommendations(77, "v2", [ScoredMovie(30, 5.0), ScoredMovie(40, 4.0)])
        await parts.cache.put_many([(2, trained)])
        await serve(parts, 2, seed=2)
        movies, answer = await movies_for(parts, 77)
        assert answer.model_version == "v2"
        assert 30 not in movies
        assert len(movies) == 10

    async def test_a_list_that_has_seen_every_rating_is_served_as_it_is(
        self, parts: Components
    ) -> None:
        position = await parts.ratings.send_rating(Rating(77, 30, 5))
        await take(parts)
        trained = Recommendations(77, "v2", [ScoredMovie(40, 4.0)], revision=position.offset + 1)
        await parts.cache.put_many([(2, trained)])
        await serve(parts, 2)
        assert (await movies_for(parts, 77))[0] == [40]


class TestEmptiedRedis:
    async def test_it_is_filled_from_the_archive_and_then_from_the_topic(
        self, parts: Components
    ) -> None:
        await serve(parts)
        await parts.ratings.send_rating(Rating(77, 30, 5))
        await take(parts, archive=True)
        await parts.ratings.send_rating(Rating(77, 40, 4))
        await take(parts)
        before, _ = await movies_for(parts, 77)
        await self.empty(parts)
        lost = await parts.fold_in.consume_ratings({0: [], 1: []})
        assert lost == {0, 1}
        position = await parts.ratings.send_rating(Rating(77, 50, 1))
        assert await parts.fold_in.first_offset(position.partition) == position.offset - 1
        assert (await parts.user_ratings.of_user(77)).stars == {30: 5}
        await take(parts)
        assert (await parts.user_ratings.of_user(77)).stars == {30: 5, 40: 4, 50: 1}
        after, _ = await movies_for(parts, 77)
        assert not {30, 40, 50} & set(after)
        assert set(before) & set(after)

    @staticmethod
    async def empty(parts: Components) -> None:
        """Deletes what this installation has in Redis."""
        redis = parts.user_ratings._redis
        async for key in redis.scan_iter(match=f"{parts.settings.redis_prefix}*"):
            await redis.delete(key)


class TestFoldInAgent:
    async def test_it_follows_the_topic_and_survives_an_emptied_redis(
        self, parts: Components, agent: FoldInAgent
    ) -> None:
        await serve(parts)
        await parts.ratings.send_rating(Rating(77, 30, 5))
        await self.until_rated(parts, {30: 5})
        await TestEmptiedRedis.empty(parts)
        await parts.ratings.send_rating(Rating(77, 40, 5))
        await self.until_rated(parts, {30: 5, 40: 5})
        assert not {30, 40} & set((await movies_for(parts, 77))[0])

    @staticmethod
    async def until_rated(parts: Components, ratings: dict[int, float]) -> None:
        async with asyncio.timeout(180):
            while (await parts.user_ratings.of_user(77)).stars != ratings:  # noqa: ASYNC110
                await asyncio.sleep(0.05)


class TestExplanations:
    async def test_each_movie_names_the_ratings_that_speak_for_it(self, parts: Components) -> None:
        await serve(parts)
        for movie, stars in ((30, 5), (40, 4.5), (50, 1)):
            await parts.ratings.send_rating(Rating(77, movie, stars))
        await take(parts)
        answer = await parts.recommendations.get_recommendations_by_user_id(77, 5, explain=True)
        movies = msgspec.json.decode(answer.body)
        assert len(movies) == 5
        named = {reason["movieId"] for movie in movies for reason in movie["because"]}
        assert named
        assert named <= {30, 40}, "a film that was disliked speaks for nothing"
        assert movies[0]["because"][0]["title"].startswith("Film ")
        assert all(0 < movie["popularity"] <= 1 for movie in movies)
