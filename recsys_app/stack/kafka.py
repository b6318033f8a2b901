"""Apache Kafka as one KRaft node: broker and controller in one process."""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import subprocess
import threading
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from recsys_app.errors import RecsysError
from recsys_app.stack.jvm import Jvm
from recsys_app.stack.ports import StackPorts
from recsys_app.stack.process import ServerProcess, Surroundings

_HEAP_MB = 256
_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{broker}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
num.network.threads=2
num.io.threads=4
background.threads=2
log.cleaner.dedupe.buffer.size=16777216
"""


class KafkaServer(ServerProcess):
    """A Kafka broker with its own controller."""

    name = "kafka"
    title = "Kafka"
    niceness = 10

    def __init__(self, around: Surroundings, *, ports: StackPorts, jvm: Jvm) -> None:
        super().__init__(
            around, ports={"broker": ports.kafka, "controller": ports.kafka_controller}
        )
        self._jvm = jvm
        self._data = self.home / "data"
        self._properties = self.home / "server.properties"

    def fetch(self) -> None:
        self._jvm.class_path("kafka")

    def prepare(self) -> None:
        self._write_properties(self._properties, self._data)
        if not self._data.exists():
            self._format()

    def _write_properties(self, path: Path, data: Path) -> None:
        path.write_text(_PROPERTIES.format(data=data, **self._ports))

    def _format(self) -> None:
        """Format beside the data folder and rename, so that a half-formatted one is never used."""
        new = self.home / "data.new"
        shutil.rmtree(new, ignore_errors=True)
        properties = self.home / "format.properties"
        self._write_properties(properties, new)
        # 16 bytes in base64; the first is fixed because an id must not start with a dash.
        cluster_id = base64.urlsafe_b64encode(b"r" + os.urandom(15)).decode().rstrip("=")
        command = self._jvm.command("kafka.tools.StorageTool", heap_mb=64)
        done = subprocess.run(
            [*command, "format", "--config", str(properties), "--cluster-id", cluster_id],
            env={**os.environ, **self.environment()},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RecsysError(f"Kafka could not format {new}: {done.stdout}{done.stderr}")
        new.rename(self._data)

    def command(self) -> list[str]:
        options = [
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-Dorg.slf4j.simpleLogger.showDateTime=true",
            "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSS",
        ]
        command = self._jvm.command("kafka.Kafka", heap_mb=_HEAP_MB, options=options)
        return [*command, str(self._properties)]

    def environment(self) -> dict[str, str]:
        return {"CLASSPATH": self._jvm.class_path("kafka")}

    def answers(self) -> bool:
        """Whether the metadata names a broker: it does so once the controller lets it work."""
        answer: list[bool] = []
        # A thread of its own, because the caller's may be running an event loop.
        asker = threading.Thread(
            target=lambda: answer.append(asyncio.run(_names_broker(self.address)))
        )
        asker.start()
        asker.join()
        return answer == [True]


async def _names_broker(address: str) -> bool:
    client = AIOKafkaAdminClient(bootstrap_servers=address, request_timeout_ms=5000)
    try:
        await client.start()
        return bool((await client.describe_cluster())["brokers"])
    except KafkaError:
        return False
    finally:
        await client.close()
