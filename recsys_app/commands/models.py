"""`recsys models`, `recsys rollback`: the versions of the model, and going back to one."""

from __future__ import annotations

import click
from rich.console import Console
from rich.table import Table

from recsys_app.commands.context import with_components


@click.command()
def models() -> None:
    """List the versions of the model with their figures, newest first."""
    runs = with_components(lambda parts: parts.registry.versions())
    measures = sorted({name for run in runs for name in run.metrics})
    table = Table()
    for heading in ("version", "status", "trained", "users", "ratings", *measures, "cause"):
        table.add_column(heading)
    for run in runs:
        figures = [f"{run.metrics[m]:.4f}" if m in run.metrics else "" for m in measures]
        table.add_row(
            run.version,
            "active" if run.is_active else run.status,
            f"{run.started_at:%Y-%m-%d %H:%M}",
            str(run.users or ""),
            str(run.ratings or ""),
            *figures,
            run.cause or "",
        )
    Console().print(table)


@click.command()
@click.argument("version")
def rollback(version: str) -> None:
    """Serve an older VERSION, such as v12, until the next training."""
    with_components(lambda parts: parts.registry.roll_back(version))
    click.echo(f"Model {version} is active; the workers serve it within seconds.")
