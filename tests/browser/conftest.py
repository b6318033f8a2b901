"""What a person's way through the page took, at the end of the run."""

from __future__ import annotations

import pytest

from tests.browser.journey import STEPS


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if STEPS:
        terminalreporter.section("a new person's way")
        for line in STEPS:
            terminalreporter.write_line(line)
