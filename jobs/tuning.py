"""The search for better settings, as Spark jobs of one session."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

from pyspark.sql import SparkSession

from jobs.evaluation import Interval, mean_interval, temporal_split
from jobs.fitting import FitRatings, StarsModel, fit_stars
from jobs.judged_models import ServiceModel
from jobs.judged_ratings import DatasetRatings, Split
from jobs.judging import Steps, opened
from jobs.judging_spec import StepProgress, unseen
from jobs.new_films import Traits
from jobs.report import COLUMNS
from jobs.scoring import Judge, Scores, interval_of
from jobs.search import STAGES, candidates, survivors
from jobs.spark_errors import spark_errors
from jobs.spec import Given, ModelParameters, checked_parameters
from jobs.tuning_spec import GRID, Grid, Trial, TuningReport, TuningSpec

AS_IT_IS: Given = {}


def tune(spec: TuningSpec, progress: StepProgress = unseen) -> TuningReport:
    """The best settings by validation ratings, and whether they are better on test ratings.

    Raises:
        BadDataError: there are no ratings, or nothing can be held out.
        ConfigurationError: the grid names a setting that the model has not.
        RecsysError: anything else that ended it; the message says what.
    """
    tried = candidates(_checked(spec.grid or GRID), spec.trials, spec.seed)
    steps = Steps(progress, of=_steps(len(tried)))
    with spark_errors("The search", lambda: steps.now):
        return _tune(spec, tried, steps)


def _tune(spec: TuningSpec, tried: list[Given], steps: Steps) -> TuningReport:
    began = time.monotonic()
    with opened(spec.training, spec.dataset, steps) as (spark, data):
        current = ModelParameters.for_ratings(len(data.ratings), spec.training.parameters)
        tried = [settings for settings in tried if _with(current, settings) != current]
        test = _split(data, spec, spec.most_test_users)
        rest = data._replace(ratings=test.known)
        ground = _Ground.of(spark, _split(rest, spec, spec.most_users), data, spec.length)
        trials, winner = _search(ground, current, tried, steps)
        ground = _Ground.of(spark, test, data, spec.length)
        steps.begin("testing the settings as they are")
        before = ground.scores(current)
        after, lead = before, None
        if winner:
            steps.begin(f"testing {_words(winner)}")
            after = ground.scores(_with(current, winner))
            lead = mean_interval(ground.judge.quality(after) - ground.judge.quality(before))
    steps.end()
    return TuningReport(
        source=data.name,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        ratings=len(data.ratings),
        length=spec.length,
        current=asdict(current),
        trials=trials,
        winner=winner,
        current_scores=_by_column(before, spec.length),
        winner_scores=_by_column(after, spec.length),
        lead=lead,
        notes=data.notes,
        seconds=round(time.monotonic() - began, 1),
    )


@dataclass(frozen=True)
class _Ground:
    """Ratings to fit on, and those held out of them to judge by."""

    ratings: FitRatings
    films: Sequence[Traits]
    stars: StarsModel
    """Of one factor: lists do without the stars, but for the films' counts and the mean."""
    judge: Judge

    @classmethod
    def of(cls, spark: SparkSession, split: Split, data: DatasetRatings, length: int) -> _Ground:
        ratings = FitRatings.of(spark.createDataFrame(split.known.table()))
        stars = fit_stars(ratings, _without_stars(ModelParameters()))
        return cls(ratings, data.films, stars, Judge(split, (length,), data.catalogue))

    def scores(self, parameters: ModelParameters) -> Scores:
        """How good the lists of a model with these settings are."""
        model = ServiceModel.fit(self.ratings, self.films, _without_stars(parameters), self.stars)
        return self.judge.score(list(model.lists(self.judge.split.users, self.judge.lengths[0])))


def _search(
    ground: _Ground, current: ModelParameters, alive: list[Given], steps: Steps
) -> tuple[list[Trial], Given]:
    """Every trial, and the settings that are best at the last stage."""
    trials: list[Trial] = []
    winner = AS_IT_IS
    for stage, share in enumerate(STAGES, 1):
        of_stage = []
        for settings in [AS_IT_IS, *alive]:
            steps.begin(f"stage {stage} of {len(STAGES)}: {_words(settings)}")
            began = time.monotonic()
            parameters = _with(current, settings)
            iterations = max(1, math.ceil(share * parameters.iterations))
            scores = ground.scores(replace(parameters, iterations=iterations))
            quality = float(ground.judge.quality(scores).mean())
            seconds = round(time.monotonic() - began, 1)
            of_stage.append(Trial(settings, stage, iterations, quality, seconds, goes_on=False))
        winner = max(of_stage, key=lambda trial: trial.quality).settings
        going_on = [] if stage == len(STAGES) else survivors([t.quality for t in of_stage[1:]])
        alive = [alive[place] for place in going_on]
        staying = [AS_IT_IS, *alive] if alive else []
        trials += [replace(trial, goes_on=trial.settings in staying) for trial in of_stage]
    return trials, winner


def _split(data: DatasetRatings, spec: TuningSpec, most_users: int) -> Split:
    mask = temporal_split(data.ratings.users, data.ratings.timestamps, spec.held_out_share)
    return Split.of(data.ratings, mask, most_users=most_users, seed=spec.seed)


def _with(parameters: ModelParameters, settings: Given) -> ModelParameters:
    return replace(parameters, **settings)  # type: ignore[arg-type]  # of the types of the fields


def _without_stars(parameters: ModelParameters) -> ModelParameters:
    return replace(parameters, stars_rank=1, stars_iterations=1)


def _checked(grid: Grid) -> Grid:
    return {
        name: tuple(checked_parameters({name: value})[name] for value in values)
        for name, values in grid.items()
    }


def _by_column(scores: Scores, length: int) -> dict[str, Interval | None]:
    return {column: interval_of(scores[column][f"ndcg@{length}"]) for column in COLUMNS}


def _words(settings: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in settings.items()) or "as it is"


def _steps(alive: int) -> int:
    """How many steps the search will take."""
    steps = 3
    for _ in STAGES:
        steps += alive + 1
        alive = len(survivors([0.0] * alive))
    return steps
