"""SecantusDB, which speaks MongoDB's protocol, as a process of its own.

It is GPL-2.0-only: it is run, and never imported.
"""

from __future__ import annotations

import importlib.util
import sys
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from recsys_app.errors import ConfigurationError
from recsys_app.stack.ports import StackPorts
from recsys_app.stack.process import ServerProcess, Surroundings


class MongoServer(ServerProcess):
    """A SecantusDB server that syncs each commit to the disk."""

    name = "mongo"
    title = "SecantusDB"
    niceness = 10

    def __init__(self, around: Surroundings, *, ports: StackPorts) -> None:
        super().__init__(around, ports={"client": ports.mongo})
        self._port = ports.mongo
        self._config = self.home / "secantusd.toml"

    def prepare(self) -> None:
        if importlib.util.find_spec("secantus") is None:
            raise ConfigurationError(
                "SecantusDB is not installed: pip install 'recsys[embedded]', "
                "or set MONGODB_URI to a MongoDB server of your own."
            )
        self._config.write_text("")  # or it would look for one in the user's folders

    def command(self) -> list[str]:
        options = {
            "config": self._config,
            "host": "127.0.0.1",
            "port": self._port,
            "storage-path": self.home / "data",
            "cache-size": "256M",
            "log-level": "WARNING",
        }
        flags = [part for name, value in options.items() for part in (f"--{name}", str(value))]
        return [sys.executable, "-m", "secantus", "--standalone", "--sync-on-commit", *flags]

    def answers(self) -> bool:
        client: MongoClient[dict[str, Any]] = MongoClient(
            "127.0.0.1", self._port, serverSelectionTimeoutMS=5000
        )
        with client:
            try:
                return bool(client.admin.command("hello")["ok"])
            except PyMongoError:
                return False
