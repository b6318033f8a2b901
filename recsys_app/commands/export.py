"""`recsys export`: every archived rating into one CSV."""

from __future__ import annotations

from pathlib import Path

import click

from recsys_app.commands.context import with_components


@click.command()
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
def export(path: Path) -> None:
    """Write every archived rating to the CSV file PATH."""
    count = with_components(lambda parts: parts.recommendations.download_ratings_file(path))
    click.echo(f"{count} ratings are in {path}.")
