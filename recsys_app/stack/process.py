"""One server of the stack as a process: started, asked, stopped, killed, paused."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from recsys_app.errors import ConfigurationError, RecsysError
from recsys_app.stack import exec_child
from recsys_app.stack.identity import Identity
from recsys_app.stack.ports import is_free, listens
from recsys_app.stack.record import Record

READY_SECONDS = 180.0
STOP_SECONDS = 20.0
_POLL_SECONDS = 0.1
_LOG_LINES = 5


class GivenUp(RecsysError):
    """Starting the servers ended early; another error says why."""


@dataclass(frozen=True)
class ServerStatus:
    """What `recsys stack status` shows of one server."""

    name: str
    up: bool
    address: str
    pid: int | None = None
    memory_bytes: int | None = None


@dataclass(frozen=True)
class Surroundings:
    """What all processes of one stack share."""

    home: Path
    record: Record
    die_with_parent: bool
    cancelled: threading.Event = field(default_factory=threading.Event)
    # Linux sends the parent-death signal when the *thread* that forked ends, so children are
    # forked by a thread that lives as long as this object.
    spawner: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="stack-spawner")
    )


class ServerProcess(ABC):
    """One server; subclasses say how it is prepared, started and asked."""

    name: str
    title: str
    niceness = 0
    """How far the server gives way to the programs that readers wait for."""

    def __init__(self, around: Surroundings, *, ports: Mapping[str, int]) -> None:
        self._around = around
        self._ports = dict(ports)
        self._child: subprocess.Popen[bytes] | None = None
        self.home = around.home / self.name
        self.log = around.home / "logs" / f"{self.name}.log"

    def fetch(self) -> None:  # noqa: B027  # most servers come with the installation
        """Download what the server is made of, if need be."""

    @abstractmethod
    def prepare(self) -> None:
        """Write the configuration; format the data folder if it is new."""

    @abstractmethod
    def command(self) -> list[str]:
        """The server's command line."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether the server does its work now; it is listening already."""

    @property
    def address(self) -> str:
        """Where clients find it, host:port."""
        return f"127.0.0.1:{next(iter(self._ports.values()))}"

    def environment(self) -> dict[str, str]:
        """Variables that the server gets beside those of this process."""
        return {}

    @property
    def identity(self) -> Identity | None:
        """The running process, started by this object or by another one from the same folder."""
        if self._child is not None:
            self._child.poll()  # reaps it if it has ended
        running = self._around.record.get(self.name)
        return running[0] if running else None

    @property
    def pid(self) -> int | None:
        identity = self.identity
        return identity.pid if identity else None

    @property
    def own(self) -> bool:
        """Whether the running process was started by this object."""
        return self._child is not None and self._child.pid == self.pid

    def start(self) -> None:
        """Start the server and wait until it answers; nothing happens if it runs already."""
        self.launch()
        self.wait_ready()

    def launch(self) -> None:
        """Start the server without waiting for it.

        Raises:
            ConfigurationError: a port is taken, or the server runs already on other ports.
        """
        running = self._around.record.get(self.name)
        if running:
            self._check_same_ports(running[1])
            return
        self._check_ports_free()
        self.home.mkdir(parents=True, exist_ok=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.prepare()
        if self._around.cancelled.is_set():
            raise GivenUp(f"{self.title} was not started, because another server failed.")
        self._child = self._around.spawner.submit(self._spawn).result()
        identity = Identity.of(self._child.pid)
        if identity is not None:
            self._around.record.put(self.name, identity, self._ports)

    def _spawn(self) -> subprocess.Popen[bytes]:
        command = ["nice", "-n", str(self.niceness), *self.command()]
        if self._around.die_with_parent:
            launcher = [sys.executable, "-ISB", exec_child.__file__, str(os.getpid())]
            command = launcher + command
        with self.log.open("ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.home,
                env={**os.environ, **self.environment()},
                # Ctrl-C is for the parent, which stops all in order. A session of its own would
                # keep it away as well, but Linux shares the cores among sessions whatever their
                # processes' niceness (sched(7), autogroups).
                process_group=0,
            )

    def wait_ready(self, timeout: float = READY_SECONDS) -> None:
        """Wait until the server answers.

        Raises:
            RecsysError: it ended, or does not answer within `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        while not self._around.cancelled.is_set():
            pid = self.pid
            if pid is None:
                raise RecsysError(f"{self.title} ended while starting. {self._log_tail()}")
            if all(listens(pid, port) for port in self._ports.values()) and self.answers():
                return
            if time.monotonic() > deadline:
                raise RecsysError(
                    f"{self.title} did not get ready in {timeout:.0f} s. {self._log_tail()}"
                )
            self._around.cancelled.wait(_POLL_SECONDS)
        raise GivenUp(f"{self.title} was not waited for, because another server failed.")

    def stop(self, timeout: float = STOP_SECONDS) -> None:
        """End the server in its own good order, by force after `timeout` seconds."""
        self._end(signal.SIGTERM, timeout)

    def kill(self) -> None:
        """End the server at once, as a crash would."""
        self._end(signal.SIGKILL, STOP_SECONDS)

    def pause(self) -> None:
        """Freeze the server: connections stay open and nothing answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused server go on."""
        self._signal(signal.SIGCONT)

    def status(self) -> ServerStatus:
        """Whether it runs, where, and what it takes."""
        running = self._around.record.get(self.name)
        if running is None:
            return ServerStatus(self.name, up=False, address=self.address)
        identity, ports = running
        address = f"127.0.0.1:{next(iter(ports.values()))}"
        return ServerStatus(self.name, True, address, identity.pid, identity.memory_bytes())

    def statuses(self) -> list[ServerStatus]:
        return [self.status()]

    def _signal(self, number: signal.Signals) -> None:
        identity = self.identity
        if identity is None:
            raise RecsysError(f"{self.title} is not running.")
        identity.signal(number)

    def _end(self, number: signal.Signals, timeout: float) -> None:
        identity = self.identity
        if identity is not None:
            identity.signal(number)
            identity.signal(signal.SIGCONT)  # a paused process gets the signal when it goes on
            if not self._gone(identity, timeout):
                identity.signal(signal.SIGKILL)
                self._gone(identity, STOP_SECONDS)
        self._around.record.remove(self.name)

    def _gone(self, identity: Identity, timeout: float) -> bool:
        if self._child is not None and self._child.pid == identity.pid:
            try:
                self._child.wait(timeout)
            except subprocess.TimeoutExpired:
                return False
            return True
        deadline = time.monotonic() + timeout
        while identity.alive():
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_SECONDS)
        return True

    def _check_same_ports(self, running: Mapping[str, int]) -> None:
        if dict(running) != self._ports:
            theirs, mine = next(iter(running.values())), next(iter(self._ports.values()))
            raise ConfigurationError(
                f"{self.title} of {self._around.home} already runs on port {theirs}, not {mine}: "
                "end it with `recsys stack down` first, or set RECSYS_STACK_PORT as it was."
            )

    def _check_ports_free(self) -> None:
        for role, port in self._ports.items():
            if not is_free(port):
                raise ConfigurationError(
                    f"Port {port} ({self.title}, {role}) is taken by another program: end that, "
                    "or set RECSYS_STACK_PORT to the first of nine free ports."
                )

    def _log_tail(self) -> str:
        lines = self.log.read_text(errors="replace").strip().splitlines()[-_LOG_LINES:]
        return f"Its log is {self.log}" + (":\n" + "\n".join(lines) if lines else ", and empty.")
