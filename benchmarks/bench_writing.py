"""Ratings over HTTP: one by one, and in bulk."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import orjson

from benchmarks.client import post
from benchmarks.harness import Measure, Row, in_turns, per_cpu, scratch, stack
from benchmarks.installation import worker
from benchmarks.servers import reference
from recsys_app.stores.kafka import KafkaTopicStore, TopicSpec
from tests.service import ROOT

TOPIC = "reference-ratings"
CONNECTIONS = 512
LINGERS_MS = (0, 2, 5, 10)
BULK_ROWS = 5000


def rows(quick: bool) -> list[Row]:
    asyncio.run(KafkaTopicStore([stack().kafka_url]).create_topics([TopicSpec(TOPIC, 4)]))
    rounds, seconds = (3, 2.0) if quick else (7, 4.0)
    return [one_by_one(rounds, seconds), in_bulk(rounds, seconds)]


def one_by_one(rounds: int, seconds: float) -> Row:
    load = [post("/send_rating", orjson.dumps(rating)) for rating in ratings(2000)]
    options = {"status": 202, "connections": CONNECTIONS, "seconds": seconds}
    with worker("web") as ours, ExitStack() as exit_stack:
        lingering = {
            linger: exit_stack.enter_context(
                reference("bare_aiohttp", "kafka", stack().kafka_url, TOPIC, str(linger))
            )
            for linger in LINGERS_MS
        }
        ours.measure(load, **options)  # warm
        tried = {
            linger: median(
                measure.units / measure.cpu_seconds
                for measure in (server.measure(load, **options) for _ in range(2))
            )
            for linger, server in lingering.items()
        }
        best = max(tried, key=lambda linger: tried[linger])
        sides = {"ours": ours, "reference": lingering[best]}
        found = in_turns(
            {
                name: lambda server=server: server.measure(load, **options)
                for name, server in sides.items()
            },
            rounds,
        )
    return per_cpu(
        f"POST /send_rating, acknowledged by all replicas, {CONNECTIONS} connections",
        "requests",
        1.2,
        found["ours"],
        found["reference"],
        against="aiohttp + uvloop + aiokafka send_and_wait, best linger",
        note=f"the best linger of {', '.join(map(str, LINGERS_MS))} ms was {best} ms",
    )


def in_bulk(rounds: int, seconds: float) -> Row:
    lines = [orjson.dumps(rating) for rating in ratings(BULK_ROWS)]
    file = scratch("bulk") / "ratings.ndjson"
    file.write_bytes(b"\n".join(lines))
    load = [post("/ratings", b"[" + b",".join(lines) + b"]")]
    with worker("web") as server:

        def ours() -> Measure:
            found = server.measure(load, connections=2, seconds=seconds)
            return Measure(found.units * BULK_ROWS, found.cpu_seconds, found.wall_seconds)

        ours()  # warm
        found = in_turns({"ours": ours, "script": lambda: _script(file, times=40)}, rounds)
    return per_cpu(
        f"POST /ratings, {BULK_ROWS} a request",
        "rows",
        0.5,
        found["ours"],
        found["script"],
        against="a script with confluent-kafka that produces the same rows",
    )


def _script(file: Path, *, times: int) -> Measure:
    command = [sys.executable, "-m", "benchmarks.references.confluent_script", str(file)]
    done = subprocess.run(
        [*command, stack().kafka_url, TOPIC, str(times)], cwd=ROOT, capture_output=True, check=True
    )
    return Measure(*map(float, done.stdout.split()))


def ratings(count: int) -> list[dict[str, float]]:
    """The same each time: of 1,000 people and 700 movies."""
    dice = random.Random(1)
    return [
        {
            "userId": 10_000 + dice.randrange(1000),
            "movieId": dice.randint(1, 700),
            "rating": dice.randint(1, 10) / 2,
        }
        for _ in range(count)
    ]
