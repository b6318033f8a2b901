"""A Spark standalone cluster of one master and two workers, from pyspark's own jars."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tarfile
import time
import urllib.request
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyspark

from tests.service import free_port

_HOME = Path(pyspark.__file__).parent


@contextmanager
def spark_cluster(home: Path, *, workers: int = 2) -> Iterator[str]:
    """The address of a master whose workers are all there."""
    port, page = free_port(), free_port()
    master = f"spark://127.0.0.1:{port}"
    started = []
    try:
        started.append(
            _start(home, "master.Master", "--port", str(port), "--webui-port", str(page))
        )
        for number in range(workers):
            arguments = ("--cores", "1", "--memory", "1g", "--webui-port", "0")
            folder = ("--work-dir", str(home / f"worker-{number}"))
            started.append(_start(home, "worker.Worker", *arguments, *folder, master))
        _wait_for_workers(page, workers, home)
        yield master
    finally:
        for process in reversed(started):
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def packed_environment(home: Path) -> Path:
    """An environment with our dependencies and without us, as `venv-pack` makes them, but small:
    it names the packages of this one instead of holding them."""
    environment = home / "environment"
    venv.create(environment, symlinks=True, with_pip=False)
    (site,) = environment.glob("lib/python*/site-packages")
    here = [path for path in sys.path if path.endswith("site-packages")]
    (site / "dependencies.pth").write_text("\n".join(here))
    packed = home / "environment.tar.gz"
    with tarfile.open(packed, "w:gz") as archive:
        archive.add(environment, ".")
    return packed


def _start(home: Path, name: str, *arguments: str) -> subprocess.Popen[bytes]:
    command = [str(_HOME / "bin" / "spark-class"), f"org.apache.spark.deploy.{name}"]
    environment = {
        "PATH": os.environ["PATH"],
        "SPARK_HOME": str(_HOME),
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_LOCAL_IP": "127.0.0.1",
        # Executors would find neither our code nor an interpreter by themselves.
        "PYSPARK_PYTHON": "/nowhere/python",
    } | {k: v for k, v in os.environ.items() if k == "JAVA_HOME"}
    with (home / f"{name}.log").open("ab") as log:
        return subprocess.Popen(
            [*command, "--host", "127.0.0.1", *arguments],
            cwd=home, env=environment, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip


def _wait_for_workers(page: int, workers: int, home: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{page}/json/", timeout=5) as answer:
                if answer.read().count(b'"ALIVE"') >= workers:
                    return
        except OSError:
            pass
        time.sleep(0.3)
    logs = "".join(path.read_text() for path in home.glob("*.log"))
    raise AssertionError(f"the cluster does not start: {logs[-4000:]}")
