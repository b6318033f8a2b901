"""ZooKeeper and Kafka in local Docker containers: are they there, and do they run?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import aiohttp
from aiodocker import Docker, DockerError
from aiodocker.containers import DockerContainer

from recsys_app.services.kafka_containers import Role, image_runs, needs_zookeeper
from recsys_app.stores.kafka import TopicSpec

_TITLES: Mapping[Role, str] = {"kafka": "Kafka", "zookeeper": "ZooKeeper"}


class TopicCreator(Protocol):
    """Whoever can create topics."""

    async def create_topics(self, topics: Sequence[TopicSpec]) -> list[str]: ...


class Outcome(StrEnum):
    """How a container was left."""

    RUNNING = "running"
    STARTED = "started"
    FAILED = "failed"
    MISSING = "missing"


@dataclass(frozen=True, kw_only=True)
class ContainerState:
    """One container, or the lack of one."""

    role: Role
    outcome: Outcome
    name: str = ""
    reason: str = ""

    def __str__(self) -> str:
        match self.outcome:
            case Outcome.RUNNING:
                return f"{_TITLES[self.role]} container {self.name} is running."
            case Outcome.STARTED:
                return f"{_TITLES[self.role]} container {self.name} was stopped and is started."
            case Outcome.FAILED:
                return f"{_TITLES[self.role]} container {self.name} does not run: {self.reason}."
            case Outcome.MISSING:
                return f"There is no container with {_TITLES[self.role]}{self.reason}."


@dataclass(frozen=True, kw_only=True)
class ContainerReport:
    """What `check_containers` has found and done; as text, a sentence for each container."""

    engine: bool
    reason: str = ""
    needs_zookeeper: bool = False
    containers: tuple[ContainerState, ...] = ()

    @property
    def ok(self) -> bool:
        """Every container that is needed runs."""
        well = (Outcome.RUNNING, Outcome.STARTED)
        return self.engine and all(state.outcome in well for state in self.containers)

    def names(self, outcome: Outcome) -> tuple[str, ...]:
        """The containers left that way; the missing by what they would run."""
        return tuple(s.name or s.role for s in self.containers if s.outcome is outcome)

    def __str__(self) -> str:
        if not self.engine:
            return f"No Docker Engine is reachable, so no container was checked: {self.reason}."
        lines = [str(state) for state in self.containers]
        if not self.needs_zookeeper:
            lines.append("The broker runs in KRaft mode and needs no ZooKeeper.")
        return "\n".join(lines)


class _NoEngine(Exception):
    pass


class DockerService:
    """Keeps the containers of ZooKeeper and Kafka running, and creates topics.

    A container is known by its name or, where none has that name, by its image.
    """

    def __init__(
        self,
        *,
        topics: TopicCreator,
        url: str | None = None,
        kafka_container: str = "kafka",
        zookeeper_container: str = "zookeeper",
        timeout_seconds: float = 20.0,
        settle_seconds: float = 1.0,
    ) -> None:
        self._topics = topics
        self._url = url
        self._names: Mapping[Role, str] = {
            "kafka": kafka_container,
            "zookeeper": zookeeper_container,
        }
        self._timeout = timeout_seconds
        self._settle = settle_seconds

    async def check_containers(self) -> ContainerReport:
        """Which containers there are, after starting those that were stopped.

        ZooKeeper comes first, because a broker that needs it gives up without; where every
        broker runs in KRaft mode, ZooKeeper is not looked for.
        """
        try:
            async with self._engine() as docker:
                listed = await docker.containers.list(all="true")
                brokers = self._find(listed, "kafka")
                zookeeper = not brokers or any([await _keeps_to_zookeeper(b) for b in brokers])
                states: list[ContainerState] = []
                if zookeeper:
                    keepers = self._find(listed, "zookeeper")
                    states += await self._run_all("zookeeper", keepers, brokers=bool(brokers))
                states += await self._run_all("kafka", brokers, brokers=bool(brokers))
        except _NoEngine as error:
            return ContainerReport(engine=False, reason=str(error))
        return ContainerReport(engine=True, needs_zookeeper=zookeeper, containers=tuple(states))

    async def create_kafka_topic(
        self, name: str, *, partitions: int = 1, replication: int = 1
    ) -> bool:
        """Creates the topic and returns True, or False if there is one of that name.

        Raises:
            Unavailable: Kafka does not answer.
            ConfigurationError: Kafka refuses it.
        """
        return name in await self._topics.create_topics([TopicSpec(name, partitions, replication)])

    def _find(self, listed: list[DockerContainer], role: Role) -> list[DockerContainer]:
        named = [c for c in listed if f"/{self._names[role]}" in c["Names"]]
        return named or [c for c in listed if image_runs(role, c["Image"])]

    async def _run_all(
        self, role: Role, containers: list[DockerContainer], *, brokers: bool
    ) -> list[ContainerState]:
        if not containers:
            unless = role == "zookeeper" and not brokers
            reason = " (a broker in KRaft mode needs none)" if unless else ""
            return [ContainerState(role=role, outcome=Outcome.MISSING, reason=reason)]
        return [await self._run(role, container) for container in containers]

    async def _run(self, role: Role, container: DockerContainer) -> ContainerState:
        name = container["Names"][0].removeprefix("/")
        status = container["State"]
        if status == "running":
            return ContainerState(role=role, outcome=Outcome.RUNNING, name=name)
        try:
            await (container.unpause() if status == "paused" else container.start())
        except DockerError as error:
            reason = error.message
        else:
            # The engine has started its process, which may still end at once.
            await asyncio.sleep(self._settle)
            state = (await container.show())["State"]
            if state["Running"] and not state["Restarting"]:
                return ContainerState(role=role, outcome=Outcome.STARTED, name=name)
            reason = f"it stopped at once with exit code {state['ExitCode']}; see its log"
        return ContainerState(role=role, outcome=Outcome.FAILED, name=name, reason=reason)

    @asynccontextmanager
    async def _engine(self) -> AsyncIterator[Docker]:
        try:
            async with self._connect() as docker:
                yield docker
        except TimeoutError:
            raise _NoEngine(f"it does not answer within {self._timeout:g} s") from None
        except DockerError as error:
            raise _NoEngine(error.message) from error
        except (aiohttp.ClientError, LookupError, TypeError, ValueError) as error:
            raise _NoEngine("what answers there is not a Docker Engine") from error

    def _connect(self) -> Docker:
        try:
            return Docker(url=self._url, timeout=aiohttp.ClientTimeout(total=self._timeout))
        except (AssertionError, ValueError):  # an assertion is how aiodocker finds no socket
            where = f"{self._url} is not an address of one" if self._url else "there is no socket"
            raise _NoEngine(f"{where}; install Docker, or set RECSYS_DOCKER_URL") from None
        except ImportError as error:
            raise _NoEngine(f"{self._url} cannot be used: {error}") from None


async def _keeps_to_zookeeper(broker: DockerContainer) -> bool:
    # The list does not have the environment; showing a container would overwrite its entry.
    details = await broker.docker.containers.get(broker.id)
    entries = (entry.partition("=") for entry in details["Config"]["Env"] or [])
    return needs_zookeeper({name: value for name, _, value in entries})
