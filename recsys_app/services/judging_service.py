"""Evaluations and searches for settings: on what they run, and one at a time with the trainings."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Protocol, TextIO, TypeVar

from jobs.judging_spec import StepProgress
from jobs.progress_file import ProgressFile, new_progress
from jobs.spec import TrainingSpec
from recsys_app.errors import RecsysError
from recsys_app.services.lease import TRAINING, LeaseStore, held_lease

Spec = TypeVar("Spec")
Result = TypeVar("Result")

_LOOK_EVERY_SECONDS = 0.2


class Pool(Protocol):
    async def run(self, function: Callable[[Spec], Result], spec: Spec) -> Result: ...


class JudgingService:
    """Runs what judges models, in a process of its own."""

    def __init__(
        self,
        *,
        pool: Pool,
        leases: LeaseStore,
        holder: str,
        scratch: Path,
        archive_spec: Callable[[], Awaitable[TrainingSpec]],
        local_spec: Callable[[], TrainingSpec],
    ) -> None:
        """`archive_spec` is that of a training now; `local_spec` needs no server."""
        self._pool = pool
        self._leases = leases
        self._holder = holder
        self._scratch = scratch
        self._archive_spec = archive_spec
        self._local_spec = local_spec

    async def on_archive(
        self,
        job: Callable[[Spec, StepProgress], Result],
        spec_of: Callable[[TrainingSpec], Spec],
        tell: StepProgress,
    ) -> Result:
        """What the job makes of the archived ratings.

        Raises:
            RecsysError: a training or an erasure runs, or the job failed.
        """
        async with held_lease(self._leases, TRAINING, self._holder) as ours:
            if not ours:
                raise RecsysError(
                    "A training or an erasure runs; try again when it has ended, or judge a set "
                    "on the disk with --data."
                )
            return await self._run(job, spec_of(await self._archive_spec()), tell)

    async def on_dataset(
        self,
        job: Callable[[Spec, StepProgress], Result],
        spec_of: Callable[[TrainingSpec], Spec],
        tell: StepProgress,
    ) -> Result:
        """What the job makes of a data set that the spec names; no server is asked."""
        return await self._run(job, spec_of(self._local_spec()), tell)

    async def _run(
        self, job: Callable[[Spec, StepProgress], Result], spec: Spec, tell: StepProgress
    ) -> Result:
        self._scratch.mkdir(parents=True, exist_ok=True)
        path = self._scratch / f"progress-{uuid.uuid4().hex}.jsonl"
        path.touch()
        with path.open(encoding="utf-8") as file:
            following = asyncio.create_task(_follow(file, tell))
            try:
                job_with_progress = partial(_with_progress, job, ProgressFile(str(path)))
                return await self._pool.run(job_with_progress, spec)
            finally:
                following.cancel()
                _tell_new(file, tell)
                path.unlink()


async def _follow(file: TextIO, tell: StepProgress) -> None:
    while True:
        _tell_new(file, tell)
        await asyncio.sleep(_LOOK_EVERY_SECONDS)


def _tell_new(file: TextIO, tell: StepProgress) -> None:
    for what, done, of in new_progress(file):
        tell(what, done, of)


def _with_progress(
    job: Callable[[Spec, StepProgress], Result], progress: StepProgress, spec: Spec
) -> Result:
    return job(spec, progress)
