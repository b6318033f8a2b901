"""The `recsys` command."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from recsys_app.commands import (
    archive,
    dead_letters,
    docker,
    doctor,
    evaluate,
    experiment,
    export,
    generate,
    load,
    models,
    rebuild,
    recommend,
    release,
    run,
    stack,
    train,
    tune,
    worker,
)
from recsys_app.errors import RecsysError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="recsys")
def recsys() -> None:
    """A movie recommendation service on Kafka, HDFS, Spark, Redis and MongoDB."""


for command in (
    run.run,
    worker.worker,
    stack.stack,
    load.load,
    generate.command,
    train.train,
    evaluate.evaluate,
    tune.tune,
    recommend.recommend,
    models.models,
    models.rollback,
    experiment.start,
    experiment.stop,
    experiment.report,
    export.export,
    archive.archive,
    rebuild.rebuild,
    dead_letters.dead_letters,
    docker.docker,
    doctor.doctor,
    release.release,
):
    recsys.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command; what a person can mend is told in a sentence, with exit code 1.

    Args:
        arguments: Of the command, if not those of this process.
    """
    try:
        recsys(arguments, standalone_mode=True)
    except RecsysError as error:
        click.echo(f"recsys: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
