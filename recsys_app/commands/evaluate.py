"""`recsys evaluate`: how good the lists and stars are, beside simpler models."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import click
from rich.console import Console, RenderableType

from jobs.judging_spec import SPLITS, JudgingSpec
from jobs.process import judge
from jobs.report import EvaluationReport
from recsys_app.application import Components
from recsys_app.commands.context import with_components
from recsys_app.commands.following import follow_archive
from recsys_app.datasets.movielens import open_dataset
from recsys_app.errors import ConfigurationError
from recsys_app.reports.evaluation_page import page_of
from recsys_app.reports.evaluation_tables import tables_of
from recsys_app.reports.plain import to_json
from recsys_app.stack.progress import console_reporter

_SHARE = click.FloatRange(0, 0.9, min_open=True)
_PLAIN_WIDTH = 120
_K = click.IntRange(1, 1000)


@click.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="A MovieLens folder or zip to judge on, without servers; else the archived ratings.",
)
@click.option("--split", type=click.Choice([*SPLITS, "both"]), default="both", show_default=True)
@click.option(
    "--k", "lengths", type=_K, multiple=True, help="A length of lists; several may be given. [10]"
)
@click.option(
    "--temporal-share", type=_SHARE, default=0.2, show_default=True, help="Held out: the newest."
)
@click.option(
    "--random-share", type=_SHARE, default=0.1, show_default=True, help="Held out: by lot."
)
@click.option(
    "--users",
    type=click.IntRange(1),
    default=10_000,
    show_default=True,
    help="The most users that are judged, drawn by lot.",
)
@click.option(
    "--baselines/--no-baselines", default=True, help="With item-kNN and EASE, or without."
)
@click.option(
    "--baseline-films",
    type=click.IntRange(1),
    default=15_000,
    show_default=True,
    help="With more films, item-kNN and EASE are left out.",
)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("evaluation"),
    show_default=True,
    help="The folder for report.json and report.html.",
)
def evaluate(
    data: Path | None,
    split: str,
    lengths: tuple[int, ...],
    temporal_share: float,
    random_share: float,
    users: int,
    baselines: bool,
    baseline_films: int,
    seed: int,
    output: Path,
) -> None:
    """Judge the model on ratings that are held out, beside popularity, item-kNN and EASE.

    The model is fitted by the training's own functions on a part of the ratings, and nothing that
    is served changes. Trainings wait while the archive is judged.
    """
    if data is not None:
        open_dataset(data)  # a wrong path is told before anything starts
    make_folder(output)
    spec_of = partial(
        JudgingSpec,
        dataset=str(data.absolute()) if data else None,
        splits=SPLITS if split == "both" else (split,),
        temporal_share=temporal_share,
        random_share=random_share,
        lengths=tuple(dict.fromkeys(lengths)) or (10,),
        most_users=users,
        baseline_films=baseline_films,
        with_baselines=baselines,
        seed=seed,
    )
    reporter = console_reporter()

    async def work(parts: Components) -> EvaluationReport:
        if data is None:
            await follow_archive(parts, reporter)
        with reporter.course() as tell:
            run = parts.judging.on_archive if data is None else parts.judging.on_dataset
            return await run(judge, spec_of, tell)

    report = with_components(work)
    (output / "report.json").write_bytes(to_json(report))
    (output / "report.html").write_text(page_of(report), encoding="utf-8")
    print_all(tables_of(report))
    reporter.say(f"Written: {output / 'report.html'}, {output / 'report.json'}")


def make_folder(path: Path) -> None:
    """Makes the folder of a report before the long work begins.

    Raises:
        ConfigurationError: nothing can be written there.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be made: {error.strerror}.") from None
    if not os.access(path, os.W_OK):
        raise ConfigurationError(f"{path} cannot be written to; name another place with --output.")


def print_all(parts: Iterable[RenderableType]) -> None:
    """Prints a report, wide enough for its tables where there is no terminal."""
    console = Console()
    if not console.is_terminal:
        console.width = _PLAIN_WIDTH
    for part in parts:
        console.print(part)
