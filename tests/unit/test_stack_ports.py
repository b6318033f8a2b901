import os
import socket
from collections.abc import Iterator
from dataclasses import asdict, astuple

import pytest

from recsys_app.errors import ConfigurationError
from recsys_app.stack.ports import StackPorts, is_free, is_open, listens


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_the_layout_that_the_settings_rely_on() -> None:
    ports = asdict(StackPorts.from_base(26060))
    clients = {name: ports[name] for name in ("kafka", "namenode_http", "redis", "mongo")}
    assert clients == {"kafka": 26060, "namenode_http": 26063, "redis": 26067, "mongo": 26068}


@pytest.mark.parametrize("base", [80, 65528, -1])
def test_a_base_without_room_is_refused_by_name(base: int) -> None:
    with pytest.raises(ConfigurationError, match="RECSYS_STACK_PORT"):
        StackPorts.from_base(base)


def test_free_ports_can_be_listened_on() -> None:
    for port in astuple(StackPorts.free()):
        with socket.create_server(("127.0.0.1", port)):
            pass


def test_a_taken_port_is_not_free(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    assert not is_free(port)
    assert is_open(port)
    listener.close()
    assert is_free(port)
    assert not is_open(port)


def test_who_listens_is_known(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    assert listens(os.getpid(), port)
    assert not listens(os.getppid(), port)
    with socket.create_connection(("127.0.0.1", port)), listener.accept()[0]:
        listener.close()
        assert not listens(os.getpid(), port)  # its port is still in use, by a connection
