"""The steps of a person in the page: how long each took, and a picture of it."""

from __future__ import annotations

import time
from pathlib import Path

from playwright.sync_api import Page

ARTIFACTS = Path(__file__).parents[2] / "test-artifacts"

STEPS: list[str] = []
"""What is to be read at the end of the run, a line for each step."""


class Journey:
    """Says how long each step took, and keeps a picture of it."""

    def __init__(self, page: Page, name: str) -> None:
        self._page = page
        self._name = name
        self._began = self._last = time.monotonic()
        self._pictures = 0

    def step(self, what: str) -> None:
        now = time.monotonic()
        STEPS.append(f"{self._name}: {what}: {now - self._last:.2f} s")
        self._pictures += 1
        ARTIFACTS.mkdir(exist_ok=True)
        self._page.evaluate("Promise.all(document.getAnimations().map(each => each.finished))")
        self._page.screenshot(path=ARTIFACTS / f"{self._name}-{self._pictures:02}.png")
        self._last = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began
