"""Trainings that are killed, lose their store, or meet a torn archive; the service goes on."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from typing import Any

import aiohttp
import hdfs
import pytest
from pymongo import MongoClient

from tests.faults.load import Load
from tests.faults.mongo_proxy import MongoProxy
from tests.faults.reader import Reader
from tests.faults.report import check
from tests.faults.service import Service, Worker, until

full = pytest.mark.full

UNKNOWN = 1_000_001
"""The first of movies that the demo's people have not rated."""


@full
async def test_mongodb_dies_while_a_training_publishes(trained: Service) -> None:
    """The half-published model is never served; readers have the older one's lists, then the next.

    Protected by: activating a version only after the job has returned, in `TrainingService._train`.
    """
    (worker,) = trained.workers
    mongo = trained.stack.mongo
    uri = trained.environment["RECSYS_MONGODB_URI"]
    async with (
        Reader(worker) as reader,
        MongoProxy(uri) as proxy,
        Load([worker], first_movie=UNKNOWN) as load,
    ):
        await load.acknowledges(30)
        training = trained.launch_recsys("train", mongodb_uri=proxy.url)
        await asyncio.wait_for(proxy.failed.wait(), 600)
        await asyncio.to_thread(mongo.kill)
        _, errors = await asyncio.to_thread(training.communicate, timeout=600)
        assert training.returncode == 1
        assert "MongoDB" in errors
        await load.acknowledges(30)
        await asyncio.to_thread(mongo.start)
        since = time.monotonic()
        await load.acknowledges(30)

        async def trains() -> bool:
            return (await trained.recsys("train")).returncode == 0

        # The dead training could not give its lease back, which runs out after half a minute.
        await until(trains, 900, "no training succeeded")
        await reader.reads("v3")
    await check(trained, load.sent, "MongoDB killed while a training publishes", since=since)
    assert {version: len(bodies) for version, bodies in reader.answers.items()} == {
        "v1": 1,
        "v3": 1,
    }


@full
@pytest.mark.parametrize(
    ("program", "name"),
    [("spawn_main", "training's process"), ("java", "training's JVM")],
)
async def test_a_training_is_killed(loaded: Service, program: str, name: str) -> None:
    """A training's death is told, the worker goes on, and the next tick trains.

    Protected by: `except BaseException` in `TrainingService._train`, which has the death told, and
    for its cause `_cause_of_death` in `TrainingPool.run`.
    """
    worker = loaded.worker()
    worker.launch(roles="web,agents,training", train_interval_seconds="3")
    await worker.ready()
    async with Load([worker], first_movie=UNKNOWN) as load:
        await load.acknowledges(30)
        victims: list[int] = []

        async def runs() -> bool:
            victims[:] = descendants(worker.process.pid, program)
            return bool(victims) and is_at_work(loaded)

        await until(runs, 600, f"there is no {name}")
        for victim in victims:
            os.kill(victim, signal.SIGKILL)
        since = time.monotonic()

        async def is_told() -> bool:
            return await status(worker, "status") == "failed"

        await until(is_told, 600, "nobody was told of the death")
        cause = await status(worker, "cause")
        assert cause
        assert cause.startswith("The training "), cause
        await load.acknowledges(30)
        assert worker.runs
    await check(loaded, load.sent, f"{name} killed", since=since)

    async def is_ready() -> bool:
        return await status(worker, "status") == "ready"

    await until(is_ready, 900, "the next training did not succeed")
    assert worker.runs


def is_at_work(service: Service) -> bool:
    """Whether a training has come further than its start."""
    with MongoClient[dict[str, Any]](service.environment["RECSYS_MONGODB_URI"]) as client:
        models = client.get_default_database()["models"]
        at_work = {"status": "running", "step": {"$nin": [None, "start"]}}
        return models.find_one(at_work) is not None


async def status(worker: Worker, field: str) -> str | None:
    """What `/readyz` says of the trainings."""
    async with aiohttp.ClientSession() as session, session.get(f"{worker.url}/readyz") as answer:
        training = (await answer.json()).get("training") or {}
        return training.get(field)  # type: ignore[no-any-return]


def descendants(pid: int, program: str) -> list[int]:
    """The processes below this one whose command line names the program."""
    table = subprocess.run(
        ["ps", "-ww", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    )
    children: dict[int, list[tuple[int, str]]] = {}
    for line in table.stdout.splitlines():
        child, parent, arguments = line.split(None, 2)
        children.setdefault(int(parent), []).append((int(child), arguments))
    below, found = [pid], []
    for parent_id in below:
        for child_id, arguments in children.get(parent_id, ()):
            below.append(child_id)
            if program in arguments:
                found.append(child_id)
    return found


@full
async def test_a_torn_last_line_in_the_archive(trained: Service) -> None:
    """The training names the file, and goes on without the torn row only if asked.

    Protected by: the look at what follows the last newline in `jobs.archive_files`.
    """
    path = f"{trained.root}/epoch=0/partition=99/{0:020d}.csv"
    client = hdfs.InsecureClient(trained.stack.hdfs_url, user="recsys")
    header = "userId,movieId,rating,timestamp,offset,idempotencyKey"
    client.write(path, f"{header}\n1,1,4.5,1700000000,0,\n1,2,4.5,17000".encode())
    refused = await trained.recsys("train")
    assert refused.returncode == 1
    assert path in refused.stderr
    await trained.succeeds("train", "--allow-bad-rows")
    with MongoClient[dict[str, Any]](trained.environment["RECSYS_MONGODB_URI"]) as client:
        models = client.get_default_database()["models"]
        bad_rows = {m["_id"]: m["counts"]["badRows"] for m in models.find({"status": "ready"})}
    assert bad_rows == {"v1": 0, "v3": 1}
