"""One installation with the demo data and a trained model, for all tests that only look at it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recsys_app.stack import Stack
from tests.service import Service


@contextmanager
def demo_service(stack: Stack, home: Path) -> Iterator[Service]:
    """A running worker that serves a model of the demo data."""
    with Service(stack, name="demo", home=home, train_interval_seconds=100_000) as service:
        for command in ("load", "train"):
            done = service.recsys(command, timeout=900)
            assert done.returncode == 0, done.stderr
        service.wait_until(lambda: service.get("/readyz").json().get("model") not in (None, "none"))
        yield service


def outside_service() -> str | None:
    """The address of a service that runs already, to look at while working on the page."""
    return os.environ.get("RECSYS_TEST_URL")
