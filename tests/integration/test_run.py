"""`recsys run`, as `make run` calls it: everything on one machine, and nothing left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from recsys_app.stack import StackPorts
from tests.service import ROOT, free_port


@contextmanager
def started(
    home: Path, port: int, ports: StackPorts, *arguments: str
) -> Iterator[subprocess.Popen[str]]:
    """The command, which is killed at the end if it still runs."""
    with subprocess.Popen(
        [sys.executable, "-m", "recsys_app", "run", *arguments],
        env={
            **{k: v for k, v in os.environ.items() if not k.startswith("RECSYS_")},
            "RECSYS_HOME": str(home),
            "RECSYS_STACK_PORT": str(ports.kafka),
            "PORT": str(port),
            "PYTHONPATH": str(ROOT),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def read_until(process: subprocess.Popen[str], last: str) -> str:
    assert process.stdout
    lines = []
    for line in process.stdout:
        lines.append(line)
        if last in line:
            return "".join(lines)
    raise AssertionError("".join(lines))


def stop(process: subprocess.Popen[str], number: signal.Signals) -> int:
    process.send_signal(number)
    return process.wait(90)


def processes_of(home: Path) -> list[str]:
    """The command lines of what runs with files in the folder, or with it as RECSYS_HOME."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes()
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if command and str(home).encode() in environment + command:
            found.append(command.decode().replace("\0", " "))
    return found


@pytest.mark.timeout(900)
def test_it_runs_stops_and_goes_on_with_its_data(tmp_path: Path) -> None:
    home, port, ports = tmp_path / "home", free_port(), StackPorts.free()
    url = f"http://127.0.0.1:{port}"
    rating = {"userId": 1, "movieId": 1, "rating": 5}

    with started(home, port, ports) as first:
        said = read_until(first, "Ctrl-C stops everything")
        assert "ratings are loaded" in said
        assert f"curl {url}/recommendations/1" in said
        answer = requests.get(f"{url}/recommendations/1", timeout=60)
        assert answer.headers["X-Recommendation-Source"] == "model"
        assert "Sci-Fi" in [genre for movie in answer.json() for genre in movie["genres"]]
        sent = requests.post(f"{url}/send_rating", json=rating, timeout=60)
        assert sent.status_code == 202
        assert stop(first, signal.SIGTERM) == 0
    assert processes_of(home) == []

    with started(home, port, ports) as second:
        said = read_until(second, "Ctrl-C stops everything")
        assert "ratings are loaded" not in said
        assert "Training" not in said
        again = requests.get(f"{url}/recommendations/1", timeout=60)
        assert again.headers["X-Model-Version"] == answer.headers["X-Model-Version"]
        resent = requests.post(f"{url}/send_rating", json=rating, timeout=60)
        assert resent.json()["offset"] == sent.json()["offset"] + 1
        assert stop(second, signal.SIGINT) == 0
    assert processes_of(home) == []


def test_a_taken_port_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with started(tmp_path / "home", port, StackPorts.free()) as process:
            said, _ = process.communicate(timeout=120)
    assert process.returncode == 1
    assert said.strip().count("\n") == 0
    assert f"Port {port} is taken" in said
    assert "PORT=" in said


def test_a_set_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    missing = tmp_path / "none"
    with started(
        tmp_path / "home", free_port(), StackPorts.free(), "--movielens", str(missing)
    ) as process:
        said, _ = process.communicate(timeout=120)
    assert process.returncode == 1
    assert said.strip().count("\n") == 0
    assert str(missing) in said


def test_a_killed_run_leaves_nothing_behind(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with started(home, free_port(), StackPorts.free()) as process:
        read_until(process, "HDFS is up")
        assert processes_of(home)
        stop(process, signal.SIGKILL)
    deadline = time.monotonic() + 120
    while processes_of(home):
        assert time.monotonic() < deadline, processes_of(home)
        time.sleep(0.2)
