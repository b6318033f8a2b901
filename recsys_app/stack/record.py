"""`stack.json`: which servers were started from a folder, so that a later command finds them."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

from recsys_app.errors import ConfigurationError
from recsys_app.stack.identity import Identity


class Record:
    """The processes last started from one folder, with their ports; safe to use from threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def get(self, name: str) -> tuple[Identity, dict[str, int]] | None:
        """The running process recorded as `name`, with its ports."""
        with self._lock:
            entry = self._read().get(name)
        if entry is None:
            return None
        try:
            identity = Identity(entry["pid"], entry["started"])
            return (identity, entry["ports"]) if identity.alive() else None
        except (KeyError, TypeError):
            raise self._broken() from None

    def put(self, name: str, identity: Identity, ports: dict[str, int]) -> None:
        """Record that `identity` is now the server `name`."""
        entry = {"pid": identity.pid, "started": identity.started, "ports": ports}
        with self._lock:
            self._write({**self._read(), name: entry})

    def remove(self, name: str) -> None:
        """Forget the server `name`."""
        with self._lock:
            entries = self._read()
            if entries.pop(name, None) is not None:
                self._write(entries)

    def _read(self) -> dict[str, dict[str, Any]]:
        try:
            entries = json.loads(self._path.read_text())
        except FileNotFoundError:
            return {}
        except ValueError:
            raise self._broken() from None
        if not isinstance(entries, dict):
            raise self._broken()
        return entries

    def _write(self, entries: dict[str, dict[str, Any]]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._path.with_suffix(f".{os.getpid()}.tmp")
        temporary.write_text(json.dumps(entries, indent=2) + "\n")
        temporary.replace(self._path)

    def _broken(self) -> ConfigurationError:
        return ConfigurationError(
            f"{self._path} cannot be read: end the servers it names by hand and delete it."
        )
