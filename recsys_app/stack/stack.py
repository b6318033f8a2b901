"""All servers of one folder: started together, ended in order."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from recsys_app.errors import ConfigurationError
from recsys_app.stack.hdfs import Hdfs
from recsys_app.stack.jars import JarCache
from recsys_app.stack.jvm import Jvm
from recsys_app.stack.kafka import KafkaServer
from recsys_app.stack.mongo import MongoServer
from recsys_app.stack.ports import StackPorts
from recsys_app.stack.process import GivenUp, ServerProcess, ServerStatus, Surroundings
from recsys_app.stack.progress import Reporter, silent_reporter
from recsys_app.stack.record import Record
from recsys_app.stack.valkey import ValkeyServer

SERVERS = ("kafka", "hdfs", "redis", "mongo")
_NEEDED_BYTES = 1_000_000_000


class Stack:
    """Kafka, HDFS, Valkey and SecantusDB with their data below `home`.

    Args:
        servers: Those that `up` starts, of `SERVERS`; the others are the user's own.
        die_with_parent: Whether the servers end when this process ends or lets go of the stack;
            otherwise they go on in the background. (Linux only.)
        maven_url: A Maven mirror to fetch the jars from, instead of Maven Central.
    """

    def __init__(
        self,
        *,
        home: Path,
        ports: StackPorts,
        servers: Collection[str] = SERVERS,
        die_with_parent: bool,
        maven_url: str | None = None,
        reporter: Reporter | None = None,
    ) -> None:
        self._reporter = reporter or silent_reporter()
        self._home = home = home.absolute()
        self._ports = ports
        self._servers = [name for name in SERVERS if name in servers]
        self._around = Surroundings(home, Record(home / "stack.json"), die_with_parent)
        jvm = Jvm(JarCache(maven_url=maven_url, reporter=self._reporter))
        self.kafka = KafkaServer(self._around, ports=ports, jvm=jvm)
        self.hdfs = Hdfs(self._around, ports=ports, jvm=jvm)
        self.redis = ValkeyServer(self._around, ports=ports)
        self.mongo = MongoServer(self._around, ports=ports)

    @property
    def kafka_url(self) -> str:
        return f"127.0.0.1:{self._ports.kafka}"

    @property
    def hdfs_url(self) -> str:
        """Where WebHDFS is."""
        return f"http://127.0.0.1:{self._ports.namenode_http}"

    @property
    def hdfs_rpc_url(self) -> str:
        """The same file system for Spark and other Hadoop clients."""
        return f"hdfs://127.0.0.1:{self._ports.namenode_rpc}"

    @property
    def redis_url(self) -> str:
        return f"redis://127.0.0.1:{self._ports.redis}/0"

    @property
    def mongodb_uri(self) -> str:
        return f"mongodb://127.0.0.1:{self._ports.mongo}/recsys"

    def up(self, servers: Collection[str] | None = None) -> None:
        """Start the servers and wait until each does its work; those that run already are kept.

        Args:
            servers: Only these, instead of those the stack was made with.

        Raises:
            RecsysError: one cannot start; those that this call started are ended again.
        """
        names = self._servers if servers is None else servers
        self._home.mkdir(parents=True, exist_ok=True)
        check_space(self._home)
        for name in names:
            self._server(name).fetch()
        with _locked(self._home), ThreadPoolExecutor(len(SERVERS)) as pool:
            try:
                starts = [pool.submit(self._start, name) for name in names]
                errors = [start.exception() for start in starts]
                for error in sorted(filter(None, errors), key=lambda e: isinstance(e, GivenUp)):
                    raise error
            except BaseException:
                self._around.cancelled.set()
                pool.shutdown()
                self._around.cancelled.clear()
                self.close()
                raise

    def _start(self, name: str) -> None:
        try:
            server = self._server(name)
            server.start()
            self._reporter.say(f"{server.title} is up")
        except BaseException:
            self._around.cancelled.set()  # no use in waiting for the others
            raise

    def down(self) -> None:
        """End every server of this folder in order, whoever started it."""
        if not self._home.exists():
            return
        with _locked(self._home):
            for server in self._in_order():
                server.stop()

    def close(self) -> None:
        """End, in order, the servers that this object started."""
        for server in self._in_order():
            if server.own:
                server.stop()

    def status(self) -> list[ServerStatus]:
        """The state of this stack's servers, and of others that still run from its folder."""
        return [
            status
            for name in SERVERS
            for status in self._server(name).statuses()
            if status.up or name in self._servers
        ]

    def _in_order(self) -> list[ServerProcess]:
        return [self.mongo, self.redis, self.kafka, self.hdfs.datanode, self.hdfs.namenode]

    def _server(self, name: str) -> ServerProcess | Hdfs:
        servers = {s.name: s for s in (self.kafka, self.hdfs, self.redis, self.mongo)}
        return servers[name]

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def check_space(home: Path, *, needed_bytes: int = _NEEDED_BYTES) -> None:
    """Refuse a folder whose disk is nearly full.

    Raises:
        ConfigurationError: less than `needed_bytes` are free.
    """
    free_bytes = shutil.disk_usage(home).free
    if free_bytes < needed_bytes:
        raise ConfigurationError(
            f"The disk of {home} has {free_bytes / 1e9:.1f} GB free and the servers need "
            f"{needed_bytes / 1e9:.0f} GB: make room, or set RECSYS_HOME to a folder on another "
            "disk."
        )


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    """Only one process at a time starts or ends the servers of a folder."""
    with (home / "stack.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
