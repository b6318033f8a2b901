"""`recsys release`: what has to be done once before a new release takes over."""

from __future__ import annotations

import os
import threading

import click

from recsys_app.application import Components
from recsys_app.commands.context import with_components
from recsys_app.errors import ConfigurationError


@click.command()
def release() -> None:
    """Create topics, directories and indexes; refuse to go on without API keys."""
    with_components(prepare)
    click.echo("Topics, directories and indexes are there.")
    if "HONCHO_PROCESS_NAME" in os.environ:
        # `honcho start` runs every line of the Procfile and ends them all when one ends.
        threading.Event().wait()


async def prepare(parts: Components) -> None:
    """Does it.

    Raises:
        ConfigurationError: no API key is set, and whoever finds the address could do anything.
            With the embedded servers alone, which only this machine reaches, none is needed.
    """
    if not parts.settings.keys and not parts.settings.is_all_embedded:
        raise ConfigurationError(
            "No API keys are set, and a release is open to strangers. Set RECSYS_API_KEYS, for "
            'example to "shop:read+write:$(openssl rand -hex 24)".'
        )
    await parts.prepare()
