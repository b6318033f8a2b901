"""The evaluation: models fitted on a part of the ratings, judged by what was held out."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime

import numpy as np
from pyspark.sql import SparkSession

from jobs.contenders import BASELINES, Baseline, Contender, Popularity, too_large
from jobs.evaluation import random_split, temporal_split
from jobs.fitting import FitRatings
from jobs.item_factors import Ints
from jobs.judged_models import ExplicitALS, ServiceModel
from jobs.judged_ratings import DatasetRatings, RatingArrays, Split, read_dataset
from jobs.judging_spec import JudgingSpec, StepProgress, unseen
from jobs.new_films import Traits
from jobs.ratings_reader import read_ratings
from jobs.registry import mongodb_client, read_catalogue, read_traits
from jobs.report import EvaluationReport, ListScores, SplitReport, StarsScores
from jobs.scoring import Judge, Scores
from jobs.spark_errors import spark_errors
from jobs.spark_session import set_partitions, spark_session
from jobs.spec import ModelParameters, TrainingSpec

ABOUT = {
    "temporal": "the newest {share:.0%} of each user's ratings are held out",
    "random": "{share:.0%} of each user's ratings, drawn by lot, are held out",
}
_BYTES_PER_ROW = 28
"""Of a rating in the archive."""


def judge(spec: JudgingSpec, progress: StepProgress = unseen) -> EvaluationReport:
    """The figures of the service's model and of the baselines, on each split.

    Raises:
        BadDataError: there are no ratings, or nothing can be held out.
        RecsysError: anything else that ended it; the message says what.
    """
    steps = Steps(progress, of=1 + len(spec.splits) * _steps_of_split(spec))
    with spark_errors("The evaluation", lambda: steps.now):
        return _judge(spec, steps)


class Steps:
    """What is being done, for whoever waits."""

    def __init__(self, progress: StepProgress, *, of: int) -> None:
        self._progress = progress
        self._of = of
        self._begun = 0
        self.now = "start"

    def begin(self, what: str) -> None:
        self.now = what
        self._progress(what, self._begun, self._of)
        self._begun = min(self._begun + 1, self._of)

    def end(self) -> None:
        self._progress("done", self._of, self._of)


@dataclass
class _Findings:
    """The rows of a split's report so far."""

    lists: list[ListScores] = field(default_factory=list)
    stars: list[StarsScores] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    ours: Scores | None = None


def _judge(spec: JudgingSpec, steps: Steps) -> EvaluationReport:
    began = time.monotonic()
    with opened(spec.training, spec.dataset, steps) as (spark, data):
        ratings = data.ratings
        splits = [_judge_split(spark, spec, data, name, steps) for name in spec.splits]
    steps.end()
    return EvaluationReport(
        source=data.name,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        users=len(np.unique(ratings.users)),
        movies=len(np.unique(ratings.movies)),
        catalogue=len(data.catalogue),
        ratings=len(ratings),
        lengths=spec.lengths,
        parameters=asdict(_parameters(spec, data)),
        seed=spec.seed,
        splits=splits,
        notes=data.notes,
        seconds=round(time.monotonic() - began, 1),
    )


@contextmanager
def opened(
    training: TrainingSpec, dataset: str | None, steps: Steps
) -> Iterator[tuple[SparkSession, DatasetRatings]]:
    """A Spark session, and the ratings of the data set at the path, or else the archive's."""
    steps.begin("reading the ratings")
    if dataset is not None:
        data = read_dataset(dataset)
        size = len(data.ratings) * _BYTES_PER_ROW
        with spark_session(replace(training, input_bytes=size)) as spark:
            set_partitions(spark, len(data.ratings))
            yield spark, data
        return
    with mongodb_client(training) as mongodb, spark_session(training) as spark:
        catalogue = read_catalogue(mongodb, training.mongodb_database)
        films = read_traits(mongodb, training.mongodb_database)
        read = read_ratings(spark, training)
        columns = ("userId", "movieId", "rating", "timestamp", "sequence")
        ratings = RatingArrays.of(read.frame.select(*columns).toArrow())
        read.frame.unpersist()
        notes = [f"{read.bad_rows} bad rows are left out."] if read.bad_rows else []
        yield spark, DatasetRatings("the archive", ratings, catalogue, films, notes)


def split_of(spec: JudgingSpec, name: str, ratings: RatingArrays) -> tuple[Split, str]:
    """The split of this name, and what it is."""
    if name == "temporal":
        share = spec.temporal_share
        mask = temporal_split(ratings.users, ratings.timestamps, share)
    else:
        share = spec.random_share
        mask = random_split(ratings.users, share, seed=spec.seed)
    split = Split.of(ratings, mask, most_users=spec.most_users, seed=spec.seed)
    return split, ABOUT[name].format(share=share)


def _judge_split(
    spark: SparkSession, spec: JudgingSpec, data: DatasetRatings, name: str, steps: Steps
) -> SplitReport:
    split, about = split_of(spec, name, data.ratings)
    found = _Findings()
    with_held_out = len(np.unique(split.held_out.users))
    if len(split.users) < with_held_out:
        found.notes.append(f"{len(split.users)} of {with_held_out} users, by lot, are judged.")
    judge = Judge(split, spec.lengths, data.catalogue)
    _judge_als(spark, _parameters(spec, data), data.films, judge, found, steps, name)
    steps.begin(f"{name}: popularity")
    _add(judge, found, Popularity.of(split.known, data.catalogue))
    if spec.with_baselines:
        for baseline in BASELINES:
            steps.begin(f"{name}: {baseline.name}")
            _judge_baseline(spec, judge, found, baseline)
    else:
        found.notes.append("Item-kNN and EASE are left out, as asked.")
    return SplitReport(
        split=name,
        about=about,
        known=len(split.known),
        held_out=len(split.held_out),
        unreachable=judge.unreachable,
        users=len(split.users),
        users_with_held_out=with_held_out,
        group_sizes={group: len(rows) for group, rows in judge.groups.items()},
        lists=found.lists,
        stars=found.stars,
        notes=found.notes,
    )


def _judge_als(
    spark: SparkSession,
    parameters: ModelParameters,
    films: Sequence[Traits],
    judge: Judge,
    found: _Findings,
    steps: Steps,
    name: str,
) -> None:
    users = judge.split.users
    ratings = FitRatings.of(spark.createDataFrame(judge.split.known.table()))
    began = time.monotonic()
    steps.begin(f"{name}: fitting the service's model")
    ours = ServiceModel.fit(ratings, films, parameters)
    steps.begin(f"{name}: its lists")
    _add(judge, found, ours, began)
    steps.begin(f"{name}: its stars")
    alone = ours.biases_alone()
    found.stars += [
        judge.stars_scores(ours.name, "explicit ALS on what biases leave", list(ours.stars(users))),
        judge.stars_scores("biases", "the averages alone", list(alone.stars(users))),
    ]
    steps.begin(f"{name}: explicit ALS")
    began = time.monotonic()
    explicit = ExplicitALS.fit(ratings, users, judge.catalogue, parameters)
    ratings.unpersist()
    _add(judge, found, explicit, began)
    found.stars.append(
        judge.stars_scores(explicit.name, explicit.about, list(explicit.stars(users)))
    )


def _judge_baseline(spec: JudgingSpec, judge: Judge, found: _Findings, baseline: Baseline) -> None:
    """Adds the best of the baseline's settings; best on the very ratings that are held out, so
    that the bar is rather too high than too low."""
    known = judge.split.known
    films = baseline.films(known)
    reason = too_large(films, spec.baseline_films)
    if reason:
        found.notes.append(f"{baseline.name} is left out: {reason}.")
        return
    tried = []
    for setting in baseline.tries(films):
        began = time.monotonic()
        model = baseline.fit(known, judge.catalogue, setting)
        lists = _lists(judge, model)
        scores = judge.score(lists)
        quality = float(judge.quality(scores).mean())
        tried.append((quality, model.about, lists, scores, time.monotonic() - began))
        del model  # before the next one needs the memory
    _, about, lists, scores, seconds = max(tried, key=lambda each: each[0])
    if len(tried) > 1:
        settings = ", ".join(f"{setting:g}" for setting in baseline.settings)
        about = f"{about}, the best here of {settings}"
    row = judge.list_scores(baseline.name, about, lists, scores, found.ours, seconds)
    found.lists.append(row)


def _add(judge: Judge, found: _Findings, model: Contender, began: float | None = None) -> None:
    began = began or time.monotonic()
    lists = _lists(judge, model)
    scores = judge.score(lists)
    seconds = time.monotonic() - began
    row = judge.list_scores(model.name, model.about, lists, scores, found.ours, seconds)
    found.lists.append(row)
    if found.ours is None:
        found.ours = scores


def _lists(judge: Judge, model: Contender) -> Sequence[Ints]:
    return list(model.lists(judge.split.users, max(judge.lengths)))


def _parameters(spec: JudgingSpec, data: DatasetRatings) -> ModelParameters:
    """The settings that a training of these ratings would take."""
    return ModelParameters.for_ratings(len(data.ratings), spec.training.parameters)


def _steps_of_split(spec: JudgingSpec) -> int:
    return 5 + (len(BASELINES) if spec.with_baselines else 0)
