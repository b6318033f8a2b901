"""`recsys archive`: the archive of ratings in HDFS."""

from __future__ import annotations

import click

from recsys_app.commands.context import with_components


@click.group()
def archive() -> None:
    """Look after the archive of ratings."""


@archive.command("new-epoch")
def new_epoch() -> None:
    """Go on with a topic that was deleted and created again; what is archived stays."""
    epoch = with_components(lambda parts: parts.ratings.open_new_epoch())
    click.echo(f"Epoch {epoch} begins: the workers go on with the new topic.")
