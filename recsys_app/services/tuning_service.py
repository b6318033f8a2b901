"""Which settings trainings take: those that a search found, if they are better beyond noise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

from jobs.judging_spec import StepProgress
from jobs.spec import Given, TrainingSpec, checked_parameters
from jobs.tuning_spec import GRID, Grid, TuningReport, TuningSpec
from recsys_app.errors import ConfigurationError
from recsys_app.services.judging_service import JudgingService

Job = Callable[[TuningSpec, StepProgress], TuningReport]


class TuningStore(Protocol):
    async def get(self) -> Mapping[str, Any] | None: ...
    async def put(self, record: Mapping[str, Any]) -> None: ...
    async def delete(self) -> None: ...


class Tuned(NamedTuple):
    """Settings that a search found and trainings take."""

    settings: Given
    tuned_at: datetime
    ratings: int
    """That the search saw."""
    lead: tuple[float, float, float]
    """In NDCG, over the settings before: mean, low, high."""


class TuningService:
    """Searches for settings, and keeps those that win."""

    def __init__(
        self, *, store: TuningStore, judging: JudgingService, job: Job, fixed: Callable[[], Given]
    ) -> None:
        """`fixed` are the settings that the operator has given, which nothing overrides."""
        self._store = store
        self._judging = judging
        self._job = job
        self._fixed = fixed

    async def settings(self) -> Given:
        """The settings for a training: the found ones, and above them the operator's.

        Raises:
            ConfigurationError: a found setting is none of this version's.
        """
        tuned = await self.tuned()
        return {**(tuned.settings if tuned else {}), **self._fixed()}

    async def tuned(self) -> Tuned | None:
        """What a search found, if it is in use.

        Raises:
            ConfigurationError: a found setting is none of this version's.
        """
        record = await self._store.get()
        if record is None:
            return None
        try:
            settings = checked_parameters(record["settings"])
        except ConfigurationError as error:
            raise ConfigurationError(
                f"{error}: `recsys tune` found it with another version; `recsys tune --reset` "
                "forgets it."
            ) from None
        return Tuned(settings, record["tunedAt"], record["ratings"], tuple(record["lead"]))

    async def reset(self) -> bool:
        """Has trainings take their own settings again; whether they took others."""
        was = await self._store.get()
        await self._store.delete()
        return was is not None

    async def search_archive(
        self,
        spec_of: Callable[[TrainingSpec], TuningSpec],
        tell: StepProgress,
        *,
        apply: bool = True,
    ) -> tuple[TuningReport, bool]:
        """What a search on the archive found, and whether trainings take it from now on."""
        report = await self._judging.on_archive(self._job, self._free(spec_of), tell)
        if not (apply and report.is_better and report.lead):
            return report, False
        before = await self.tuned()
        record = {
            "settings": {**(before.settings if before else {}), **report.winner},
            "tunedAt": datetime.now(UTC),
            "ratings": report.ratings,
            "lead": list(report.lead),
        }
        await self._store.put(record)
        return report, True

    async def search_dataset(
        self, spec_of: Callable[[TrainingSpec], TuningSpec], tell: StepProgress
    ) -> TuningReport:
        """What a search on the spec's data set found; it changes nothing."""
        return await self._judging.on_dataset(self._job, self._free(spec_of), tell)

    def _free(
        self, spec_of: Callable[[TrainingSpec], TuningSpec]
    ) -> Callable[[TrainingSpec], TuningSpec]:
        """The spec without settings in its grid that the operator has fixed."""

        def free(training: TrainingSpec) -> TuningSpec:
            spec = spec_of(training)
            fixed = self._fixed()
            grid: Grid = {n: v for n, v in (spec.grid or GRID).items() if n not in fixed}
            if not grid:
                raise ConfigurationError(
                    "RECSYS_TRAIN_PARAMETERS gives every setting that is to be tried; take it "
                    "out, or name others with --try."
                )
            return replace(spec, grid=grid)

        return free
