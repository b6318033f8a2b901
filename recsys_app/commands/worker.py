"""`recsys worker`: Faust's own worker for this application."""

from __future__ import annotations

import os
import sys

import click


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def worker(arguments: tuple[str, ...]) -> None:
    """Run the service: agents, timers and web views (the options are Faust's)."""
    # One user's equations are small: threads of the BLAS would only wait for each other.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.execv(  # noqa: S606
        sys.executable,
        [sys.executable, "-m", "faust", "-L", "uvloop", "-A", "recsys_app", "worker", *arguments],
    )
