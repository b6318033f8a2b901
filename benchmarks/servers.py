"""Servers under test, as processes that end with the benchmark."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import requests

from benchmarks.client import Answered, send
from benchmarks.harness import Measure, Stopwatch
from recsys_app.stack import exec_child
from tests.service import ROOT, free_port


@dataclass(frozen=True)
class Server:
    pid: int
    port: int

    def measure(self, load: Sequence[bytes], *, status: int = 200, **options: Any) -> Measure:
        """Keeps it busy with requests; the units are answers."""
        watches: list[Stopwatch] = []
        answered = send(
            self.port, load, connected=lambda: watches.append(Stopwatch(self.pid)), **options
        )
        return watches[0].read(answered.check(status).requests)

    def answer(self, load: Sequence[bytes], **options: Any) -> Answered:
        return send(self.port, load, **options)


@contextmanager
def reference(module: str, *arguments: str) -> Iterator[Server]:
    """`python -m benchmarks.references.<module> PORT ARGUMENT…`, once it answers."""
    port = free_port()
    command = [sys.executable, "-m", f"benchmarks.references.{module}", str(port), *arguments]
    with serving(command, lambda: requests.get(f"http://127.0.0.1:{port}/", timeout=5)) as pid:
        yield Server(pid, port)


@contextmanager
def serving(command: Sequence[str], answers: Callable[[], object]) -> Iterator[int]:
    """A process, once `answers` raises nothing; ended on the way out."""
    guard = (sys.executable, "-ISB", exec_child.__file__, str(os.getpid()))
    process = subprocess.Popen([*guard, *command], cwd=ROOT)
    try:
        deadline = time.monotonic() + 30
        while True:
            with suppress(OSError):  # of which requests' errors are
                answers()
                break
            assert process.poll() is None, f"{command} ended"
            assert time.monotonic() < deadline, f"{command} does not answer"
            time.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        process.wait(15)
