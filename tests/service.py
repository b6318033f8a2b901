"""The service as its users run it: a worker process, the `recsys` command, HTTP."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from recsys_app.application import Components
from recsys_app.settings import Settings
from recsys_app.stack import Stack, exec_child
from recsys_app.stack.ports import is_free

ROOT = Path(__file__).parents[1]

SMALL_MODEL = "rank=8 iterations=2 stars_rank=4 stars_iterations=2"
"""Parameters for tests that ask of a training only that it ends soon."""


def free_port() -> int:
    """A port below those that outgoing connections get, which may take a port at any moment."""
    return next(port for port in iter(_some_port, None) if is_free(port))


def _some_port() -> int:
    return random.randrange(10_000, 32_000)


class Service:
    """An installation of its own, by name, on the servers of a stack.

    Topics, databases and folders carry the name, so that any number can share a stack.
    """

    def __init__(
        self, stack: Stack, *, name: str, home: Path, niceness: int = 0, **settings: object
    ) -> None:
        self.home = home
        self.niceness = niceness
        self.port = free_port()
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("RECSYS_")},
            "RECSYS_HOME": str(home),
            "RECSYS_PORT": str(self.port),
            "RECSYS_KAFKA_URL": stack.kafka_url,
            "RECSYS_HDFS_URL": stack.hdfs_url,
            "RECSYS_REDIS_URL": stack.redis_url,
            "RECSYS_MONGODB_URI": stack.mongodb_uri.rpartition("/")[0] + f"/{name}",
            "RECSYS_APP_ID": name,
            "RECSYS_TOPIC_PREFIX": f"{name}-",
            "RECSYS_REDIS_PREFIX": f"{name}:",
            "RECSYS_ARCHIVE_ROOT": f"/{name}/ratings",
            "RECSYS_MODELS_ROOT": f"/{name}/models",
            "PYTHONPATH": str(ROOT),
            **{f"RECSYS_{key.upper()}": str(value) for key, value in settings.items()},
        }
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.home / "worker.log"

    def components(self) -> Components:
        """The services of this installation inside the test's own process."""
        values = {k[7:].lower(): v for k, v in self.environment.items() if k.startswith("RECSYS_")}
        return Components(Settings(**values))  # type: ignore[arg-type]  # pydantic parses them

    def recsys(self, *arguments: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        """Runs the `recsys` command and returns what it printed."""
        return subprocess.run(
            [sys.executable, "-m", "recsys_app", *arguments],
            env=self.environment,
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def start(self) -> Self:
        """Starts a worker, which ends with this process, and waits until it is ready."""
        self.launch()
        self.wait_ready()
        return self

    def launch(self) -> None:
        """Starts a worker, which ends with this process."""
        self.home.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-ISB", exec_child.__file__, str(os.getpid())),
                    *("nice", "-n", str(self.niceness)),
                    *(sys.executable, "-m", "recsys_app", "worker", "-l", "info"),
                ],
                env=self.environment,
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def wait_ready(self, seconds: float = 180) -> None:
        assert self.process
        deadline = time.monotonic() + seconds
        while True:
            with suppress(requests.RequestException):
                if self.get("/readyz").ok:
                    return
            assert self.process.poll() is None, self.log.read_text()[-3000:]
            assert time.monotonic() < deadline, self.log.read_text()[-3000:]
            time.sleep(0.2)

    def wait_until(self, condition: Callable[[], bool], seconds: float = 180) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, self.log.read_text()[-3000:]
            time.sleep(0.2)

    def stop(self, seconds: float = 60) -> int:
        """Asks the worker to end and returns its exit code."""
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def get(self, path: str, **options: Any) -> requests.Response:
        return requests.get(self.url + path, timeout=60, **options)

    def put(self, path: str, **options: Any) -> requests.Response:
        return requests.put(self.url + path, timeout=10, **options)

    def post(self, path: str, **options: Any) -> requests.Response:
        return requests.post(self.url + path, timeout=60, **options)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process and self.process.poll() is None:
            code = self.stop()
            assert code == 0 or error is not None, self.log.read_text()[-3000:]
