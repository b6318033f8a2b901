"""Measures two or more sides in turn, in one run, by the CPU time of their processes.

A benchmark is a module `benchmarks/bench_<topic>.py` with a function `rows(quick) -> list[Row]`.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median
from typing import Literal

from recsys_app.stack import Stack, StackPorts

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Measure:
    """One measurement of one side."""

    units: float
    """The work done: requests, rows, users, trainings."""
    cpu_seconds: float
    wall_seconds: float


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    unit: str
    """Of `ours` and `reference`, such as `requests per CPU second`."""
    ours: float
    goal: float
    """For the ratio; for `ours` itself if there is no reference."""
    better: Literal["higher", "lower"]
    against: str = ""
    """The reference; empty if the goal is a plain figure."""
    reference: float | None = None
    ratio: float | None = None
    """Ours over the reference's: the median of the ratios of neighbours in time."""
    wall_ratio: float | None = None
    """The same of units per wall second."""
    is_cpu: bool = False
    """Whether the ratio is one of CPU per unit: then `make bench-check` watches it."""
    note: str = ""

    @property
    def is_met(self) -> bool:
        value = self.ours if self.ratio is None else self.ratio
        return value >= self.goal if self.better == "higher" else value <= self.goal


Side = Callable[[], Measure]


def in_turns(sides: Mapping[str, Side], rounds: int) -> dict[str, list[Measure]]:
    """Measures every side once a round, in the order given: A B C, A B C, …"""
    found: dict[str, list[Measure]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            found[name].append(side())
    return found


def per_cpu(
    what: str,
    unit: str,
    goal: float,
    ours: Sequence[Measure],
    reference: Sequence[Measure],
    *,
    against: str,
    note: str = "",
) -> Row:
    """A row of units per CPU second, ours over the reference's: higher is better."""
    return Row(
        what=what,
        unit=f"{unit} per CPU second",
        ours=median(m.units / m.cpu_seconds for m in ours),
        reference=median(m.units / m.cpu_seconds for m in reference),
        ratio=_ratio(ours, reference, lambda m: m.units / m.cpu_seconds),
        wall_ratio=_ratio(ours, reference, lambda m: m.units / m.wall_seconds),
        goal=goal,
        better="higher",
        against=against,
        is_cpu=True,
        note=note,
    )


def cost(
    what: str,
    unit: str,
    goal: float,
    ours: Sequence[Measure],
    reference: Sequence[Measure],
    *,
    against: str,
    note: str = "",
) -> Row:
    """A row of CPU seconds per unit, ours over the reference's: lower is better."""
    return Row(
        what=what,
        unit=f"CPU seconds per {unit}",
        ours=median(m.cpu_seconds / m.units for m in ours),
        reference=median(m.cpu_seconds / m.units for m in reference),
        ratio=_ratio(ours, reference, lambda m: m.cpu_seconds / m.units),
        wall_ratio=_ratio(ours, reference, lambda m: m.wall_seconds / m.units),
        goal=goal,
        better="lower",
        against=against,
        is_cpu=True,
        note=note,
    )


def _ratio(
    ours: Sequence[Measure], reference: Sequence[Measure], value: Callable[[Measure], float]
) -> float:
    return median(value(a) / value(b) for a, b in zip(ours, reference, strict=True))


class Stopwatch:
    """The CPU time of processes with all their descendants, and the wall time, from now on."""

    def __init__(self, *pids: int) -> None:
        self._pids = pids
        self._cpu = cpu_seconds(pids)
        self._began = time.perf_counter()

    def read(self, units: float) -> Measure:
        wall = time.perf_counter() - self._began
        return Measure(units, cpu_seconds(self._pids) - self._cpu, wall)


def cpu_seconds(pids: Iterable[int]) -> float:
    """Of these processes, their living descendants, and those dead ones that were waited for."""
    return sum(sum(_stat(pid)[11:15]) for pid in tree(pids)) / _TICKS


def own_cpu_seconds(pid: int) -> float:
    """Of this process alone; 0 if it is gone."""
    return sum(_stat(pid)[11:13]) / _TICKS


def tree(pids: Iterable[int]) -> set[int]:
    """The processes and all their descendants."""
    children: dict[int, list[int]] = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit() and (stat := _stat(int(entry.name))):
            children.setdefault(stat[1], []).append(int(entry.name))
    found: set[int] = set()
    waiting = list(pids)
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found.add(pid)
            waiting += children.get(pid, [])
    return found


def proportional_bytes(pid: int) -> int:
    """The memory of a process, of which pages shared by several count in parts; 0 if it is gone."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def resident_bytes(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _stat(pid: int) -> list[int]:
    """The numbers of /proc/<pid>/stat from the state on (as 0); empty if it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return []
    return [0, *map(int, text.rpartition(")")[2].split()[1:])]


@cache
def stack() -> Stack:
    """Kafka, HDFS, Valkey and the MongoDB server, new for this run and shared by its topics.

    While working on a benchmark: those of the folder BENCH_HOME, which stay for the next run.
    """
    if kept := os.environ.get("BENCH_HOME"):
        ports = StackPorts.from_base(int(os.environ["RECSYS_STACK_PORT"]))
        servers = Stack(home=Path(kept), ports=ports, die_with_parent=False)
    else:
        servers = Stack(home=scratch("stack"), ports=StackPorts.free(), die_with_parent=True)
        atexit.register(servers.close)
    servers.up()
    return servers


def scratch(name: str) -> Path:
    """A folder for this run, which goes with it."""
    folder = _scratch() / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@cache
def _scratch() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="recsys-bench-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
