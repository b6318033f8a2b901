"""How ingest grows with the workers: `python -m benchmarks.workers [RATINGS]`.

For 1, 2 and 4 workers with the archive's agent alone, on a topic that is full before they start:
ratings a second from a tenth to nine tenths of them archived, and the share of the machine's cores
that the workers, Kafka and HDFS took meanwhile.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import requests

from benchmarks import topics
from benchmarks.bench_ingest import own_service
from benchmarks.harness import Stopwatch, stack
from recsys_app.stack import exec_child
from tests.service import ROOT, free_port

NAME = "bench-workers"


def main() -> None:
    ratings = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    topics.fill(f"{NAME}-ratings", topics.ratings(ratings // topics.PARTITIONS))
    print("| workers | ratings a second | cores: workers | Kafka | HDFS | everything |")
    print("|---:|---:|---:|---:|---:|---:|")
    for count in (1, 2, 4):
        with _workers(count) as (workers, ports):
            _until(ports, ratings // 10)
            watches = [Stopwatch(*pids) for pids in (workers, *_servers())]
            began, first = time.perf_counter(), _archived(ports)
            idle = _idle_seconds()
            _until(ports, ratings * 9 // 10)
            done, seconds = _archived(ports) - first, time.perf_counter() - began
            cores = [watch.read(1).cpu_seconds / seconds for watch in watches]
            busy = (os.cpu_count() or 1) - (_idle_seconds() - idle) / seconds
        columns = " | ".join(f"{each:.2f}" for each in (*cores, busy))
        print(f"| {count} | {done / seconds:,.0f} | {columns} |", flush=True)


@contextmanager
def _workers(count: int) -> Iterator[tuple[list[int], list[int]]]:
    ports = [free_port() for _ in range(count)]
    own = f"{NAME}-{uuid.uuid4().hex[:8]}"
    processes = []
    for port in ports:
        environment = own_service(NAME, own).environment | {"RECSYS_PORT": str(port)}
        guard = (sys.executable, "-ISB", exec_child.__file__, str(os.getpid()))
        command = (sys.executable, "-m", "benchmarks.one_agent", "archive", str(10**12))
        processes.append(
            subprocess.Popen(
                [*guard, *command], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
            )
        )
    try:
        yield [process.pid for process in processes], ports
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _until(ports: Sequence[int], archived: int) -> None:
    while _archived(ports) < archived:
        time.sleep(0.1)


def _archived(ports: Sequence[int]) -> float:
    total = 0.0
    for port in ports:
        try:
            lines = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text.splitlines()
        except requests.RequestException:
            continue
        name = "recsys_ratings_archived_total "
        total += sum(float(line.split()[1]) for line in lines if line.startswith(name))
    return total


def _servers() -> tuple[list[int], list[int]]:
    hdfs = stack().hdfs
    pids = [stack().kafka.pid, hdfs.namenode.pid, hdfs.datanode.pid]
    kafka, *rest = [pid for pid in pids if pid is not None]
    return [kafka], rest


def _idle_seconds() -> float:
    """Of all cores together, since the machine's start."""
    with open("/proc/stat") as file:
        return int(file.readline().split()[4]) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
