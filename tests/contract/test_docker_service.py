"""`DockerService` against a real Docker Engine, and against one that answers like it."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from aiohttp import web

from recsys_app.services.docker_service import ContainerReport, DockerService, Outcome
from recsys_app.stores.kafka import TopicSpec
from tests.docker_engines.engine import CANNOT_START, ENDS_WITH_3, Engine
from tests.docker_engines.real import CannotRun, real_engine
from tests.docker_engines.recorded import recorded_engine, serving

KRAFT = {"KAFKA_NODE_ID": "1", "KAFKA_PROCESS_ROLES": "broker,controller"}
WITH_ZOOKEEPER = {"KAFKA_ZOOKEEPER_CONNECT": "zookeeper:2181"}


class FakeTopics:
    """Topics in a dictionary."""

    def __init__(self) -> None:
        self.specs: dict[str, TopicSpec] = {}

    async def create_topics(self, topics: Sequence[TopicSpec]) -> list[str]:
        created = [topic.name for topic in topics if topic.name not in self.specs]
        self.specs |= {topic.name: topic for topic in topics if topic.name in created}
        return created


@pytest.fixture
def short_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="engine-", dir="/tmp") as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def real_url() -> Iterator[str]:
    try:
        with real_engine() as url:
            yield url
    except CannotRun as reason:
        pytest.skip(f"no real Docker Engine: {reason}")


@pytest.fixture(params=["recorded", "real"])
async def engine(request: pytest.FixtureRequest, short_folder: Path) -> AsyncIterator[Engine]:
    async with AsyncExitStack() as stack:
        if request.param == "real":
            url = request.getfixturevalue("real_url")
        else:
            url = await stack.enter_async_context(recorded_engine(short_folder))
        yield await stack.enter_async_context(Engine(url))


async def check(url: str, *, zookeeper: str = "zookeeper") -> ContainerReport:
    service = DockerService(topics=FakeTopics(), url=url, zookeeper_container=zookeeper)
    return await service.check_containers()


async def test_a_kraft_broker_that_runs_needs_nothing(engine: Engine) -> None:
    await engine.create("kafka", "apache/kafka:4.3.1", KRAFT)

    report = await check(engine.url)

    assert report.engine
    assert report.ok
    assert not report.needs_zookeeper
    assert report.names(Outcome.RUNNING) == ("kafka",)
    assert len(report.containers) == 1
    assert str(report) == (
        "Kafka container kafka is running.\nThe broker runs in KRaft mode and needs no ZooKeeper."
    )


async def test_a_kraft_broker_leaves_a_stopped_zookeeper_alone(engine: Engine) -> None:
    await engine.create("zookeeper", "zookeeper:3.9", run=False)
    await engine.create("kafka", "apache/kafka:4.3.1", KRAFT)

    report = await check(engine.url)

    assert [state.name for state in report.containers] == ["kafka"]
    assert await engine.status("zookeeper") == "created"


async def test_stopped_containers_are_started_zookeeper_first(engine: Engine) -> None:
    await engine.create("zookeeper", "zookeeper:3.9", run=False)
    await engine.create("kafka", "confluentinc/cp-kafka:7.6.0", WITH_ZOOKEEPER)
    await engine.stop("kafka")

    report = await check(engine.url)

    assert report.ok
    assert report.needs_zookeeper
    assert report.names(Outcome.STARTED) == ("zookeeper", "kafka")
    assert await engine.status("zookeeper") == await engine.status("kafka") == "running"
    assert await engine.started_at("zookeeper") < await engine.started_at("kafka")

    again = await check(engine.url)
    assert again.names(Outcome.RUNNING) == ("zookeeper", "kafka")


async def test_a_broker_that_keeps_to_zookeeper_misses_it(engine: Engine) -> None:
    await engine.create("kafka", "confluentinc/cp-kafka:7.6.0", WITH_ZOOKEEPER)

    report = await check(engine.url)

    assert not report.ok
    assert report.names(Outcome.MISSING) == ("zookeeper",)
    assert report.names(Outcome.RUNNING) == ("kafka",)
    assert "There is no container with ZooKeeper." in str(report)


async def test_an_engine_without_containers_misses_both(engine: Engine) -> None:
    report = await check(engine.url)

    assert report.engine
    assert not report.ok
    assert report.names(Outcome.MISSING) == ("zookeeper", "kafka")
    assert "no container with ZooKeeper (a broker in KRaft mode needs none)" in str(report)


async def test_a_paused_container_goes_on(engine: Engine) -> None:
    await engine.create("kafka", "apache/kafka:4.3.1", KRAFT)
    await engine.pause("kafka")

    report = await check(engine.url)

    assert report.names(Outcome.STARTED) == ("kafka",)
    assert await engine.status("kafka") == "running"


async def test_a_container_that_cannot_start_is_reported_in_the_engines_words(
    engine: Engine,
) -> None:
    await engine.create("kafka", "apache/kafka:4.3.1", command=CANNOT_START, run=False)

    report = await check(engine.url)

    assert report.engine
    assert not report.ok
    assert report.names(Outcome.FAILED) == ("kafka",)
    assert "/nonexistent" in str(report)


async def test_a_container_that_ends_at_once_is_not_called_started(engine: Engine) -> None:
    await engine.create("kafka", "apache/kafka:4.3.1", command=ENDS_WITH_3, run=False)

    report = await check(engine.url)

    assert report.names(Outcome.FAILED) == ("kafka",)
    assert "exit code 3" in str(report)


async def test_containers_are_known_by_name_and_else_by_image(engine: Engine) -> None:
    await engine.create("shop-broker-1", "bitnami/kafka:3.4", {"KAFKA_ENABLE_KRAFT": "no"})
    await engine.create("shop-kafka-ui-1", "provectuslabs/kafka-ui:latest", run=False)
    await engine.create("shop-keeper-1", "bitnami/zookeeper:3.9")
    await engine.create("coordination", "company/base:1")

    by_image = await check(engine.url)
    assert by_image.names(Outcome.RUNNING) == ("shop-keeper-1", "shop-broker-1")
    assert await engine.status("shop-kafka-ui-1") == "created"

    by_name = await check(engine.url, zookeeper="coordination")
    assert by_name.names(Outcome.RUNNING) == ("coordination", "shop-broker-1")


async def test_no_engine_is_said_and_survived(short_folder: Path) -> None:
    report = await check(f"unix://{short_folder}/nothing")

    assert not report.engine
    assert not report.ok
    assert report.containers == ()
    assert str(report).startswith("No Docker Engine is reachable, so no container was checked: ")
    assert f"{short_folder}/nothing" in str(report)


@pytest.mark.parametrize("url", ["", "nonsense", "ftp://127.0.0.1"])
async def test_an_address_of_no_engine_is_said(url: str) -> None:
    report = await check(url)
    assert not report.engine
    assert "not an address of one" in str(report) or "there is no socket" in str(report)


async def test_a_server_that_is_no_engine_is_said(short_folder: Path) -> None:
    async def hello(request: web.Request) -> web.Response:
        return web.Response(text="hello")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", hello)
    async with serving(app, short_folder) as url:
        report = await check(url)
    assert not report.engine
    assert "is not a Docker Engine" in str(report)


async def test_an_engine_that_does_not_answer_is_given_up(short_folder: Path) -> None:
    async def silence(request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", silence)
    async with serving(app, short_folder) as url:
        service = DockerService(topics=FakeTopics(), url=url, timeout_seconds=0.2)
        report = await service.check_containers()
    assert not report.engine
    assert "does not answer within 0.2 s" in str(report)


async def test_topics_are_created_once_and_without_an_engine() -> None:
    topics = FakeTopics()
    service = DockerService(topics=topics, url="unix:///nowhere")

    assert await service.create_kafka_topic("ratings", partitions=4, replication=2)
    assert not await service.create_kafka_topic("ratings", partitions=9)
    assert topics.specs["ratings"] == TopicSpec("ratings", 4, 2)
