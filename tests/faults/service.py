"""Workers of the service as real processes, to be killed, stopped and started again."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp

from recsys_app.stack import Stack
from tests.service import free_port

REPOSITORY = Path(__file__).parents[2]
START_SECONDS = 240.0


class Worker:
    """One worker process, on the same port each time it is started."""

    def __init__(self, name: str, environment: dict[str, str], log: Path) -> None:
        self.port = free_port()
        self.name = name
        self.log = log
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = environment | {"RECSYS_PORT": str(self.port)}
        self._process: subprocess.Popen[bytes] | None = None
        self.stopped = False

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "the worker was never started"
        return self._process

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def launch(self, **more: str) -> None:
        """Starts the process; `more` are settings by their names without RECSYS_."""
        assert not self.runs
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "recsys_app", "worker", "-l", "info"],
                cwd=REPOSITORY,
                env={**os.environ, **self.environment, **_settings(more)},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    async def ready(self) -> None:
        """Returns once it accepts ratings."""

        async def accepts() -> bool:
            assert self.runs, f"{self.name} ended while starting:\n{self.log_tail()}"
            try:
                async with (
                    aiohttp.ClientSession() as session,
                    session.get(f"{self.url}/livez") as answer,
                ):
                    return answer.status == 200
            except aiohttp.ClientError:
                return False

        await until(accepts, START_SECONDS, f"{self.name} did not start")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGSTOP)
        self.stopped = True

    def go_on(self) -> None:
        self.process.send_signal(signal.SIGCONT)
        self.stopped = False

    async def terminate(self, seconds: float = 60.0) -> float:
        """Asks it to end and returns how long that took; it must be within `seconds`."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            await asyncio.to_thread(self.process.wait, seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(
                f"{self.name} did not end within {seconds:g} s of SIGTERM:\n{self.log_tail()}"
            ) from None
        return time.monotonic() - began

    async def ended(self, seconds: float = 180.0) -> int:
        """The exit code, once it has ended by itself."""
        return await asyncio.to_thread(self.process.wait, seconds)

    def log_tail(self, lines: int = 30) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


class Service:
    """One installation of the service on the stack: its own topics, group, archive, database."""

    def __init__(self, stack: Stack, folder: Path, *, hdfs_url: str | None = None) -> None:
        name = f"fault-{uuid.uuid4().hex[:8]}"
        self.name = name
        self.stack = stack
        self.root = f"/{name}/ratings"
        self.topic = f"{name}.ratings"
        self.dead_letters = f"{name}.ratings-dead-letter"
        self.folder = folder
        self.workers: list[Worker] = []
        self.commands: list[subprocess.Popen[str]] = []
        self.environment = {
            "PYTHONPATH": f"{REPOSITORY}",
            "RECSYS_HOME": str(folder),
            "RECSYS_APP_ID": name,
            "RECSYS_TOPIC_PREFIX": f"{name}.",
            "RECSYS_TOPIC_PARTITIONS": "4",
            "RECSYS_ARCHIVE_ROOT": self.root,
            "RECSYS_ARCHIVE_FLUSH_SECONDS": "0.5",
            "RECSYS_MODELS_ROOT": f"/{name}/models",
            "RECSYS_REDIS_PREFIX": f"{name}:",
            "RECSYS_KAFKA_URL": stack.kafka_url,
            "RECSYS_HDFS_URL": hdfs_url or stack.hdfs_url,
            "RECSYS_REDIS_URL": stack.redis_url,
            "RECSYS_MONGODB_URI": stack.mongodb_uri.rpartition("/")[0] + f"/{name}",
            "RECSYS_ROLES": "web,agents",
        }

    def worker(self) -> Worker:
        """One more worker, not started yet."""
        name = f"worker-{len(self.workers) + 1}"
        worker = Worker(name, self.environment, self.folder / f"{name}.log")
        self.workers.append(worker)
        return worker

    async def start(self, count: int) -> list[Worker]:
        """So many new workers, all of which accept ratings."""
        workers = [self.worker() for _ in range(count)]
        for worker in workers:
            worker.launch()
        for worker in workers:
            await worker.ready()
        return workers

    async def recsys(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs the command line with this installation's settings."""
        return await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "recsys_app", *arguments],
            cwd=REPOSITORY,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            timeout=1200,
            check=False,
        )

    async def succeeds(self, *arguments: str) -> None:
        """Runs the command line, which must succeed."""
        done = await self.recsys(*arguments)
        assert done.returncode == 0, done.stderr

    def launch_recsys(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        """The same, without waiting for its end; `more` are settings as for `Worker.launch`."""
        command = subprocess.Popen(
            [sys.executable, "-m", "recsys_app", *arguments],
            cwd=REPOSITORY,
            env={**os.environ, **self.environment, **_settings(more)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.commands.append(command)
        return command

    def close(self) -> None:
        """Ends every worker and command, as hard as it takes."""
        for command in self.commands:
            command.kill()
            command.communicate()
        running = [worker for worker in self.workers if worker.runs]
        for worker in running:
            worker.process.send_signal(signal.SIGCONT)
            worker.process.terminate()
        for worker in running:
            try:
                worker.process.wait(5)
            except subprocess.TimeoutExpired:
                worker.kill()


def _settings(more: dict[str, str]) -> dict[str, str]:
    return {f"RECSYS_{name.upper()}": value for name, value in more.items()}


async def until(condition: Callable[[], Awaitable[bool]], seconds: float, otherwise: str) -> None:
    """Returns once the condition holds; it is an error if it does not within so many seconds."""
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline, f"{otherwise} within {seconds:g} s"
        await asyncio.sleep(0.2)
