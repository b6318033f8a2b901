"""Each server of the stack does its work, and has it still after a restart."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import hdfs
import pymongo
import redis
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from recsys_app.stack import Stack, StackPorts
from recsys_app.stack.identity import Identity


async def write_record(url: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=url)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 1, 1)])
    await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=url, acks="all") as producer:
        await producer.send_and_wait(topic, b"5.0", key=b"1")


async def read_record(url: str, topic: str) -> tuple[bytes, bytes]:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=url, auto_offset_reset="earliest")
    async with consumer:
        record = await consumer.getone()
    return record.key, record.value


async def test_data_is_kept_over_a_restart(tmp_path: Path) -> None:
    name = uuid.uuid4().hex
    ports = StackPorts.free()
    with Stack(home=tmp_path, ports=ports, die_with_parent=True) as stack:
        await write_record(stack.kafka_url, name)
        hdfs.InsecureClient(stack.hdfs_url).write(f"/{name}/1.csv", b"1,2,5.0\n")
        with redis.Redis.from_url(stack.redis_url) as client:
            client.set(name, "kept")
        mongo: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(stack.mongodb_uri)
        with mongo:
            mongo.get_default_database()[name].insert_one({"_id": 1, "title": "kept"})
        processes = [Identity.of(server.pid or 0) for server in stack.status()]
    assert len(processes) == 5
    assert not any(process is None or process.alive() for process in processes)

    with Stack(home=tmp_path, ports=ports, die_with_parent=True) as stack:
        assert await read_record(stack.kafka_url, name) == (b"1", b"5.0")
        with hdfs.InsecureClient(stack.hdfs_url).read(f"/{name}/1.csv") as file:
            assert file.read() == b"1,2,5.0\n"
        with redis.Redis.from_url(stack.redis_url) as client:
            assert client.get(name) == b"kept"
        mongo = pymongo.MongoClient(stack.mongodb_uri)
        with mongo:
            document = mongo.get_default_database()[name].find_one({"_id": 1})
        assert document == {"_id": 1, "title": "kept"}
