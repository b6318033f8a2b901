"""What loading and training take at one size, by step and process: `python -m benchmarks.scale N`.

N made-up ratings go through Kafka into HDFS with `recsys load`, and are trained on twice, the
second time from the snapshot that the first one left, and 1,000 new ratings.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from subprocess import run
from typing import Any

from pymongo import MongoClient

from benchmarks.harness import cpu_seconds, proportional_bytes, scratch, stack, tree
from jobs.generating import Volume
from recsys_app.application import Components
from recsys_app.models import Rating
from tests.service import Service


@dataclass
class Step:
    """One line of the table."""

    name: str
    wall_seconds: float = 0.0
    cpu_seconds: dict[str, float] = field(default_factory=dict)
    peak_bytes: int = 0
    """Of all processes together."""


class Installation:
    """The service under load, with everything that it consists of."""

    def __init__(self, ratings: int) -> None:
        self.volume = Volume(ratings)
        name = f"scale-{ratings}"
        self.service = Service(
            stack(), name=name, home=scratch(name), train_interval_seconds=1_000_000,
            spark_driver_memory="5g" if ratings > 2_000_000 else "2g",
        )  # fmt: skip
        self.steps: list[Step] = []

    @property
    def processes(self) -> dict[str, int]:
        found = {status.name: status.pid for status in stack().status() if status.pid}
        if self.service.process:
            found["worker"] = self.service.process.pid
        return found

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        step = Step(name)
        before = {each: cpu_seconds([pid]) for each, pid in self.processes.items()}
        began, done = time.perf_counter(), threading.Event()
        watch = threading.Thread(target=self._watch, args=(step, done))
        watch.start()
        yield step
        done.set()
        watch.join()
        step.wall_seconds = time.perf_counter() - began
        for each, pid in self.processes.items():
            step.cpu_seconds[each] = cpu_seconds([pid]) - before[each]
        self.steps.append(step)
        shown = {each: round(seconds, 1) for each, seconds in step.cpu_seconds.items()}
        print(
            f"| {name} | {step.wall_seconds:.0f} s | {sum(step.cpu_seconds.values()):.0f} s | "
            f"{step.peak_bytes / 2**30:.1f} GiB | {shown}",
            flush=True,
        )

    def _watch(self, step: Step, done: threading.Event) -> None:
        while not done.wait(2):
            with suppress(OSError):
                pids = tree([*self.processes.values(), os.getpid()]) - {os.getpid()}
                held = sum(map(proportional_bytes, pids))
                step.peak_bytes = max(step.peak_bytes, held)

    def recsys(self, step: Step, *arguments: str) -> None:
        """Runs the command and adds what it took to the step."""
        command = [sys.executable, "-m", "benchmarks.measured", sys.executable, "-m", "recsys_app"]
        done = run(
            [*command, *arguments], env=self.service.environment, cwd=self.service.home,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])
        taken = json.loads(done.stdout.rpartition("measured: ")[2])
        step.cpu_seconds[arguments[0]] = taken["cpu_seconds"]

    def last_run(self) -> dict[str, Any]:
        uri, _, name = self.service.environment["RECSYS_MONGODB_URI"].rpartition("/")
        with MongoClient[dict[str, Any]](uri) as client:
            found = client[name]["models"].find_one(sort=[("number", -1)])
        assert found
        return found


def main(ratings: int) -> None:
    it = Installation(ratings)
    folder = scratch(f"set-{ratings}")
    with it.step("generate") as step:
        it.recsys(step, "generate", str(folder), "--ratings", str(ratings))
    with it.service:
        with it.step("load, until all is in Kafka") as step:
            it.recsys(step, "load", str(folder))
        with it.step("until all is in HDFS"):
            _with(it.service, _archived)
        for name in ("first training", "training from the snapshot"):
            with it.step(name) as step:
                it.recsys(step, "train")
            record = it.last_run()
            print(name, record["steps"], record["counts"], record["metrics"], flush=True)
            _with(it.service, _rate_more)


def _with(service: Service, work: Callable[[Components], Any]) -> None:
    async def inside() -> None:
        parts = service.components()
        try:
            await work(parts)
        finally:
            await parts.close()

    asyncio.run(inside())


async def _archived(parts: Components) -> None:
    await parts.loading.wait_until_archived(waiting=lambda missing: None)


async def _rate_more(parts: Components) -> None:
    chance = random.Random(1)
    await parts.messages.start()
    await parts.ratings.send_ratings(
        [Rating(chance.randint(1, 600), chance.randint(1, 200), 4.0) for _ in range(1000)]
    )
    await _archived(parts)


if __name__ == "__main__":
    main(int(sys.argv[1]))
