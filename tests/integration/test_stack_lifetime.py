"""Who lives how long: servers of a parent, servers in the background, servers beside a stranger."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pymongo
import pytest
import redis

from recsys_app.errors import ConfigurationError
from recsys_app.stack import Stack, StackPorts
from recsys_app.stack.identity import Identity

QUICK = ("redis", "mongo")
PARENT = """
import sys, time
from pathlib import Path
from recsys_app.stack import Stack, StackPorts
home, base, die = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "die"
stack = Stack(home=home, ports=StackPorts.from_base(base), servers=["redis"], die_with_parent=die)
stack.up()
print(stack.redis.pid, flush=True)
time.sleep(600)
"""

IN_A_TERMINAL = """
import fcntl, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
"""

COMMAND = "from recsys_app.commands.stack import stack; stack()"


def redis_of_a_killed_parent(home: Path, ports: StackPorts, die: str) -> Identity | None:
    command = [sys.executable, "-c", PARENT, str(home), str(ports.kafka), die]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        server = Identity.of(int(parent.stdout.readline()))
        os.kill(parent.pid, signal.SIGKILL)
    return server


@pytest.mark.timeout(60)
def test_servers_die_with_their_parent(tmp_path: Path) -> None:
    server = redis_of_a_killed_parent(tmp_path, StackPorts.free(), "die")
    assert server is not None
    while server.alive():
        time.sleep(0.01)


def test_servers_in_the_background_outlive_their_parent(tmp_path: Path) -> None:
    ports = StackPorts.free()
    server = redis_of_a_killed_parent(tmp_path, ports, "live")
    stack = Stack(home=tmp_path, ports=ports, servers=["redis"], die_with_parent=False)
    assert server is not None
    assert stack.redis.identity == server
    with redis.Redis.from_url(stack.redis_url) as client:
        assert client.ping()
    stack.close()  # ends only what this object started
    assert server.alive()
    stack.down()
    assert not server.alive()


@pytest.mark.timeout(60)
def test_servers_in_the_background_outlive_their_terminal(tmp_path: Path) -> None:
    ports = StackPorts.free()
    terminal, inside = os.openpty()
    script = IN_A_TERMINAL + PARENT.replace("redis", "mongo")  # Valkey ignores the hangup
    command = [sys.executable, "-c", script, str(tmp_path), str(ports.kafka), "live"]
    with subprocess.Popen(
        command, stdin=inside, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as parent:
        assert parent.stdout
        server = Identity.of(int(parent.stdout.readline()))
        os.close(inside)
        os.close(terminal)
        assert parent.wait() == -signal.SIGHUP
    assert server is not None
    assert server.alive()
    with pymongo.MongoClient(f"mongodb://127.0.0.1:{ports.mongo}") as client:
        assert client.admin.command("ping")
    Stack(home=tmp_path, ports=ports, servers=["mongo"], die_with_parent=False).down()
    assert not server.alive()


def test_up_goes_on_with_what_runs_and_starts_the_rest(tmp_path: Path) -> None:
    with Stack(
        home=tmp_path, ports=StackPorts.free(), servers=QUICK, die_with_parent=True
    ) as stack:
        kept = stack.mongo.pid
        stack.redis.kill()
        assert [status.up for status in stack.status()] == [False, True]
        stack.up()
        assert stack.mongo.pid == kept
        assert all(status.up for status in stack.status())
    assert not any(status.up for status in stack.status())


def test_a_taken_port_stops_those_that_had_started(tmp_path: Path) -> None:
    ports = StackPorts.free()
    stack = Stack(home=tmp_path, ports=ports, servers=QUICK, die_with_parent=True)
    with (
        socket.create_server(("127.0.0.1", ports.mongo)),
        pytest.raises(ConfigurationError, match=rf"Port {ports.mongo} \(SecantusDB, client\)"),
    ):
        stack.up()
    assert not any(status.up for status in stack.status())
    stack.up()
    stack.close()


def test_hdfs_names_the_path_it_cannot_use(tmp_path: Path) -> None:
    stack = Stack(
        home=tmp_path / "my folder", ports=StackPorts.free(), servers=["hdfs"], die_with_parent=True
    )
    with pytest.raises(ConfigurationError, match=r"my folder/hdfs, because of a space"):
        stack.up()


def test_the_command_starts_shows_and_ends_them(tmp_path: Path) -> None:
    env = {
        "RECSYS_HOME": str(tmp_path),
        "RECSYS_STACK_PORT": str(StackPorts.free().kafka),
        "RECSYS_KAFKA_URL": "kafka.invalid:9092",
        "RECSYS_HDFS_URL": "http://hdfs.invalid:9870",
    }

    def run(name: str) -> tuple[int, list[list[str]]]:
        command = [sys.executable, "-c", COMMAND, name]
        done = subprocess.run(
            command, env={**os.environ, **env}, stdout=subprocess.PIPE, text=True, check=False
        )
        return done.returncode, [line.split()[:2] for line in done.stdout.splitlines()]

    assert run("status") == (1, [["redis", "down"], ["mongo", "down"]])
    try:
        assert run("up") == (0, [["redis", "up"], ["mongo", "up"]])
        assert run("status") == (0, [["redis", "up"], ["mongo", "up"]])
    finally:
        assert run("down") == (0, [])
    assert run("status") == (1, [["redis", "down"], ["mongo", "down"]])
