"""Which port each server of the stack listens on, and who holds a port."""

from __future__ import annotations

import errno
import os
import random
import socket
from dataclasses import astuple, dataclass
from pathlib import Path

from recsys_app.errors import ConfigurationError

_LISTEN = "0A"


@dataclass(frozen=True)
class StackPorts:
    """One port per listener of the stack, all on 127.0.0.1."""

    kafka: int
    kafka_controller: int
    namenode_rpc: int
    namenode_http: int
    datanode_data: int
    datanode_http: int
    datanode_ipc: int
    redis: int
    mongo: int

    @classmethod
    def from_base(cls, base: int) -> StackPorts:
        """The nine ports that start at `base`.

        Raises:
            ConfigurationError: `base` leaves no room for nine ports.
        """
        count = len(cls.__dataclass_fields__)
        if not 1024 <= base <= 65536 - count:
            raise ConfigurationError(
                f"RECSYS_STACK_PORT is {base}; choose a number from 1024 to {65536 - count}."
            )
        return cls(*range(base, base + count))

    @classmethod
    def free(cls) -> StackPorts:
        """Nine ports in a row that nobody listens on right now, for a test's own stack."""
        for _ in range(200):
            # Below 32768, where Linux takes the source ports of outgoing connections from.
            ports = cls.from_base(random.randrange(10_000, 32_000))  # noqa: S311
            if all(is_free(port) for port in astuple(ports)):
                return ports
        raise ConfigurationError("No nine free ports in a row were found on 127.0.0.1.")


def is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1:`port` now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True


def is_open(port: int) -> bool:
    """Whether somebody accepts connections on 127.0.0.1:`port`."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def listens(pid: int, port: int) -> bool:
    """Whether process `pid` itself is the one that listens on `port`.

    Where the system has no /proc (macOS) this is only whether somebody listens.
    """
    if not Path("/proc/self/net/tcp").exists():
        return is_open(port)
    return not _listening_inodes(port).isdisjoint(_socket_inodes(pid))


def _listening_inodes(port: int) -> set[str]:
    inodes = set()
    for table in ("tcp", "tcp6"):
        try:
            rows = Path("/proc/self/net", table).read_text().splitlines()[1:]
        except FileNotFoundError:  # a kernel without IPv6
            continue
        for row in rows:
            fields = row.split()
            if fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                inodes.add(fields[9])
    return inodes


def _socket_inodes(pid: int) -> set[str]:
    inodes = set()
    try:
        for descriptor in os.scandir(f"/proc/{pid}/fd"):
            try:
                target = os.readlink(descriptor.path)
            except FileNotFoundError:  # closed while we were looking
                continue
            if target.startswith("socket:["):
                inodes.add(target[len("socket:[") : -1])
    except (FileNotFoundError, PermissionError, ProcessLookupError):
        return set()
    return inodes
