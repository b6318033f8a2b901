"""`recsys generate`: as many ratings as one likes, to see how the service bears them."""

from __future__ import annotations

from pathlib import Path

import click

from jobs.generating import Volume, generate
from jobs.spark_session import spark_session
from jobs.spec import TrainingSpec
from recsys_app.settings import load_settings


@click.command("generate")
@click.argument("path", type=click.Path(path_type=Path, file_okay=False))
@click.option("--ratings", type=click.IntRange(1000), default=1_000_000, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
def command(path: Path, ratings: int, seed: int) -> None:
    """Make up a data set like MovieLens in the folder PATH: ratings.csv and movies.csv.

    Few films have most of the ratings, few users rate much, tastes can be learnt, and what is
    watched changes with the years. `recsys load PATH` loads it.
    """
    settings = load_settings()
    volume = Volume(ratings, seed)
    spec = TrainingSpec(
        version="generate",
        files=(),
        hdfs_rpc_url="file:///",
        mongodb_uri="",
        mongodb_database="",
        kafka=(),
        recommendations_topic="",
        scratch=str((settings.home / "spark").absolute()),
        driver_memory=settings.spark_driver_memory,
        input_bytes=30 * ratings,
    )
    with spark_session(spec) as spark:
        generate(spark, volume, path)
    click.echo(
        f"{ratings} ratings of {volume.films} films by {volume.users} users are in {path}; "
        f"load them with `recsys load {path}`."
    )
