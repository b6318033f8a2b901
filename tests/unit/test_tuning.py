"""The search for settings, and what becomes of its winner."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from jobs.evaluation import Interval
from jobs.judging_spec import StepProgress, unseen
from jobs.search import candidates, survivors
from jobs.spec import Given, TrainingSpec
from jobs.tuning_spec import GRID, Trial, TuningReport, TuningSpec
from recsys_app.commands.tune import grid_of
from recsys_app.errors import ConfigurationError, RecsysError
from recsys_app.reports.tuning_tables import outcome
from recsys_app.services.judging_service import JudgingService
from recsys_app.services.tuning_service import TuningService

Spec = TypeVar("Spec")
Result = TypeVar("Result")

TRAINING = TrainingSpec("v", (), "", "", "", (), "", "")


class TestSearch:
    def test_a_small_grid_is_tried_whole(self) -> None:
        found = candidates({"rank": (8, 16), "alpha": (1, 2)}, 9, 1)
        assert len(found) == 4
        assert {"rank": 16, "alpha": 1} in found

    def test_of_a_large_grid_some_are_drawn_always_the_same(self) -> None:
        first, again, other = (candidates(GRID, 10, seed) for seed in (1, 1, 2))
        assert len({tuple(each.items()) for each in first}) == 10
        assert first == again != other

    def test_the_best_third_survives(self) -> None:
        assert survivors([0.1, 0.9, 0.3, 0.2, 0.8, 0.4]) == [1, 4]
        assert survivors([0.1]) == [0]


def report_with(lead: Interval | None, winner: Given | None = None) -> TuningReport:
    settings = {"alpha": 4.0} if winner is None else winner
    trial = Trial(settings, 1, 10, 0.2, 1.0, goes_on=False)
    scores: dict[str, Interval | None] = {"all": Interval(0.1, 0.1, 0.1), "liked": None}
    return TuningReport(
        "set", "now", 99, 10, {"alpha": 2.0}, [trial], settings, scores, scores, lead, [], 1.0
    )


BETTER = report_with(Interval(0.02, 0.001, 0.04))
NOISE = report_with(Interval(0.02, -0.001, 0.04))


class MemoryStore:
    def __init__(self) -> None:
        self.record: Mapping[str, Any] | None = None

    async def get(self) -> Mapping[str, Any] | None:
        return self.record

    async def put(self, record: Mapping[str, Any]) -> None:
        self.record = record

    async def delete(self) -> None:
        self.record = None


class Leases:
    free = True

    async def acquire(self, name: str, holder: str, seconds: float) -> bool:
        return self.free

    async def release(self, name: str, holder: str) -> None:
        pass


class InThisProcess:
    async def run(self, function: Callable[[Spec], Result], spec: Spec) -> Result:
        return function(spec)


def service(
    folder: Path, report: TuningReport, fixed: Given | None = None, leases: Leases | None = None
) -> tuple[TuningService, list[TuningSpec]]:
    seen: list[TuningSpec] = []

    async def archive_spec() -> TrainingSpec:
        return TRAINING

    def job(spec: TuningSpec, progress: StepProgress) -> TuningReport:
        progress("searching", 0, 1)
        seen.append(spec)
        return report

    judging = JudgingService(
        pool=InThisProcess(),
        leases=leases or Leases(),
        holder="test",
        scratch=folder,
        archive_spec=archive_spec,
        local_spec=lambda: TRAINING,
    )
    tuning = TuningService(store=MemoryStore(), judging=judging, job=job, fixed=lambda: fixed or {})
    return tuning, seen


class TestWinner:
    async def test_beyond_noise_trainings_take_it(self, tmp_path: Path) -> None:
        tuning, _ = service(tmp_path, BETTER, fixed={"rank": 8})
        assert await tuning.settings() == {"rank": 8}
        told: list[tuple[str, int, int]] = []
        found = await tuning.search_archive(TuningSpec, lambda *what: told.append(what))
        assert found == (BETTER, True)
        assert told == [("searching", 0, 1)]
        assert await tuning.settings() == {"alpha": 4, "rank": 8}
        tuned = await tuning.tuned()
        assert tuned is not None
        assert (tuned.ratings, tuned.lead) == (99, (0.02, 0.001, 0.04))
        assert await tuning.reset()
        assert await tuning.settings() == {"rank": 8}
        assert not await tuning.reset()

    @pytest.mark.parametrize("report", [NOISE, report_with(None, {})])
    async def test_within_noise_nothing_changes(self, tmp_path: Path, report: TuningReport) -> None:
        tuning, _ = service(tmp_path, report)
        assert await tuning.search_archive(TuningSpec, unseen) == (report, False)
        assert await tuning.settings() == {}

    async def test_a_dry_run_and_another_set_change_nothing(self, tmp_path: Path) -> None:
        tuning, _ = service(tmp_path, BETTER)
        assert await tuning.search_archive(TuningSpec, unseen, apply=False) == (BETTER, False)
        assert await tuning.search_dataset(TuningSpec, unseen) == BETTER
        assert await tuning.settings() == {}

    async def test_a_second_winner_adds_to_the_first(self, tmp_path: Path) -> None:
        tuning, _ = service(tmp_path, BETTER)
        await tuning._store.put(
            {"settings": {"rank": 16.0, "alpha": 1.0}, "tunedAt": None, "ratings": 1, "lead": [0]}
        )
        await tuning.search_archive(TuningSpec, unseen)
        assert await tuning.settings() == {"rank": 16, "alpha": 4}

    async def test_what_the_operator_has_given_is_not_tried(self, tmp_path: Path) -> None:
        tuning, seen = service(tmp_path, NOISE, fixed={"rank": 8})
        await tuning.search_archive(TuningSpec, unseen)
        assert seen[0].grid == {name: values for name, values in GRID.items() if name != "rank"}
        with pytest.raises(ConfigurationError, match="RECSYS_TRAIN_PARAMETERS"):
            await tuning.search_archive(
                lambda training: replace(TuningSpec(training), grid={"rank": (8,)}), unseen
            )

    async def test_while_a_training_runs_no_search_does(self, tmp_path: Path) -> None:
        leases = Leases()
        leases.free = False
        tuning, seen = service(tmp_path, BETTER, leases=leases)
        with pytest.raises(RecsysError, match="A training or an erasure runs"):
            await tuning.search_archive(TuningSpec, unseen)
        assert not seen
        assert await tuning.search_dataset(TuningSpec, unseen) == BETTER

    async def test_a_setting_of_another_version_is_told(self, tmp_path: Path) -> None:
        tuning, _ = service(tmp_path, BETTER)
        await tuning._store.put({"settings": {"depth": 3}})
        with pytest.raises(ConfigurationError, match="recsys tune --reset"):
            await tuning.settings()


def test_values_to_try_are_parsed() -> None:
    assert grid_of(("rank=8,16", "alpha=0.5")) == {"rank": (8, 16), "alpha": (0.5,)}
    assert grid_of(()) is None
    with pytest.raises(ConfigurationError, match="rank=64,128"):
        grid_of(("rank",))


def test_the_outcome_in_words() -> None:
    assert "is better beyond noise: +0.020 (+0.001 to +0.040)" in outcome(BETTER)
    assert "is not better beyond noise" in outcome(NOISE)
    assert "were the best" in outcome(report_with(None, {}))
