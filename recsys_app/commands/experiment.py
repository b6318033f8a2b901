"""`recsys ab-start`, `ab-stop`, `ab-report`: two versions of the model side by side."""

from __future__ import annotations

from dataclasses import asdict

import click
import orjson
from rich.console import Console
from rich.table import Table

from recsys_app.application import Components
from recsys_app.commands.context import with_components
from recsys_app.services.experiment_report import Arm, ExperimentReport


@click.command("ab-start")
@click.argument("challenger")
@click.option("--share", type=click.FloatRange(0.01, 0.99), default=0.5, show_default=True)
def start(challenger: str, share: float) -> None:
    """Show the version CHALLENGER to a share of the users, the active one to the others."""
    begun = with_components(lambda parts: parts.registry.start_experiment(challenger, share))
    click.echo(f"Experiment {begun.name}: {share:.0%} of the users get {challenger}.")


@click.command("ab-stop")
def stop() -> None:
    """End the experiment: everybody gets the active version again."""
    stopped = with_components(lambda parts: parts.registry.stop_experiment())
    click.echo(
        f"Experiment {stopped} is stopped; `recsys ab-report {stopped}` says what came of it."
    )


@click.command("ab-report")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def report(name: str | None, as_json: bool) -> None:
    """Compare the ratings that followed the shown lists within 24 hours.

    NAME is that of an experiment that was stopped; without it, the running one is reported.
    """

    async def work(parts: Components) -> ExperimentReport:
        experiment = await parts.registry.experiment(name)
        return await parts.experiment_reporter.report(experiment)

    found = with_components(work)
    if as_json:
        click.echo(orjson.dumps(asdict(found), option=orjson.OPT_INDENT_2))
        return
    table = Table(title=f"Experiment {found.name}")
    for heading in ("", "version", "users", "lists", "followed", "liked", "stars", "per user"):
        table.add_column(heading)
    table.add_row("control", *_cells(found.control))
    table.add_row("challenger", *_cells(found.challenger))
    Console().print(table)
    low, high = found.interval
    click.echo(
        f"Ratings that followed, per user: {found.difference:+.3f} for the challenger "
        f"(95 % interval {low:+.3f} to {high:+.3f})."
    )


def _cells(arm: Arm) -> list[str]:
    stars = "" if arm.mean_stars is None else f"{arm.mean_stars:.2f}"
    counts = (arm.users, arm.lists, arm.followed, arm.liked)
    return [arm.version, *map(str, counts), stars, f"{arm.followed_per_user:.3f}"]
