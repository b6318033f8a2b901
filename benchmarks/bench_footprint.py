"""What the service takes before it does anything: seconds to start, memory, bytes in Redis."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from contextlib import suppress
from statistics import median
from typing import Literal

import orjson
import requests
from redis import Redis

from benchmarks.harness import Row, resident_bytes, scratch, stack
from benchmarks.installation import demo_users, service, worker
from recsys_app.models import Movie, Recommendations, ScoredMovie, to_cached
from recsys_app.stack import StackPorts, exec_child
from recsys_app.stores.packed_list import pack
from tests.service import free_port

MANY_FILMS = 10_000


def rows(quick: bool) -> list[Row]:
    found = [_bytes_in_redis(), _memory(), _worker_start(1 if quick else 5)]
    return found if quick else [*found, _second_run()]


def _plain(what: str, unit: str, ours: float, goal: float, note: str = "") -> Row:
    better: Literal["lower"] = "lower"
    return Row(what=what, unit=unit, ours=ours, goal=goal, better=better, note=note)


def _bytes_in_redis() -> Row:
    """By MEMORY USAGE, with key and expiry, of lists as a training of a large catalogue makes."""
    users = range(1, 201)
    with Redis.from_url(stack().redis_url) as redis:
        sizes: dict[str, list[int]] = {"ours": [], "json": []}
        for user in users:
            items = [
                ScoredMovie(1 + 2087 * (user + i) % 209_171, 3 + (i % 200) / 100)
                for i in range(100)
            ]
            message = Recommendations(user, "v12", items, 1000 + user)
            json = orjson.dumps([[each.movieId, each.rating] for each in items])
            values = {"ours": pack(to_cached("v12", items, message.revision)), "json": json}
            for name, value in values.items():
                key = f"recs:{{{user}}}:{name == 'json':d}"
                redis.set(key, value, ex=1000)
                sizes[name].append(redis.memory_usage(key, samples=0))
                redis.delete(key)
    ours, json_bytes = median(sizes["ours"]), median(sizes["json"])
    return Row(
        what="Redis, a user with 100 recommendations, ids up to 209,171",
        unit="bytes",
        ours=ours,
        reference=json_bytes,
        ratio=ours / json_bytes,
        goal=0.4,
        better="lower",
        against="the same list as JSON, `[[id,stars],…]`",
        note="MEMORY USAGE: with the key and its expiry",
    )


def _memory() -> Row:
    """Of a worker with all roles, a minute without work."""
    idle = service(name="bench-films")
    parts = idle.components()

    async def fill() -> None:
        films = [
            Movie(i, f"A Film of Some {i} Words, The", 1950 + i % 75, ["Drama", "Comedy"])
            for i in range(1, MANY_FILMS + 1)
        ]
        await parts.movie_store.put_many(films)
        await parts.close()

    asyncio.run(fill())
    with idle:
        idle.wait_until(lambda: len(idle.get("/recommendations/1?limit=100").json()) == 100)
        time.sleep(10)
        assert idle.process
        megabytes = resident_bytes(idle.process.pid) / 1e6
    return _plain("RSS of an idle worker, all roles, 10,000 films", "MB", megabytes, 200)


def _worker_start(times: int) -> Row:
    """From exec to the first recommendations, the servers running and a model trained."""
    with worker("web"):
        pass  # the data is there
    seconds, user = [], demo_users()[0]
    for _ in range(times):
        starting = service()
        began = time.perf_counter()
        starting.launch()
        try:
            _first_answer(starting.port, user)
            seconds.append(time.perf_counter() - began)
        finally:
            starting.stop()
    return _plain("worker start to first answer", "s", median(seconds), 4)


def _second_run() -> Row:
    """`recsys run` on data of an earlier one, to the first recommendations."""
    port, home = free_port(), scratch("run")
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("RECSYS_")},
        "RECSYS_HOME": str(home),
        "RECSYS_PORT": str(port),
        "RECSYS_STACK_PORT": str(StackPorts.free().kafka),
    }
    seconds = 0.0
    for _ in range(2):
        began = time.perf_counter()
        guard = (sys.executable, "-ISB", exec_child.__file__, str(os.getpid()))
        process = subprocess.Popen(
            [*guard, sys.executable, "-m", "recsys_app", "run"],
            env=environment,
            stdout=subprocess.DEVNULL,
        )
        try:
            _first_answer(port, 1, within=1200)
            seconds = time.perf_counter() - began
        finally:
            process.terminate()
            process.wait(60)
    return _plain("second `recsys run` to first answer", "s", seconds, 20)


def _first_answer(port: int, user: int, within: float = 120) -> None:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        with suppress(requests.RequestException):
            answer = requests.get(f"http://127.0.0.1:{port}/recommendations/{user}", timeout=5)
            if answer.ok and answer.headers["X-Recommendation-Source"] == "model":
                return
        time.sleep(0.02)
    raise AssertionError("no answer from the model")
