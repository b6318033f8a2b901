"""Which process is meant: a pid alone may by now be a stranger's."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

_LINUX = Path("/proc/self/stat").exists()


@dataclass(frozen=True)
class Identity:
    """A process, told apart from a later one with the same pid by its start time."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> Identity | None:
        """The identity of the process that has `pid` now, or None if there is none."""
        started = _started(pid)
        return None if started is None else cls(pid, started)

    def alive(self) -> bool:
        """Whether this very process still runs."""
        return _started(self.pid) == self.started

    def signal(self, number: int) -> None:
        """Send a signal, unless the process is gone."""
        if self.alive():
            os.kill(self.pid, number)

    def memory_bytes(self) -> int | None:
        """The resident memory, or None if the process is gone."""
        if not self.alive():
            return None
        if not _LINUX:
            kilobytes = _ps(self.pid, "rss")
            return int(kilobytes) * 1024 if kilobytes else None
        try:
            pages = Path(f"/proc/{self.pid}/statm").read_text().split()[1]
        except (FileNotFoundError, ProcessLookupError):
            return None
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _started(pid: int) -> str | None:
    if not _LINUX:
        state = _ps(pid, "state")
        return None if not state or state.startswith("Z") else _ps(pid, "lstart")
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The command's name, in parentheses, may hold anything; the fields after it are numbers.
    fields = stat.rpartition(")")[2].split()
    state, ticks_since_boot = fields[0], fields[19]
    return None if state in "ZX" else f"{boot}:{ticks_since_boot}"


def _ps(pid: int, field: str) -> str | None:
    done = subprocess.run(
        ["ps", "-o", f"{field}=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or None
