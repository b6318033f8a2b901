"""An installation of the service for each fault, and the table of what the faults did."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from recsys_app.stack import Stack
from tests.faults.report import ROWS, table
from tests.faults.service import Service


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
