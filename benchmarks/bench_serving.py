"""Answers over HTTP: reads, alone and beside the rest of the service's work."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from statistics import median

import orjson
import requests
from redis import Redis

from benchmarks.bench_writing import ratings
from benchmarks.client import get, post
from benchmarks.harness import Row, in_turns, per_cpu, scratch, stack
from benchmarks.installation import NAME, demo_users, service, web_and_worker, worker
from benchmarks.servers import Server, reference

SECONDS = 8.0
RATINGS_PER_SECOND = 500
TRAINING_STARTS = 6.0
"""By then the JVM is there."""


def rows(quick: bool) -> list[Row]:
    found = reads(rounds=3 if quick else 7, seconds=2.0 if quick else 4.0)
    return found if quick else [*found, busy(rounds=5)]


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


def busy(*, rounds: int) -> Row:
    """The 99th percentile of reads while everything that can be beside them is.

    The client and all servers share the service's cores.
    """
    with web_and_worker() as server:
        reads = [get(f"/recommendations/{user}") for user in demo_users()]
        writes = [post("/send_rating", orjson.dumps(rating)) for rating in ratings(2000)]
        most = server.measure(reads, seconds=4)
        half = {"per_second": most.units / most.wall_seconds / 2, "seconds": SECONDS}
        found: dict[str, list[float]] = {"idle": [], "busy": []}
        for _ in range(rounds):
            found["idle"].append(server.answer(reads, **half).check().p99_ms)
            with ThreadPoolExecutor() as beside:
                trained = beside.submit(service("agents,training").recsys, "train")
                time.sleep(TRAINING_STARTS)
                rated = beside.submit(
                    server.answer, writes, per_second=RATINGS_PER_SECOND, seconds=SECONDS + 2
                )
                time.sleep(1)
                found["busy"].append(server.answer(reads, **half).check().p99_ms)
                assert not trained.done()
                rated.result().check(202)
                assert trained.result().returncode == 0, trained.result().stderr
    idle, during = found["idle"], found["busy"]
    return Row(
        what=f"GET at half of the maximal rate, p99, while {RATINGS_PER_SECOND} ratings a second "
        "are archived and a training runs, web and worker apart as in the Procfile",
        unit="ms",
        ours=median(during),
        reference=median(idle),
        ratio=median(b / a for a, b in zip(idle, during, strict=True)),
        goal=3.0,
        better="lower",
        against="the same, nothing else going on",
        note=f"{half['per_second']:.0f} reads a second, on cores that the clients and all servers "
        f"share: idle {_listed(idle)} ms, busy {_listed(during)} ms",
    )


def _listed(milliseconds: list[float]) -> str:
    return ", ".join(f"{each:.1f}" for each in milliseconds)


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
