"""The life of one server process, on a small server of the test's own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from recsys_app.errors import ConfigurationError, RecsysError
from recsys_app.stack.identity import Identity
from recsys_app.stack.ports import StackPorts, is_free
from recsys_app.stack.process import ServerProcess, Surroundings
from recsys_app.stack.record import Record

PRELUDE = "import signal, socket, sys, time\n"
SERVE = "s = socket.create_server(('127.0.0.1', int(sys.argv[1])))\ntime.sleep(600)\n"
POLITE = "signal.signal(signal.SIGTERM, lambda number, frame: sys.exit('bye'))\n"
DEAF = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"


class SmallServer(ServerProcess):
    name = "small"
    title = "Small server"
    script = PRELUDE + SERVE

    def prepare(self) -> None:
        self.prepared = True

    def command(self) -> list[str]:
        return [sys.executable, "-c", self.script, str(self._ports["client"])]

    def answers(self) -> bool:
        return True


@pytest.fixture
def around(tmp_path: Path) -> Surroundings:
    return Surroundings(tmp_path, Record(tmp_path / "stack.json"), die_with_parent=True)


@pytest.fixture
def server(around: Surroundings) -> Iterator[SmallServer]:
    server = SmallServer(around, ports={"client": StackPorts.free().kafka})
    yield server
    server.kill()


def test_it_starts_says_where_it_is_and_stops(server: SmallServer) -> None:
    assert not server.status().up
    server.start()
    status = server.status()
    assert status.up
    assert status.address == server.address
    assert status.pid == server.pid
    assert (status.memory_bytes or 0) > 1_000_000
    server.stop()
    assert not server.status().up
    assert not Path(f"/proc/{status.pid}").exists()


def test_it_gives_way_to_the_programs_of_its_session(server: SmallServer) -> None:
    server.niceness = 7
    server.start()
    assert server.pid
    assert os.getpriority(os.PRIO_PROCESS, server.pid) == min(os.nice(0) + 7, 19)
    assert os.getsid(server.pid) == os.getsid(0)
    assert os.getpgid(server.pid) == server.pid  # Ctrl-C is not for it


def test_starting_twice_keeps_the_first(server: SmallServer) -> None:
    server.start()
    first = server.pid
    server.start()
    assert server.pid == first


def test_another_object_finds_it_and_ends_it(server: SmallServer, around: Surroundings) -> None:
    server.start()
    other = SmallServer(around, ports={"client": int(server.address.partition(":")[2])})
    other.start()
    assert other.pid == server.pid
    assert server.own
    assert not other.own
    other.stop()
    assert server.pid is None


def test_on_other_ports_it_is_refused_while_it_runs(
    server: SmallServer, around: Surroundings
) -> None:
    server.start()
    other = SmallServer(around, ports={"client": StackPorts.free().kafka})
    with pytest.raises(ConfigurationError, match=r"already runs on port .*recsys stack down"):
        other.start()


def test_a_taken_port_is_one_sentence(server: SmallServer) -> None:
    host, _, port = server.address.partition(":")
    with (
        socket.create_server((host, int(port))),
        pytest.raises(
            ConfigurationError, match=rf"Port {port} \(Small server, .*RECSYS_STACK_PORT"
        ),
    ):
        server.start()
    assert not hasattr(server, "prepared")


def test_one_that_ends_at_once_shows_its_log(server: SmallServer) -> None:
    server.script = "import sys; sys.exit('no such luck')"
    with pytest.raises(RecsysError, match=r"ended while starting.*small\.log:\nno such luck"):
        server.start()


def test_one_that_never_listens_is_given_up(server: SmallServer) -> None:
    server.script = PRELUDE + "time.sleep(600)"
    server.launch()
    with pytest.raises(RecsysError, match="did not get ready"):
        server.wait_ready(timeout=0.3)


def test_a_strangers_listener_is_not_taken_for_ours(server: SmallServer) -> None:
    server.script = PRELUDE + "time.sleep(600)"
    server.launch()
    host, _, port = server.address.partition(":")
    with socket.create_server((host, int(port))), pytest.raises(RecsysError, match="not get ready"):
        server.wait_ready(timeout=0.5)


def test_one_that_ignores_sigterm_is_killed(server: SmallServer) -> None:
    server.script = PRELUDE + DEAF + SERVE
    server.start()
    pid = server.pid
    server.stop(timeout=0.3)
    assert not Path(f"/proc/{pid}").exists()


def test_a_paused_one_goes_on_or_stops_in_good_order(server: SmallServer) -> None:
    server.script = PRELUDE + POLITE + SERVE
    server.start()
    pid = server.pid
    server.pause()
    while _state(pid) != "T":
        time.sleep(0.01)
    server.resume()
    while _state(pid) == "T":
        time.sleep(0.01)
    server.pause()
    server.stop()
    assert is_free(int(server.address.partition(":")[2]))
    assert server.log.read_text() == "bye\n"


def test_after_a_kill_it_starts_again(server: SmallServer) -> None:
    server.start()
    first = server.pid
    server.kill()
    assert server.pid is None
    server.start()
    assert server.pid not in (None, first)


def test_a_crash_is_noticed(server: SmallServer) -> None:
    server.start()
    assert server.pid
    os.kill(server.pid, signal.SIGKILL)
    while server.status().up:
        time.sleep(0.01)
    with pytest.raises(RecsysError, match="Small server is not running"):
        server.pause()


def test_a_stranger_with_the_recorded_pid_is_left_alone(
    server: SmallServer, around: Surroundings
) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as stranger:
        earlier = Identity(stranger.pid, "boot:1")
        around.record.put(server.name, earlier, {"client": 1})
        try:
            assert not server.status().up
            server.stop()
            assert stranger.poll() is None
            around.record.put(server.name, earlier, {"client": 1})
            server.start()
            assert server.pid != stranger.pid
        finally:
            stranger.kill()


def test_a_broken_record_is_one_sentence(server: SmallServer, tmp_path: Path) -> None:
    for text in ("{", "[]", '{"small": {"pid": 1}}'):
        (tmp_path / "stack.json").write_text(text)
        with pytest.raises(ConfigurationError, match=r"stack\.json cannot be read"):
            server.start()
    (tmp_path / "stack.json").unlink()


def _state(pid: int | None) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
