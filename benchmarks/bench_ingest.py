"""From Kafka on: ratings into HDFS, lists into Redis."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Sequence
from statistics import median

import numpy as np

from benchmarks import topics
from benchmarks.harness import Measure, Row, Side, in_turns, per_cpu, scratch, stack
from benchmarks.installation import worker
from benchmarks.rating_to_visible import measure
from tests.service import ROOT, Service

NAME = "bench-ingest"
TAKE = "Faust's take(1000) loop with an empty body"


def rows(quick: bool) -> list[Row]:
    rounds = 3 if quick else 5
    return [*archive(rounds), *cache(rounds), *visible(rounds)]


def archive(rounds: int) -> list[Row]:
    topic = f"{NAME}-ratings"
    topics.fill(topic, topics.ratings(100_000))
    raw = "aiokafka getmany, CSV, the same WebHDFS writes"
    flush_rows = Service(stack(), name=NAME, home=scratch("ingest")).components().settings
    return _rows(
        "Kafka to HDFS, one worker",
        "rows",
        rounds,
        ours=_one_agent("archive", 300_000),
        references={
            TAKE: (2.0, _reference("faust_take", topic, 40_000)),
            raw: (
                0.5,
                _reference(
                    "raw_archive",
                    topic,
                    300_000,
                    stack().hdfs_url,
                    str(flush_rows.archive_flush_rows),
                ),
            ),
        },
    )


def cache(rounds: int) -> list[Row]:
    topic = f"{NAME}-recommendations"
    topics.fill(topic, topics.lists(8_000))
    raw = "aiokafka getmany, decode, the same Redis writes"
    return _rows(
        "recommendations topic to Redis, one worker",
        "users",
        rounds,
        ours=_one_agent("cache", 24_000),
        references={
            TAKE: (2.0, _reference("faust_take", topic, 24_000)),
            raw: (0.5, _reference("raw_cache", topic, 24_000, stack().redis_url)),
        },
    )


def visible(rounds: int) -> list[Row]:
    """From the 202 to an answer that follows the rating, in one worker for all but the training."""
    with worker("web,agents") as server:
        found = [
            asyncio.run(measure(f"http://127.0.0.1:{server.port}", 200, 20, 0.1)).visible
            for _ in range(1 + rounds)
        ][1:]  # the first warms
    return [
        Row(
            what=f"rating accepted to changed answer, at 200 ratings a second, p{percent}",
            unit="ms",
            ours=1000 * median(float(np.percentile(seconds, percent)) for seconds in found),
            goal=goal,
            better="lower",
        )
        for percent, goal in ((50, 60.0), (99, 250.0))
    ]


def _rows(
    what: str, unit: str, rounds: int, *, ours: Side, references: dict[str, tuple[float, Side]]
) -> list[Row]:
    sides = {"ours": ours} | {name: side for name, (_, side) in references.items()}
    found = in_turns(sides, rounds)
    return [
        per_cpu(what, unit, goal, found["ours"], found[against], against=against)
        for against, (goal, _) in references.items()
    ]


def _one_agent(agent: str, records: int) -> Side:
    """Our worker with one agent, in a consumer group and an archive of its own each time."""

    def run() -> Measure:
        own = f"{NAME}-{uuid.uuid4().hex[:8]}"
        environment = own_service(NAME, own).environment
        return _run("benchmarks.one_agent", [agent, str(records)], environment)

    return run


def own_service(name: str, own: str) -> Service:
    """A worker on the topics of the installation `name`, in a group and an archive of its own."""
    return Service(
        stack(), name=name, home=scratch(own), app_id=own, archive_root=f"/{own}", roles="agents"
    )


def _reference(module: str, topic: str, records: int, *more: str) -> Side:
    arguments = [stack().kafka_url, topic, str(records), *more]
    return lambda: _run(f"benchmarks.references.{module}", arguments, dict(os.environ))


def _run(module: str, arguments: Sequence[str], environment: dict[str, str]) -> Measure:
    """What a program with a `Meter` has measured."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return Measure(*json.loads(done.stdout.splitlines()[-1]))
