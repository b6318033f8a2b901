"""One training at a time in the whole cluster, and what becomes of its model."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Protocol

from jobs.spec import TrainingResult, TrainingSpec
from recsys_app.errors import RecsysError
from recsys_app.services.archive_snapshots import ReadingPlan
from recsys_app.services.lease import TRAINING, held_lease
from recsys_app.services.model_registry import SERVABLE
from recsys_app.services.model_version import next_number, version_name, version_number
from recsys_app.services.quality_gate import objection
from recsys_app.stores.mongo import MongoLeaseStore, MongoModelStore

log = logging.getLogger(__name__)


class JobRunner(Protocol):
    async def run(
        self, function: Callable[[TrainingSpec], TrainingResult], spec: TrainingSpec
    ) -> TrainingResult: ...


class ArchiveReading(Protocol):
    async def plan(self) -> ReadingPlan: ...
    async def tidy(self) -> None: ...


class TrainingService:
    """Runs the training job, registers each run, and activates its model.

    A lease in MongoDB keeps a second training from running anywhere.
    """

    def __init__(
        self,
        *,
        models: MongoModelStore,
        leases: MongoLeaseStore,
        archive: ArchiveReading,
        pool: JobRunner,
        job: Callable[[TrainingSpec], TrainingResult],
        new_spec: Callable[[str, ReadingPlan], Awaitable[TrainingSpec]],
        holder: str,
        keep_versions: int = 3,
        margin: float = 0.1,
        on_rejected: Callable[[], None] = lambda: None,
    ) -> None:
        """`margin` is how much worse than the active model, as a share, a new one may be."""
        self._models = models
        self._leases = leases
        self._archive = archive
        self._pool = pool
        self._job = job
        self._new_spec = new_spec
        self._holder = holder
        self._keep = keep_versions
        self._margin = margin
        self._on_rejected = on_rejected

    async def train(self) -> str | None:
        """Trains on every archived rating and serves the model, unless it is worse than the active
        one or an experiment runs; returns its version.

        Returns None if a training runs elsewhere.

        Raises:
            RecsysError: the training failed; the version that was active stays so.
        """
        async with held_lease(self._leases, TRAINING, self._holder) as ours:
            if not ours:
                log.info("a training runs already; this request is dropped")
                return None
            return await self._train()

    async def last_run(self) -> dict[str, str | None]:
        """Version and status of the newest run that has ended, and the cause if it failed, so that
        a training that runs (`running`) does not hide a failure."""
        runs = await self._models.runs(2)
        running = [run["_id"] for run in runs if run["status"] == "running"]
        ended = next((run for run in runs if run["status"] != "running"), {})
        return {
            "version": ended.get("_id"),
            "status": ended.get("status"),
            "cause": ended.get("cause"),
            "running": running[0] if running else None,
        }

    async def _train(self) -> str:
        active, experiment = await self._models.state()
        in_use = [version_number(each) for each in _served(active, experiment)]
        number = next_number(await self._models.newest_number(), in_use)
        version = version_name(number)
        spec = await self._new_spec(version, await self._archive.plan())
        await self._models.register(version, number, dict(spec.parameters))
        log.info("training %s on snapshot %s and %d files", version, spec.snapshot, len(spec.files))
        try:
            result = await self._pool.run(self._job, spec)
        except BaseException as error:
            failed = {"status": "failed", "cause": str(error) or type(error).__name__}
            with suppress(RecsysError):
                await self._models.update(version, failed)
            raise
        log.info(
            "model %s is trained: %d users, %d movies, %d ratings, %.1f s, %s",
            version,
            result.users,
            result.movies,
            result.ratings,
            sum(result.steps.values()),
            result.metrics,
        )
        await self._judge(version, number, result)
        await self._retire_old()
        try:
            await self._archive.tidy()
        except RecsysError as error:
            log.warning("old snapshots and files stay until the next training: %s", error)
        return version

    async def _judge(self, version: str, number: int, result: TrainingResult) -> None:
        """Has the model served, or says why it is not."""
        active = await self._models.active()
        cause = objection(
            result.metrics, active["metrics"] if active else None, margin=self._margin
        )
        if cause is not None:
            log.error("model %s is not served: %s", version, cause)
            await self._models.update(version, {"status": "rejected", "cause": cause})
            self._on_rejected()
            return
        if (await self._models.state())[1] is not None:
            log.warning("model %s is ready, and not served while an experiment runs", version)
            return
        await self._models.activate(version, number)
        log.info("model %s is active", version)

    async def _retire_old(self) -> None:
        """Deletes the lists of all but the newest versions and those that are served."""
        active, experiment = await self._models.state()
        served = _served(active, experiment)
        kept = [run for run in await self._models.runs() if run["status"] in SERVABLE]
        for run in kept[self._keep :]:
            if run["_id"] not in served:
                await self._models.delete_lists(run["_id"])


def _served(active: str | None, experiment: Mapping[str, Any] | None) -> set[str]:
    """The versions that somebody gets."""
    versions = {active} if active else set()
    return versions | {experiment["control"], experiment["challenger"]} if experiment else versions
