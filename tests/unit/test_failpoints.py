"""Failpoints do what their plan says, and nothing without one."""

from __future__ import annotations

import signal

import pytest

from recsys_app.errors import ConfigurationError
from recsys_app.failpoints import failpoints, nothing


def test_without_a_plan_there_is_nothing() -> None:
    assert failpoints("") is nothing


def test_a_plan_counts_to_its_time() -> None:
    sent: list[signal.Signals] = []
    reach = failpoints("renamed=stop@2", send=sent.append)
    reach("renamed")
    reach("fetched")
    assert not sent
    reach("renamed")
    reach("renamed")
    assert sent == [signal.SIGSTOP]


@pytest.mark.parametrize("plan", ["renamed", "renamed=pause", "elsewhere=kill", "renamed=kill@0"])
def test_another_plan_is_refused(plan: str) -> None:
    with pytest.raises(ConfigurationError, match="RECSYS_FAILPOINTS="):
        failpoints(plan)
