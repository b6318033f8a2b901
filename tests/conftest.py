"""Real servers for the tests, each started when the first test asks for it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from recsys_app.stack import Stack, StackPorts
from tests.installed import demo_service, outside_service


@pytest.fixture(scope="session")
def stack_of_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack of this test run, on free ports; none of its servers is started yet."""
    home = tmp_path_factory.mktemp("stack")
    stack = Stack(home=home, ports=StackPorts.free(), die_with_parent=True)
    yield stack
    stack.close()
    shutil.rmtree(home)


@pytest.fixture(scope="session")
def stack(stack_of_session: Stack) -> Stack:
    """All four servers, running. A test that harms one starts it again before it ends."""
    stack_of_session.up()
    return stack_of_session


@pytest.fixture(scope="session")
def kafka_url(stack_of_session: Stack) -> str:
    """A running Kafka broker, host:port; a test chooses topic names of its own."""
    stack_of_session.up(["kafka"])
    return stack_of_session.kafka_url


@pytest.fixture(scope="session")
def hdfs_url(stack_of_session: Stack) -> str:
    """A running HDFS, its WebHDFS address; a test chooses folders of its own."""
    stack_of_session.up(["hdfs"])
    return stack_of_session.hdfs_url


@pytest.fixture(scope="session")
def redis_url(stack_of_session: Stack) -> str:
    """A running Valkey; a test chooses keys of its own."""
    stack_of_session.up(["redis"])
    return stack_of_session.redis_url


@pytest.fixture(scope="session")
def mongodb_uri(stack_of_session: Stack) -> str:
    """A running MongoDB-wire server; a test chooses a database of its own."""
    stack_of_session.up(["mongo"])
    return stack_of_session.mongodb_uri


@pytest.fixture(scope="session")
def demo_url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of a worker with the demo data and a trained model."""
    if running := outside_service():
        yield running
        return
    stack = request.getfixturevalue("stack")
    with demo_service(stack, tmp_path_factory.mktemp("demo")) as service:
        yield service.url
