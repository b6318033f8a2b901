"""How far a job in another process is: it notes it in a file, which whoever waits reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO


@dataclass(frozen=True)
class ProgressFile:
    """A progress that crosses process borders."""

    path: str

    def __call__(self, what: str, done: int, of: int) -> None:
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps([what, done, of]) + "\n")


def new_progress(file: TextIO) -> Iterator[tuple[str, int, int]]:
    """What was noted since the last look at the open file; a line that is half there stays."""
    while True:
        start = file.tell()
        line = file.readline()
        if not line.endswith("\n"):
            file.seek(start)
            return
        what, done, of = json.loads(line)
        yield what, done, of
