"""What a training reads and writes, new for each test."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from hdfs import InsecureClient
from pymongo import MongoClient
from pyspark.sql import SparkSession

from jobs.spark_session import spark_session
from jobs.spec import TrainingSpec
from recsys_app.stack import Stack
from tests.archives import CATALOGUE, SMALL, Archive


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("spark")


@pytest.fixture
async def archive(stack: Stack, scratch: Path) -> AsyncIterator[Archive]:
    name = f"als-{uuid.uuid4().hex[:8]}"
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.kafka_url)
    await admin.start()
    await admin.create_topics([NewTopic(name, 2, 1)])
    await admin.close()
    hdfs = InsecureClient(stack.hdfs_url, user="recsys")
    with MongoClient[dict[str, Any]](stack.mongodb_uri) as client:
        client[name]["movies"].insert_many({"_id": movie_id} for movie_id in CATALOGUE)
        spec = TrainingSpec(
            version="v1",
            files=(),
            hdfs_rpc_url=stack.hdfs_rpc_url,
            mongodb_uri=stack.mongodb_uri,
            mongodb_database=name,
            kafka=(stack.kafka_url,),
            recommendations_topic=name,
            scratch=str(scratch),
            spark_master="local[2]",
            driver_memory="1g",
            models_root=f"/{name}/models",
            top_n=10,
            popular_n=5,
            input_bytes=0,
            parameters=SMALL,
        )
        yield Archive(hdfs, client[name], spec, f"/{name}/ratings")
        client.drop_database(name)
    hdfs.delete(f"/{name}", recursive=True)


@pytest.fixture(scope="module")
def spark(stack: Stack, scratch: Path) -> Iterator[SparkSession]:
    spec = TrainingSpec(
        version="reading",
        files=(),
        hdfs_rpc_url=stack.hdfs_rpc_url,
        mongodb_uri="",
        mongodb_database="",
        kafka=(),
        recommendations_topic="",
        scratch=str(scratch),
        spark_master="local[2]",
        driver_memory="1g",
        input_bytes=0,
    )
    with spark_session(spec) as session:
        yield session
