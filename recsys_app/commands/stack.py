"""`recsys stack`: the embedded servers in the background."""

from __future__ import annotations

import sys

import click

from recsys_app.settings import Settings, load_settings
from recsys_app.stack import ServerStatus, Stack, StackPorts, console_reporter


def embedded_stack(settings: Settings, *, die_with_parent: bool) -> Stack:
    """The stack of `settings`: of the four servers those that are not the user's own."""
    return Stack(
        home=settings.home,
        ports=StackPorts.from_base(settings.stack_port),
        servers=settings.embedded_servers,
        die_with_parent=die_with_parent,
        maven_url=settings.maven_url,
        reporter=console_reporter(),
    )


@click.group()
def stack() -> None:
    """Run Kafka, HDFS, a Redis and a MongoDB server in the background."""


@stack.command()
def up() -> None:
    """Start the servers and leave them running; those that run already go on."""
    servers = embedded_stack(load_settings(), die_with_parent=False)
    servers.up()
    for status in servers.status():
        click.echo(_line(status))


@stack.command()
def down() -> None:
    """End the servers in order; their data stays."""
    embedded_stack(load_settings(), die_with_parent=False).down()


@stack.command()
def status() -> None:
    """Say which servers are up, where, and what memory they take; 1 if one is down."""
    states = embedded_stack(load_settings(), die_with_parent=False).status()
    for state in states:
        click.echo(_line(state))
    sys.exit(0 if all(state.up for state in states) else 1)


def _line(status: ServerStatus) -> str:
    if not status.up:
        return f"{status.name:<9} down  {status.address}"
    memory = f"{(status.memory_bytes or 0) / 1e6:.0f} MB"
    return f"{status.name:<9} up    {status.address:<16} pid {status.pid:<8} {memory}"
