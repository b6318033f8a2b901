"""The training: ratings from HDFS, ALS on Spark, lists to MongoDB and Kafka, a model to HDFS."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.fitting import FitRatings, collect_items, fit_order, fit_stars
from jobs.fold_in import FoldIn
from jobs.holdout import evaluate, hold_out
from jobs.item_factors import ItemFactors
from jobs.model_files import save_item_factors
from jobs.new_films import with_likely_factors
from jobs.publishing import publish_partition
from jobs.ratings_reader import read_ratings
from jobs.registry import (
    mongodb_client,
    popular_movies,
    read_catalogue,
    read_traits,
    register_model,
    register_step,
)
from jobs.spark_errors import spark_errors
from jobs.spark_session import spark_session
from jobs.spec import ModelParameters, Progress, TrainingResult, TrainingSpec


def train(spec: TrainingSpec, progress: Progress | None = None) -> TrainingResult:
    """Fits a model of the ratings in the spec's files and publishes everybody's lists.

    The model is registered as ready, and not active: who serves it decides that. When this fails,
    nothing is registered; lists that were already published belong to a version that never is.

    Raises:
        BadDataError: the archive has no ratings or is not whole.
        RecsysError: anything else that ended the training; the message says what.
    """
    clock = _StepClock(progress)
    with spark_errors("The training", lambda: clock.step):
        return _train(spec, clock)


def _train(spec: TrainingSpec, clock: _StepClock) -> TrainingResult:
    clock.begin("start")
    with mongodb_client(spec) as mongodb, spark_session(spec) as spark:
        clock.listen(partial(register_step, mongodb, spec.mongodb_database, spec.version))
        clock.begin("read")
        catalogue = read_catalogue(mongodb, spec.mongodb_database)
        ratings = read_ratings(spark, spec)
        held = hold_out(ratings.frame, ratings.users, spec)
        clock.begin("order")
        parameters = ModelParameters.for_ratings(ratings.count, spec.parameters)
        fitted = FitRatings.of(held.fitted)
        order = fit_order(fitted, parameters)
        clock.begin("stars")
        stars = fit_stars(fitted, parameters)
        items = collect_items(spec.version, parameters, catalogue, fitted, order, stars)
        items = with_likely_factors(items, read_traits(mongodb, spec.mongodb_database))
        clock.begin("evaluate")
        metrics = evaluate(items, held.users)
        clock.begin("publish")
        users = _publish(spark, spec, ratings.frame, items)
        clock.begin("save")
        save_item_factors(spark, spec, items)
        clock.end()
        result = TrainingResult(
            version=spec.version,
            users=users,
            movies=int((items.counts > 0).sum()),
            ratings=ratings.count,
            bad_rows=ratings.bad_rows,
            steps=clock.seconds,
            parameters=parameters,
            metrics=metrics,
        )
        popular = popular_movies(items, spec.popular_n)
        register_model(mongodb, spec.mongodb_database, result, popular)
    return result


def _publish(
    spark: SparkSession, spec: TrainingSpec, ratings: DataFrame, items: ItemFactors
) -> int:
    """The number of lists written, each by the executor that folded its user in."""
    ratings = ratings.select("userId", "movieId", "rating", "sequence")
    fold_in = spark.sparkContext.broadcast(FoldIn.of(items))
    publish = partial(publish_partition, spec=spec, fold_in=fold_in)
    written = ratings.mapInArrow(publish, "lists long").agg(F.sum("lists")).head()
    return int(written[0]) if written and written[0] else 0


class _StepClock:
    """How long each step took; tells the listener when one begins."""

    def __init__(self, progress: Progress | None, now: Callable[[], float] = time.monotonic):
        self.seconds: dict[str, float] = {}
        self._listeners = [progress] if progress else []
        self.step = ""
        self._now = now
        self._began = now()

    def listen(self, listener: Progress) -> None:
        self._listeners.append(listener)

    def begin(self, step: str) -> None:
        self.end()
        self.step = step
        for tell in self._listeners:
            tell(step)

    def end(self) -> None:
        """Ends the current step, if there is one."""
        now = self._now()
        if self.step:
            self.seconds[self.step] = round(now - self._began, 3)
        self.step, self._began = "", now
