"""A made-up data set by Spark, read as any MovieLens set is."""

from __future__ import annotations

from pathlib import Path

from pyspark.sql import SparkSession

from jobs.generating import Volume, generate
from recsys_app.datasets.movielens import open_dataset


def test_a_generated_set_is_a_movielens_set(spark: SparkSession, tmp_path: Path) -> None:
    volume = Volume(20_000, seed=5)
    generate(spark, volume, tmp_path / "set")
    dataset = open_dataset(tmp_path / "set")
    ratings = list(dataset.ratings())
    assert len(ratings) == 20_000
    assert len({rating.userId for rating in ratings}) == volume.users
    assert len(list(dataset.movies())) == volume.films
    assert sorted(path.name for path in (tmp_path / "set").iterdir()) == [
        "movies.csv",
        "ratings.csv",
    ]
