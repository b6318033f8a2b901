"""`recsys docker`: local containers of ZooKeeper and Kafka."""

from __future__ import annotations

import sys

import click

from recsys_app.commands.context import with_components


@click.group()
def docker() -> None:
    """Look after local Docker containers."""


@docker.command()
def check() -> None:
    """Find the ZooKeeper and Kafka containers and start those that are stopped."""
    report = with_components(lambda parts: parts.docker.check_containers())
    click.echo(report)
    if not report.ok:
        sys.exit(1)
