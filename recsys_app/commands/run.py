"""`recsys run`: everything on one machine, in the foreground. `make run` calls it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager, suppress
from pathlib import Path

import click
import requests

from recsys_app.application import Components
from recsys_app.commands.following import follow_archive, follow_training
from recsys_app.commands.load import load_dataset
from recsys_app.commands.stack import embedded_stack
from recsys_app.datasets.demo import demo_dataset
from recsys_app.datasets.movielens import open_dataset
from recsys_app.errors import ConfigurationError, RecsysError
from recsys_app.services.model_version import NO_MODEL
from recsys_app.settings import Settings, load_settings
from recsys_app.stack import exec_child
from recsys_app.stack.ports import is_free
from recsys_app.stack.progress import Reporter, console_reporter

_STOP_SECONDS = 15.0
_READY_SECONDS = 180.0
_RESTART_SECONDS = 2.0


class _Stopped(BaseException):
    """Somebody asked the command to stop."""


@click.command()
@click.option(
    "--movielens",
    type=click.Path(path_type=Path),
    help="Load this MovieLens folder or zip instead of the demo set.",
)
def run(movielens: Path | None) -> None:
    """Start the servers and the service, load data, train, and stay until Ctrl-C."""
    settings, reporter = load_settings(), console_reporter()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    try:
        _run(settings, reporter, movielens)
    except _Stopped:
        reporter.say("Stopped.")


def _stop(number: int, frame: object) -> None:
    signal.signal(number, signal.SIG_IGN)  # stopping is not interrupted by a second Ctrl-C
    raise _Stopped


def _run(settings: Settings, reporter: Reporter, movielens: Path | None) -> None:
    dataset = open_dataset(movielens) if movielens else demo_dataset()
    if not is_free(settings.port):
        raise ConfigurationError(
            f"Port {settings.port} is taken: end the program that listens there, or choose "
            "another port with PORT=…"
        )
    stack = embedded_stack(settings, die_with_parent=True)
    with stack:

        async def load(parts: Components) -> None:
            if movielens or await parts.loading.is_empty():
                await load_dataset(parts, dataset, reporter)

        _with_components(settings, load)
        with Worker(settings) as worker:
            reporter.say(f"Starting the worker; its log is {worker.log_path}")
            worker.wait_ready()
            _with_components(settings, lambda parts: _first_training(parts, worker, reporter))
            reporter.say(_welcome(settings))
            worker.stay(reporter)


def _with_components(settings: Settings, work: Callable[[Components], Awaitable[None]]) -> None:
    async def main() -> None:
        parts = Components(settings)
        try:
            await work(parts)
        finally:
            await parts.close()

    asyncio.run(main())


async def _first_training(parts: Components, worker: Worker, reporter: Reporter) -> None:
    """Has the worker train if no model is served yet, and waits for it."""
    if await parts.models.active_version():
        await worker.wait_for_model()
        return
    await follow_archive(parts, reporter)
    await parts.messages.start()
    await parts.messages.send(parts.names.training_requests, b"run", b"{}")
    async with aclosing(follow_training(parts, reporter, "Training the first model")) as runs:
        async for run in runs:
            if run.get("status") == "failed":
                raise RecsysError(f"The first training failed: {run['cause']}")
            if run.get("status") == "ready" and await parts.models.active_version():
                break
    await worker.wait_for_model()


def _welcome(settings: Settings) -> str:
    base = f"http://127.0.0.1:{settings.port}"
    return (
        f"\nRecsys is ready: {base}\n"
        f"  recommendations   curl {base}/recommendations/1\n"
        f"  send a rating     curl -X POST {base}/send_rating -H 'Content-Type: application/json' "
        """-d '{"userId": 1, "movieId": 1, "rating": 5}'\n"""
        f"  state             curl {base}/readyz\n"
        "Ctrl-C stops everything."
    )


class Worker:
    """The Faust worker as a child process that ends with this one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.log_path = settings.home / "logs" / "worker.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Worker:
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        process = self._process
        if process is not None and process.poll() is None:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def wait_ready(self) -> None:
        """Returns once the worker can do its work.

        Raises:
            RecsysError: it ended, or is not ready within three minutes.
        """
        assert self._process
        deadline = time.monotonic() + _READY_SECONDS
        reason: object = "it does not answer"
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise RecsysError(f"The worker ended at once; {self.log_path} says why.")
            with suppress(requests.RequestException):
                answer = requests.get(f"http://127.0.0.1:{self._settings.port}/readyz", timeout=5)
                if answer.ok:
                    return
                reason = answer.json().get("dependencies")
            time.sleep(0.2)
        raise RecsysError(f"The worker is not ready: {reason}; {self.log_path} says more.")

    async def wait_for_model(self) -> None:
        """Returns once the worker serves a model; it looks for one every second."""
        url = f"http://127.0.0.1:{self._settings.port}/readyz"
        while True:
            with suppress(requests.RequestException):  # it may be slow beside a training
                answer = await asyncio.to_thread(requests.get, url, timeout=10)
                if answer.json().get("model") != NO_MODEL:
                    return
            await asyncio.sleep(0.2)

    def stay(self, reporter: Reporter) -> None:
        """Starts the worker again whenever it ends, until this process is told to stop."""
        while True:
            assert self._process
            code = self._process.wait()
            reporter.say(f"The worker ended with code {code} ({self.log_path}); it starts again.")
            time.sleep(_RESTART_SECONDS)
            self._start()

    def _start(self) -> None:
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        with _appending(self.log_path) as log:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-ISB", exec_child.__file__, str(os.getpid())),
                    *(sys.executable, "-m", "recsys_app", "worker", "--loglevel", "info"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,
            )


@contextmanager
def _appending(path: Path) -> Iterator[int]:
    with path.open("ab") as file:
        yield file.fileno()
