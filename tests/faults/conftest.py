"""An installation of the service for each fault, and the table of what the faults did."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from recsys_app.stack import Stack
from tests.faults.reader import until_served
from tests.faults.report import ROWS, table
from tests.faults.service import Service
from tests.service import SMALL_MODEL


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if ROWS:
        terminalreporter.section("faults")
        for line in table():
            terminalreporter.write_line(line)


@pytest.fixture
async def service(stack: Stack, tmp_path: Path) -> AsyncIterator[Service]:
    """An installation without workers; afterwards its workers have ended and the stack is whole."""
    service = Service(stack, tmp_path)
    yield service
    await asyncio.to_thread(service.close)
    await asyncio.to_thread(stack.up)


@pytest.fixture
async def loaded(service: Service) -> Service:
    """An installation with the demo data, which trains small models; no worker runs."""
    service.environment["RECSYS_TRAIN_PARAMETERS"] = SMALL_MODEL
    await service.succeeds("load")
    return service


@pytest.fixture
async def trained(loaded: Service) -> Service:
    """The same with a worker and a first model."""
    (worker,) = await loaded.start(1)
    await loaded.succeeds("train")
    await until_served(worker, "v1")
    return loaded
