"""The training's process and its JVM: gone with the job, with the pool and with the service."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from recsys_app.errors import RecsysError
from recsys_app.services.training_pool import TrainingPool

START_A_JVM_AND_WAIT = """
from pyspark.java_gateway import launch_gateway
gateway = launch_gateway()
open({ready!r}, "w").close()
import time
time.sleep(600)
"""

SERVICE = """
import asyncio, sys
from recsys_app.services.training_pool import TrainingPool
if __name__ == "__main__":
    asyncio.run(TrainingPool().run(exec, sys.argv[1]))
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds processes through /proc")


@pytest.fixture
def mark(monkeypatch: pytest.MonkeyPatch) -> str:
    """A variable in the environment of every process that the test starts."""
    name = f"RECSYS_TEST_{uuid.uuid4().hex}"
    monkeypatch.setenv(name, "1")
    return name


def marked_processes(mark: str, program: str) -> list[int]:
    """The running processes with this mark whose command line names the program."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal() or entry.name == str(os.getpid()):
            continue
        try:
            environment = (entry / "environ").read_bytes()
            command = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if mark.encode() in environment and program.encode() in command:
            found.append(int(entry.name))
    return found


async def until(is_so: Callable[[], bool], seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while not is_so():  # noqa: ASYNC110  # what is waited for happens in other processes
            await asyncio.sleep(0.05)


async def until_none_is_left(mark: str) -> None:
    programs = ("spawn_main", "java")
    await until(lambda: not any(marked_processes(mark, name) for name in programs), 60)


async def a_running_job(pool: TrainingPool, ready: Path) -> asyncio.Task[None]:
    """A job that has started its JVM and goes on for ten minutes."""
    job = asyncio.create_task(pool.run(exec, START_A_JVM_AND_WAIT.format(ready=str(ready))))
    await until(lambda: ready.exists() or job.done(), 120)
    assert not job.done()
    return job


async def test_a_job_runs_in_another_process_which_then_ends(mark: str) -> None:
    pool = TrainingPool()

    first = await pool.run(eval, "__import__('os').getpid()")
    second = await pool.run(eval, "__import__('os').getpid()")

    assert len({first, second, os.getpid()}) == 3
    assert not marked_processes(mark, "spawn_main")


async def test_a_job_gives_way_to_who_waits_for_an_answer() -> None:
    found = await TrainingPool().run(eval, "__import__('os').nice(0)")
    assert found == min(os.nice(0) + 10, 19)


async def test_a_job_takes_what_others_leave_of_the_cores() -> None:
    found = await TrainingPool().run(eval, "__import__('os').sched_getscheduler(0)")
    assert found == os.SCHED_IDLE


async def test_what_the_job_raises_arrives() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        await TrainingPool().run(int, "no number")


async def test_jobs_wait_for_each_other() -> None:
    pool = TrainingPool()
    times = "(__import__('time').monotonic(), __import__('time').sleep(0.2))[0]"

    one, other = await asyncio.gather(pool.run(eval, times), pool.run(eval, times))

    assert abs(one - other) >= 0.2


async def test_a_killed_process_is_named_and_replaced(mark: str, tmp_path: Path) -> None:
    pool = TrainingPool()
    job = await a_running_job(pool, tmp_path / "ready")
    (process,) = marked_processes(mark, "spawn_main")
    assert marked_processes(mark, "java")

    os.kill(process, signal.SIGKILL)

    with pytest.raises(RecsysError, match="killed, perhaps because the machine ran out of memory"):
        await job
    await until_none_is_left(mark)
    assert await pool.run(abs, -1) == 1


async def test_a_process_that_ends_by_itself_is_named() -> None:
    with pytest.raises(RecsysError, match="ended with code 3"):
        await TrainingPool().run(os._exit, 3)


async def test_closing_kills_the_job_and_its_jvm(mark: str, tmp_path: Path) -> None:
    pool = TrainingPool()
    job = await a_running_job(pool, tmp_path / "ready")

    await pool.close()

    with pytest.raises(RecsysError, match="the service is stopping"):
        await job
    await until_none_is_left(mark)
    with pytest.raises(RecsysError, match="stopping"):
        await pool.run(abs, -1)


async def test_cancelling_kills_the_job_and_its_jvm(mark: str, tmp_path: Path) -> None:
    pool = TrainingPool()
    job = await a_running_job(pool, tmp_path / "ready")

    job.cancel()

    with pytest.raises(asyncio.CancelledError):
        await job
    await until_none_is_left(mark)
    assert await pool.run(abs, -1) == 1


async def test_the_job_and_its_jvm_die_with_a_killed_service(mark: str, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    script = tmp_path / "service.py"
    script.write_text(SERVICE)
    service = await asyncio.create_subprocess_exec(
        sys.executable,
        str(script),
        START_A_JVM_AND_WAIT.format(ready=str(ready)),
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    await until(ready.exists, 120)
    assert marked_processes(mark, "spawn_main")
    assert marked_processes(mark, "java")

    service.kill()

    await service.wait()
    await until_none_is_left(mark)
