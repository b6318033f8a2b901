"""Trainings on clusters: Spark's own and YARN, whose executors fetch an environment, and as many
pods as Kubernetes' API is asked for."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyspark
import pytest

from jobs.als import train
from jobs.spark_session import packed_code
from recsys_app.services.training_pool import TrainingPool
from recsys_app.stack import Stack
from tests.archives import Archive, some_ratings
from tests.kubernetes_api import kubernetes_api
from tests.spark_cluster import packed_environment, spark_cluster
from tests.yarn_cluster import container_logs, containers_with_environment, yarn_cluster

FAST_START = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
SMALL_EXECUTORS = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.executor.memory": "700m",
    "spark.sql.shuffle.partitions": "2",
}
ONE_EXECUTOR = SMALL_EXECUTORS | {
    "spark.executor.instances": "1",
    "spark.executor.extraJavaOptions": FAST_START,
}


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[str]:
    with spark_cluster(tmp_path) as master:
        yield master


@pytest.fixture
def environment(archive: Archive, tmp_path: Path) -> str:
    """Where executors find their packages, as `RECSYS_SPARK_ARCHIVES` has it."""
    path = f"/{archive.spec.mongodb_database}/environment.tar.gz"
    archive.hdfs.upload(path, str(packed_environment(tmp_path)))
    return f"hdfs://{path}#environment"


def executors_with_environment(home: Path) -> set[str]:
    return {path.parts[-2] for path in home.glob("worker-*/app-*/*/environment")}


@pytest.mark.timeout(600)
async def test_a_training_on_a_cluster(
    archive: Archive, cluster: str, environment: str, tmp_path: Path
) -> None:
    rows = some_ratings()
    archive.add(rows)
    spec = archive.training(
        spark_master=cluster,
        spark_archives=environment,
        spark_conf=SMALL_EXECUTORS,
    )

    result = await TrainingPool().run(train, spec)

    assert (result.users, result.ratings) == (30, len(rows))
    assert len(archive.lists()) == 30
    assert executors_with_environment(tmp_path) == {"0", "1"}


@pytest.fixture
def hadoop_conf(stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with yarn_cluster(tmp_path, hdfs_rpc_url=stack.hdfs_rpc_url) as conf:
        monkeypatch.setenv("HADOOP_CONF_DIR", str(conf))
        yield


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("hadoop_conf")
async def test_a_training_on_yarn(archive: Archive, environment: str, tmp_path: Path) -> None:
    rows = some_ratings()
    archive.add(rows)
    spec = archive.training(
        spark_master="yarn",
        spark_archives=environment,
        spark_conf=ONE_EXECUTOR
        | {
            "spark.yarn.jars": f"local:{Path(pyspark.__file__).parent}/jars/*",
            "spark.yarn.am.extraJavaOptions": FAST_START,
        },
    )

    result = await TrainingPool().run(train, spec)

    assert (result.users, result.ratings) == (30, len(rows))
    assert len(archive.lists()) == 30
    assert len(containers_with_environment(tmp_path)) == 2  # the application master has one too
    logs = container_logs(tmp_path)
    assert len(logs) == 2
    assert not any("Unpacking an archive" in log for log in logs)  # YARN has done it, once


@pytest.mark.timeout(600)
async def test_a_training_by_pods(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = some_ratings()
    archive.add(rows)
    packed_environment(tmp_path)  # stands for what the image has
    monkeypatch.setenv("PYSPARK_PYTHON", str(tmp_path / "environment" / "bin" / "python"))
    image = {"spark.kubernetes.container.image": "registry.example/recsys:1"}
    async with kubernetes_api(tmp_path) as (master, kubernetes):
        spec = archive.training(spark_master=master, spark_conf=ONE_EXECUTOR | image)

        result = await TrainingPool().run(train, spec)

        assert (result.users, result.ratings) == (30, len(rows))
        assert len(archive.lists()) == 30
        (pod,) = kubernetes.created
        assert pod["spec"]["containers"][0]["image"] == "registry.example/recsys:1"
        assert kubernetes.pods == {}


def test_the_packed_code_is_all_that_executors_import_of_ours(tmp_path: Path) -> None:
    packed = packed_code(tmp_path)
    program = "import jobs.publishing, sys; print(jobs.publishing.__file__)"
    there = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(packed)}, cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert there.stdout.startswith(str(packed))
