"""`recsys tune`: a search for better settings of the model."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from jobs.tuning_spec import GRID, Grid, TuningReport, TuningSpec
from recsys_app.application import Components
from recsys_app.commands.context import with_components
from recsys_app.commands.evaluate import make_folder, print_all
from recsys_app.commands.following import follow_archive
from recsys_app.datasets.movielens import open_dataset
from recsys_app.errors import ConfigurationError
from recsys_app.reports.plain import to_json
from recsys_app.reports.tuning_tables import settings_in_words, tables_of_search
from recsys_app.stack.progress import console_reporter


@click.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Search on a MovieLens folder or zip, without servers; nothing is changed then.",
)
@click.option(
    "--try",
    "values",
    multiple=True,
    metavar="NAME=VALUE,VALUE",
    help=f"Values of a setting to try; several may be given. [{', '.join(GRID)}]",
)
@click.option(
    "--trials",
    type=click.IntRange(1),
    default=18,
    show_default=True,
    help="Combinations to try, drawn by lot.",
)
@click.option(
    "--users",
    type=click.IntRange(1),
    default=2_000,
    show_default=True,
    help="The most users that settings are judged by during the search.",
)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--dry-run", is_flag=True, help="Search, and leave the settings as they are.")
@click.option("--show", is_flag=True, help="Show the settings that trainings take, and no more.")
@click.option("--reset", is_flag=True, help="Have trainings take their own settings again.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("tuning.json"),
    show_default=True,
    help="The file for the report as JSON.",
)
def tune(
    data: Path | None,
    values: tuple[str, ...],
    trials: int,
    users: int,
    seed: int,
    dry_run: bool,
    show: bool,
    reset: bool,
    output: Path,
) -> None:
    """Search for better settings of the model, by ratings that are held out.

    Many settings get few iterations, the best of them more. The winner is then compared with the
    settings as they are, on newer ratings that the search has not seen: trainings take it if the
    95 % interval of its lead is above zero, and else go on as they are.
    """
    if show or reset:
        click.echo(with_components(_reset if reset else _shown))
        return
    if data is not None:
        open_dataset(data)  # a wrong path is told before anything starts
    make_folder(output.absolute().parent)
    spec_of = partial(
        TuningSpec,
        dataset=str(data.absolute()) if data else None,
        grid=grid_of(values),
        trials=trials,
        most_users=users,
        seed=seed,
    )
    reporter = console_reporter()

    async def work(parts: Components) -> tuple[TuningReport, bool]:
        if data is None:
            await follow_archive(parts, reporter)
        with reporter.course() as tell:
            if data is None:
                return await parts.tuning.search_archive(spec_of, tell, apply=not dry_run)
            return await parts.tuning.search_dataset(spec_of, tell), False

    report, is_applied = with_components(work)
    output.write_bytes(to_json(report))
    print_all(tables_of_search(report))
    if is_applied:
        click.echo("Trainings take these settings from now on; `recsys train` trains one now.")
    else:
        click.echo("The settings stay as they are.")
    reporter.say(f"Written: {output}")


def grid_of(values: tuple[str, ...]) -> Grid | None:
    """The values to try by setting; None if none are given.

    Raises:
        ConfigurationError: one is not NAME=VALUE,VALUE.
    """
    grid = {}
    for each in values:
        name, _, numbers = each.partition("=")
        try:
            grid[name.strip()] = tuple(float(number) for number in numbers.split(","))
        except ValueError:
            raise ConfigurationError(
                f"--try {each!r} cannot be used: give a setting and its values, such as "
                "rank=64,128."
            ) from None
    return grid or None


async def _shown(parts: Components) -> str:
    tuned = await parts.tuning.tuned()
    fixed = parts.model_parameters
    lines = []
    if tuned:
        mean, low, high = tuned.lead
        lines.append(
            f"Found by a search on {tuned.ratings:,} ratings, {tuned.tuned_at:%Y-%m-%d %H:%M} UTC "
            f"({mean:+.3f} NDCG, {low:+.3f} to {high:+.3f}): {settings_in_words(tuned.settings)}."
        )
    if fixed:
        lines.append(f"Given by RECSYS_ settings: {settings_in_words(fixed)}.")
    lines.append("All others are the defaults for the number of ratings.")
    return "\n".join(lines)


async def _reset(parts: Components) -> str:
    if await parts.tuning.reset():
        return "Trainings take their own settings again."
    return "Trainings took their own settings already."
