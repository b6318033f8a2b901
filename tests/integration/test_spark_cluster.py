"""A training on a real Spark cluster: a master, two workers, and an environment that they fetch."""

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
from tests.service import ROOT, SMALL_MODEL, Service
from tests.spark_cluster import packed_environment, spark_cluster

ON_THIS_MACHINE = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.executor.memory": "700m",
    "spark.sql.shuffle.partitions": "2",
}


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[str]:
    with spark_cluster(tmp_path) as master:
        yield master


def executors_with_environment(home: Path) -> set[str]:
    return {path.parts[-2] for path in home.glob("worker-*/app-*/*/environment")}


@pytest.mark.timeout(600)
async def test_a_training_on_a_cluster(archive: Archive, cluster: str, tmp_path: Path) -> None:
    rows = some_ratings()
    archive.add(rows)
    spec = archive.training(
        spark_master=cluster,
        spark_archives=f"{packed_environment(tmp_path).as_uri()}#environment",
        spark_conf=ON_THIS_MACHINE,
    )

    result = await TrainingPool().run(train, spec)

    assert (result.users, result.ratings) == (30, len(rows))
    assert len(archive.lists()) == 30
    assert executors_with_environment(tmp_path) == {"0", "1"}
    assert "_checkpoints" not in archive.hdfs.list(archive.spec.models_root) or not (
        archive.hdfs.list(f"{archive.spec.models_root}/_checkpoints")
    )


@pytest.mark.timeout(600)
def test_spark_submit_trains_on_a_cluster(stack: Stack, cluster: str, tmp_path: Path) -> None:
    """The line in docs/spark.md, with which the installation's own model becomes active."""
    service = Service(stack, name="submitted", home=tmp_path, train_parameters=SMALL_MODEL)
    service.start()
    try:
        assert service.recsys("load").returncode == 0
        submitted = subprocess.run(
            [
                *(f"{Path(pyspark.__file__).parent}/bin/spark-submit", "--master", cluster),
                *("--archives", f"{packed_environment(tmp_path).as_uri()}#environment"),
                *(f"--conf={name}={value}" for name, value in ON_THIS_MACHINE.items()),
                str(ROOT / "deploy" / "spark_train.py"),
            ],
            env={
                **service.environment,
                "SPARK_MASTER": cluster,
                "PYSPARK_PYTHON": "./environment/bin/python",
                "PYSPARK_DRIVER_PYTHON": sys.executable,
            },
            cwd=tmp_path, capture_output=True, text=True, timeout=400, check=False,
        )  # fmt: skip
    finally:
        service.stop()

    assert "Model v1 is active." in submitted.stdout, submitted.stderr[-3000:]
    assert executors_with_environment(tmp_path) == {"0", "1"}


def test_the_packed_code_is_all_that_executors_import_of_ours(tmp_path: Path) -> None:
    packed = packed_code(tmp_path)
    program = "import jobs.publishing, sys; print(jobs.publishing.__file__)"
    there = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(packed)}, cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert there.stdout.startswith(str(packed))
