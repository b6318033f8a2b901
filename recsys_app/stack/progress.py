"""How the stack tells a person what it is doing: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


class Reporter(Protocol):
    """Where the stack reports to."""

    def say(self, text: str) -> None:
        """Print one line."""

    def steps(self, what: str, total: int) -> contextlib.AbstractContextManager[Callable[[], None]]:
        """A context in which `what` is done in `total` steps; call its value after each."""

    def course(self) -> contextlib.AbstractContextManager[Callable[[str, int, int], None]]:
        """A context whose value is called with what begins now, and how many of how many steps
        are done."""


class _Silent:
    def say(self, text: str) -> None:
        pass

    @contextlib.contextmanager
    def steps(self, what: str, total: int) -> Iterator[Callable[[], None]]:
        yield lambda: None

    @contextlib.contextmanager
    def course(self) -> Iterator[Callable[[str, int, int], None]]:
        yield lambda what, done, of: None


class _OnConsole:
    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    @contextlib.contextmanager
    def steps(self, what: str, total: int) -> Iterator[Callable[[], None]]:
        if not self._console.is_terminal:
            self.say(f"{what}: {total}")
            yield lambda: None
            self.say(f"{what}: done")
            return
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, TimeElapsedColumn(), console=self._console) as bar:
            task = bar.add_task(what, total=total)
            yield lambda: bar.advance(task)

    @contextlib.contextmanager
    def course(self) -> Iterator[Callable[[str, int, int], None]]:
        if not self._console.is_terminal:
            yield lambda what, done, of: self.say(f"{done}/{of} {what}")
            return
        columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        text = TextColumn("{task.description}")
        with Progress(*columns, text, console=self._console, transient=True) as bar:
            task = bar.add_task("", total=None)
            yield lambda what, done, of: bar.update(
                task, description=what, completed=done, total=of
            )


def silent_reporter() -> Reporter:
    """A reporter that says nothing."""
    return _Silent()


def console_reporter(console: Console | None = None) -> Reporter:
    """A reporter on `console`, by default the standard error stream."""
    return _OnConsole(console or Console(stderr=True))
