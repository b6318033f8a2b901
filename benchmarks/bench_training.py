"""Trainings from HDFS to MongoDB and Kafka, against the tutorials' script; the fit against
`implicit`'s. Servers' own CPU time counts for neither side.

With BENCH_LARGE=1 also on 10 million ratings: an hour on two cores.
"""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import subprocess
import sys
from typing import Any

import numpy as np
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code
from pymongo import MongoClient

from benchmarks.harness import Measure, Row, cost, in_turns, per_cpu, scratch, stack
from benchmarks.training_data import Archived, archived
from jobs.spec import TrainingSpec

ITERATIONS = 10
MEMORY = "4g"


def rows(quick: bool) -> list[Row]:
    sizes = [100_000] if quick else [100_000, 1_000_000]
    if os.environ.get("BENCH_LARGE"):
        sizes.append(10_000_000)
    found = []
    for ratings in sizes:
        data = archived(ratings)
        for rank in [32] if quick else [32, 64]:
            found.append(_training(data, rank, rounds=2 if ratings <= 100_000 else 1))
    if not quick:
        found.append(_fit(archived(1_000_000), 64))
    return found


def _training(data: Archived, rank: int, rounds: int) -> Row:
    told: list[dict[str, Any]] = []

    def ours() -> Measure:
        result, measure = _ours(data, rank)
        told.append(result)
        return measure

    sides = {"ours": ours, "tutorial": lambda: _tutorial(data, rank)}
    found = in_turns(sides, rounds)
    steps = ", ".join(f"{step} {seconds:.1f}" for step, seconds in told[-1]["cpu"].items())
    return cost(
        f"training on {data.volume.ratings:,} ratings, rank {rank}",
        "training",
        0.6,
        found["ours"],
        found["tutorial"],
        against="tutorial script",
        note=f"CPU seconds of our steps: {steps}",
    )


def _ours(data: Archived, rank: int) -> tuple[dict[str, Any], Measure]:
    spec = TrainingSpec(
        version="v1",
        files=data.files,
        hdfs_rpc_url=stack().hdfs_rpc_url,
        mongodb_uri=stack().mongodb_uri,
        mongodb_database=data.name,
        kafka=(stack().kafka_url,),
        recommendations_topic=_topic(data.name),
        scratch=str(scratch("spark")),
        driver_memory=MEMORY,
        models_root=f"/{data.name}/models",
        input_bytes=data.length,
        parameters={"rank": rank, "iterations": ITERATIONS},
    )
    _forget_lists(data.name, "recommendations")
    path = scratch("specs") / "spec.pickle"
    path.write_bytes(pickle.dumps(spec))
    return _run("benchmarks.training_job", str(path))


def _tutorial(data: Archived, rank: int) -> Measure:
    _forget_lists(data.name, "tutorial")
    spec = {
        "ratings": f"{stack().hdfs_rpc_url}{data.root}/epoch=*/partition=*/*.csv",
        "rank": rank,
        "iterations": ITERATIONS,
        "memory": MEMORY,
        "kafka": stack().kafka_url,
        "topic": _topic(f"{data.name}-tutorial"),
        "mongodb": f"{stack().mongodb_uri.rpartition('/')[0]}/{data.name}",
    }
    return _run("benchmarks.references.tutorial_training", json.dumps(spec))[1]


def _fit(data: Archived, rank: int) -> Row:
    """The fit of the order: ours within the job, `implicit`'s within its process."""
    result, _ = _ours(data, rank)
    other, _ = _run("benchmarks.references.implicit_fit", f"{data.folder}/ratings.csv", str(rank))
    ours = Measure(data.volume.ratings, result["cpu"]["order"], result["steps"]["order"])
    theirs = Measure(data.volume.ratings, other["cpu_seconds"], other["wall_seconds"])
    work = _normal_equations(data, rank) * ITERATIONS
    peak = _peak_flops()
    return per_cpu(
        f"fit of the order alone, {data.volume.ratings:,} ratings, rank {rank}",
        "ratings",
        0.0,
        [ours],
        [theirs],
        against="implicit, exact solver",
        note=f"the normal equations are {work / 1e9:.0f} GFLOP, {work / peak:.1f} CPU seconds at "
        f"the {peak / 1e9:.0f} GFLOP/s of a core's DGEMM; ours takes {ours.cpu_seconds:.0f}",
    )


def _normal_equations(data: Archived, rank: int) -> float:
    """FLOP of one iteration: sums of outer products (half of each is enough) and solutions of both
    sides."""
    rows_ = data.volume.users + data.volume.films
    return 2 * data.volume.ratings * rank**2 + rows_ * (rank**3 / 3 + rank**2)


def _peak_flops(size: int = 1500) -> float:
    program = (
        f"import numpy, time; a = numpy.random.rand({size}, {size}); a @ a; "
        "t = time.process_time(); [a @ a for _ in range(3)]; "
        f"print(3 * 2 * {size}**3 / (time.process_time() - t))"
    )
    one = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=one, capture_output=True, text=True, check=True
    )
    return float(np.float64(done.stdout))


def _run(module: str, *arguments: str) -> tuple[dict[str, Any], Measure]:
    """What a module's process prints as its result, and what it and its descendants took."""
    command = [sys.executable, "-m", "benchmarks.measured", sys.executable, "-m", module]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{module}: {done.stderr[-4000:]}")
    lines = [line.partition(": ") for line in done.stdout.splitlines()]
    found = {name: json.loads(text) for name, _, text in lines if name in ("result", "measured")}
    taken = found["measured"]
    over_time = taken.pop("over_time")
    print(f"{module}: {taken}", file=sys.stderr, flush=True)
    result = found.get("result", {})
    if "began" in result:
        result["cpu"] = _by_step(result["began"], over_time)
    return result, Measure(1, taken["cpu_seconds"], taken["wall_seconds"])


def _by_step(began: dict[str, float], over_time: list[tuple[float, float]]) -> dict[str, float]:
    """The CPU seconds of each step, and of what comes before the first."""
    times, taken = zip(*over_time, strict=True)
    marks = [0.0, *np.interp(list(began.values()), times, taken).tolist(), taken[-1]]
    return dict(zip(["import", *began], np.diff(marks).tolist(), strict=True))


def _forget_lists(database: str, collection: str) -> None:
    with MongoClient[dict[str, Any]](stack().mongodb_uri) as client:
        client[database].drop_collection(collection)


def _topic(name: str) -> str:
    async def create() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=stack().kafka_url)
        await admin.start()
        try:
            answer = await admin.create_topics([NewTopic(name, 4, 1)])
            _, code, *_ = answer.topic_errors[0]
            if code and for_code(code) is not TopicAlreadyExistsError:
                raise for_code(code)
        finally:
            await admin.close()

    asyncio.run(create())
    return name
