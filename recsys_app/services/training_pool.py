"""A process pool for trainings: its process and JVM end with the job, and with the service."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any, TypeVar

from recsys_app.errors import RecsysError

Spec = TypeVar("Spec")
Result = TypeVar("Result")

_PR_SET_PDEATHSIG = 1
_WATCH_SECONDS = 0.5
_NICENESS = 10
"""Added to the service's own, where the system has nothing that gives way further."""


class TrainingPool:
    """Runs one job at a time in a spawned process of its own.

    A process serves for one job: a training takes gigabytes, which go back to the system with it.
    """

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._processes: list[SpawnProcess] = []
        self._closed = False

    async def run(self, function: Callable[[Spec], Result], spec: Spec) -> Result:
        """What `function(spec)` returns; both must be picklable.

        A cancelled run's process is killed.

        Raises:
            RecsysError: the process was killed, or the pool is closed; besides, whatever the
                function raised.
        """
        async with self._turn:
            if self._closed:
                raise RecsysError("The service is stopping; no training can start.")
            context = _RecordingContext()
            self._processes = context.processes
            pool = ProcessPoolExecutor(
                1, mp_context=context, initializer=_prepare_process, initargs=(os.getpid(),)
            )
            try:
                result = await asyncio.get_running_loop().run_in_executor(pool, function, spec)
            except BaseException as error:
                self._kill()
                await asyncio.to_thread(pool.shutdown)  # the exit code is known after it
                if isinstance(error, BrokenProcessPool):
                    cause = self._cause_of_death()
                    raise RecsysError(f"The training was ended: {cause}.") from None
                raise
            else:
                await asyncio.to_thread(pool.shutdown)
                return result
            finally:
                self._processes = []

    async def close(self) -> None:
        """Kills the running job and its JVM; the run raises, and later ones are refused."""
        self._closed = True
        self._kill()
        async with self._turn:
            pass

    def _kill(self) -> None:
        """Ends the process, if it still runs, and whatever it left behind."""
        for process in self._processes:
            if process.pid is not None:
                process.kill()
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)

    def _cause_of_death(self) -> str:
        if self._closed:
            return "the service is stopping"
        for process in self._processes:
            code = process.exitcode
            if code == -signal.SIGKILL:
                return "its process was killed, perhaps because the machine ran out of memory"
            if code is not None and code < 0:
                return f"its process was ended by {signal.Signals(-code).name}"
            if code is not None:
                return f"its process ended with code {code}"
        return "its process is gone"


class _RecordingContext(SpawnContext):
    """The spawn context that remembers which processes it made."""

    def __init__(self) -> None:
        super().__init__()
        self.processes: list[SpawnProcess] = []

    def Process(self, *args: Any, **kwargs: Any) -> SpawnProcess:  # type: ignore[override]
        process = SpawnProcess(*args, **kwargs)
        self.processes.append(process)
        return process


def _prepare_process(parent: int) -> None:
    """Makes this process and its JVM one group, which gives way to others and ends when the parent
    does."""
    os.setpgid(0, 0)
    _give_way()
    if sys.platform == "linux":
        # The JVM needs none of this: it ends when its standard input, held by us, does.
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _give_way() -> None:
    """Takes what the others leave of the cores: somebody may wait for them."""
    os.nice(_NICENESS)
    if sys.platform == "linux":
        with suppress(OSError):  # a sandbox may not have it
            # Unlike a nice process, this one gives up its core as soon as another one wakes up.
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_WATCH_SECONDS)
    os.killpg(0, signal.SIGKILL)
