"""Answers over HTTP: reads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import orjson
import requests
from redis import Redis

from benchmarks.client import get
from benchmarks.harness import Row, in_turns, per_cpu, scratch, stack
from benchmarks.installation import NAME, demo_users, worker
from benchmarks.servers import Server, reference


def rows(quick: bool) -> list[Row]:
    return reads(rounds=3 if quick else 7, seconds=2.0 if quick else 4.0)


def reads(*, rounds: int, seconds: float) -> list[Row]:
    what = "GET /recommendations/{id}, 32 connections, 10 films with details"
    with worker("web") as ours, _references(ours) as references:
        load = [get(f"/recommendations/{user}") for user in demo_users()]
        sides = {"ours": ours, **references}
        for server in sides.values():
            server.answer(load, seconds=1).check()  # warm
        found = in_turns(
            {
                name: lambda server=server: server.measure(load, seconds=seconds)
                for name, server in sides.items()
            },
            rounds,
        )
    goals = {
        "aiohttp + uvloop + redis-py GET of the answer's bytes": 1.5,
        "aiohttp + uvloop, constant bytes": 0.6,
        "Flask + redis-py + pymongo, gunicorn with 2 workers": 8.0,
    }
    return [
        per_cpu(what, "requests", goal, found["ours"], found[against], against=against)
        for against, goal in goals.items()
    ]


@contextmanager
def _references(ours: Server) -> Iterator[dict[str, Server]]:
    """The references, which have the same answers as ours ready."""
    answers = {
        user: requests.get(f"http://127.0.0.1:{ours.port}/recommendations/{user}", timeout=10)
        for user in demo_users()
    }
    file = scratch("references") / "answer.json"
    file.write_bytes(answers[1].content)
    url = stack().redis_url
    with Redis.from_url(url) as redis:
        for user, answer in answers.items():
            assert answer.headers["X-Recommendation-Source"] == "model"
            redis.set(f"reference:{user}", answer.content)
            pairs = [(movie["movieId"], movie["rating"]) for movie in answer.json()]
            redis.set(f"reference:ids:{user}", orjson.dumps(pairs))
    mongodb = stack().mongodb_uri.rpartition("/")[0] + f"/{NAME}"
    with ExitStack() as exit_stack:
        start = exit_stack.enter_context
        yield {
            "aiohttp + uvloop + redis-py GET of the answer's bytes": start(
                reference("bare_aiohttp", "redis", url)
            ),
            "aiohttp + uvloop, constant bytes": start(
                reference("bare_aiohttp", "constant", str(file))
            ),
            "Flask + redis-py + pymongo, gunicorn with 2 workers": start(
                reference("flask_mongo", url, mongodb)
            ),
        }
