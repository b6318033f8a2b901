"""Every store in Redis, on one server and on a cluster."""

from __future__ import annotations

import asyncio
import subprocess
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import redis

from recsys_app.errors import Unavailable
from recsys_app.models import Recommendations, ScoredMovie
from recsys_app.stack import StackPorts
from recsys_app.stack.valkey import binary
from recsys_app.stores.redis import RedisRecommendationStore, list_key, revision_key
from recsys_app.stores.redis_answers import RedisAnswerStore
from recsys_app.stores.redis_connection import connect, is_cluster
from recsys_app.stores.redis_counters import RedisCounterStore
from recsys_app.stores.redis_ratings import RatingChange, RedisRatingStore
from recsys_app.stores.redis_users import RedisUserStore
from recsys_app.stores.redis_watch import RedisWatchStore


@pytest.fixture(scope="module")
def cluster_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Valkey cluster of two nodes, each with half of the slots."""
    ports = StackPorts.free()
    numbers = [ports.kafka, ports.kafka_controller]
    nodes = [_node(number, tmp_path_factory.mktemp("node")) for number in numbers]
    try:
        first, second = (_when_up(number) for number in numbers)
        first.execute_command("CLUSTER ADDSLOTSRANGE", 0, 8191)
        second.execute_command("CLUSTER ADDSLOTSRANGE", 8192, 16383)
        first.execute_command("CLUSTER MEET", "127.0.0.1", numbers[1])
        deadline = time.monotonic() + 30
        while not all(
            _info(node)["cluster_state"] == "ok" and _info(node)["cluster_known_nodes"] == "2"
            for node in (first, second)
        ):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield f"redis://127.0.0.1:{numbers[0]},127.0.0.1:{numbers[1]}"
        for node in (first, second):
            node.close()
    finally:
        for process in nodes:
            process.kill()
            process.wait()


def _node(port: int, home: Path) -> subprocess.Popen[bytes]:
    options = ("--bind", "127.0.0.1", "--dir", str(home), "--cluster-enabled", "yes", "--save", "")
    with (home / "log").open("wb") as log:
        return subprocess.Popen([str(binary()), "--port", str(port), *options], stdout=log)


def _when_up(port: int) -> redis.Redis:
    client = redis.Redis(port=port, decode_responses=False)
    deadline = time.monotonic() + 30
    while True:
        try:
            client.ping()
        except redis.RedisError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        else:
            return client


def _info(client: redis.Redis) -> dict[str, str]:
    found: dict[str, str] = client.execute_command("CLUSTER INFO")
    return found


@pytest.fixture(params=["redis_url", "cluster_url"])
def url(request: pytest.FixtureRequest) -> str:
    found: str = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def prefix() -> str:
    return f"{uuid.uuid4().hex[:8]}:"


@pytest.fixture
async def cache(url: str, prefix: str) -> AsyncIterator[RedisRecommendationStore]:
    store = RedisRecommendationStore(url, ttl_seconds=100, prefix=prefix)
    yield store
    await store.close()


def of(user_id: int, movie_id: int, *, revision: int = 0, version: str = "v4") -> Recommendations:
    return Recommendations(user_id, version, [ScoredMovie(movie_id, 4.5)], revision)


async def test_lists_of_many_users_come_back_each_to_its_own(
    cache: RedisRecommendationStore,
) -> None:
    await cache.ping()
    await cache.put_many([(1, of(user, 1000 + user)) for user in range(1, 700)])
    found = await asyncio.gather(*(cache.get(user, 1) for user in range(1, 701)))
    lists = [entry.list for entry in found]
    assert [list(each.movie_ids) for each in lists if each] == [[1000 + u] for u in range(1, 700)]
    assert lists[-1] is None
    assert all(entry.newest_revision is None for entry in found)


async def test_an_older_revision_does_not_replace_a_newer_one_of_the_same_version(
    cache: RedisRecommendationStore,
) -> None:
    await cache.put_many([(1, of(1, 5, revision=7)), (1, of(1, 6, revision=3))])
    assert (found := (await cache.get(1, 1)).list)
    assert (list(found.movie_ids), found.revision) == ([5], 7)
    await cache.put_many([(1, of(1, 6, revision=3, version="v7"))])
    assert (found := (await cache.get(1, 1)).list)
    assert (found.model_version, list(found.movie_ids)) == ("v7", [6])


async def test_lists_expire(cache: RedisRecommendationStore, url: str, prefix: str) -> None:
    await cache.put_many([(1, of(1, 5))])
    client = connect(url, timeout_seconds=2)
    assert 90 < await client.ttl(list_key(prefix, 1, 1)) <= 100
    await client.aclose()


async def test_who_gives_up_waiting_does_not_harm_the_others(
    cache: RedisRecommendationStore,
) -> None:
    await cache.put_many([(1, of(user, user)) for user in (1, 2)])
    impatient, patient = cache.get(1, 1), cache.get(2, 1)
    impatient.cancel()
    assert (await patient).list is not None
    assert (await cache.get(1, 1)).list is not None


async def test_what_cannot_be_read_of_one_user_harms_no_other(
    cache: RedisRecommendationStore, url: str, prefix: str
) -> None:
    await cache.put_many([(1, of(user, user)) for user in (1, 2)])
    client = connect(url, timeout_seconds=2)
    await client.set(revision_key(prefix, 1), "not a number")
    await client.aclose()
    for _ in range(2):
        broken, good = await asyncio.gather(
            cache.get(1, 1), cache.get(2, 1), return_exceptions=True
        )
        assert isinstance(broken, ValueError)
        assert not isinstance(good, BaseException)
        assert good.list is not None


async def test_a_user_s_keys_are_in_one_slot_and_go_together(url: str, prefix: str) -> None:
    ratings = RedisRatingStore(url, prefix=prefix)
    users, watch = RedisUserStore(url, prefix=prefix), RedisWatchStore(url, prefix=prefix)
    before = await watch.fingerprints([1, 2], 1)
    changes = {user: [RatingChange(5, 4.5, 100, 3)] for user in (1, 2, 3)}
    assert (await ratings.apply(changes))[2].stars == {5: 4.5}
    after = await watch.fingerprints([1, 2], 1)
    assert [a == b for a, b in zip(before, after, strict=True)] == [False, False]
    await ratings.set_position(0, 8)
    assert await ratings.advance({0: 9, 1: 5}) == {1}
    assert await ratings.positions([0, 1]) == [9, None]
    await users.forget_user(2)
    assert (await ratings.of_user(2)).stars == {}
    assert (await ratings.of_user(3)).stars == {5: 4.5}
    keys, used = await watch.size()
    assert keys >= 4
    assert used > 0
    for store in (ratings, users, watch):
        await store.close()


async def test_counters_and_answers(url: str, prefix: str) -> None:
    counters = RedisCounterStore(url, prefix=prefix)
    assert await counters.add({"a": 2, "b": 1}, seconds=10) == {"a": 2, "b": 1}
    assert await counters.add({"a": 3}, seconds=10) == {"a": 5}
    await counters.close()
    answers = RedisAnswerStore(url, prefix=prefix)
    assert await answers.reserve("{1}:k", b"x", 10) is None
    assert await answers.reserve("{1}:k", b"y", 10) == b"x"
    await answers.put("{1}:k", b"z", 10)
    assert await answers.reserve("{1}:k", b"y", 10) == b"z"
    await answers.remove("{1}:k")
    assert await answers.reserve("{1}:k", b"y", 10) is None
    await answers.close()


async def test_the_reads_of_one_turn_are_one_mget(redis_url: str, prefix: str) -> None:
    cache = RedisRecommendationStore(redis_url, ttl_seconds=100, prefix=prefix)
    await cache.get(1, 1)
    with redis.Redis.from_url(redis_url) as client:
        before = client.info("commandstats")["cmdstat_mget"]["calls"]
        await asyncio.gather(*(cache.get(user, 1) for user in range(1, 101)))
        assert client.info("commandstats")["cmdstat_mget"]["calls"] == before + 1
    await cache.close()


async def test_a_connection_that_the_server_closed_is_made_anew(
    redis_url: str, prefix: str
) -> None:
    cache = RedisRecommendationStore(redis_url, ttl_seconds=100, prefix=prefix)
    await cache.put_many([(1, of(1, 5))])
    assert (await cache.get(1, 1)).list
    with redis.Redis.from_url(redis_url) as client:
        client.execute_command("CLIENT KILL", "TYPE", "normal", "SKIPME", "yes")
    assert (await cache.get(1, 1)).list
    assert (await cache.get(1, 1)).list
    await cache.close()


async def test_everybody_who_waits_for_a_redis_that_is_away_is_told(prefix: str) -> None:
    port = StackPorts.free().redis
    cache = RedisRecommendationStore(f"redis://127.0.0.1:{port}", ttl_seconds=100, prefix=prefix)
    found = await asyncio.gather(*(cache.get(u, 1) for u in range(9)), return_exceptions=True)
    assert all(isinstance(each, Unavailable) for each in found)
    await cache.close()


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("redis://one:6379/0", False),
        ("redis://one:6379/0?cluster=false", False),
        ("redis://one:6379?cluster=true", True),
        ("redis://:secret@one:6379,two:6380", True),
    ],
)
async def test_the_address_says_whether_it_is_a_cluster(address: str, expected: bool) -> None:
    client = connect(address, timeout_seconds=1)
    assert is_cluster(client) == expected
    await client.aclose()


def test_a_user_s_keys_carry_one_tag() -> None:
    assert list_key("p:", 12, 1) == "p:recs:{12}:1"
    assert revision_key("p:", 12) == "p:rated:{12}"
