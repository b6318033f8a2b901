"""A training on a real Spark cluster: a master, two workers, and an environment that they fetch."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.als import train
from jobs.spark_session import packed_code
from recsys_app.services.training_pool import TrainingPool
from tests.archives import Archive, some_ratings
from tests.spark_cluster import packed_environment, spark_cluster


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
        spark_conf={
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.executor.memory": "700m",
            "spark.sql.shuffle.partitions": "2",
        },
    )

    result = await TrainingPool().run(train, spec)

    assert (result.users, result.ratings) == (30, len(rows))
    assert len(archive.lists()) == 30
    assert executors_with_environment(tmp_path) == {"0", "1"}
    assert "_checkpoints" not in archive.hdfs.list(archive.spec.models_root) or not (
        archive.hdfs.list(f"{archive.spec.models_root}/_checkpoints")
    )


def test_the_packed_code_is_all_that_executors_import_of_ours(tmp_path: Path) -> None:
    packed = packed_code(tmp_path)
    program = "import jobs.publishing, sys; print(jobs.publishing.__file__)"
    there = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(packed)}, cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert there.stdout.startswith(str(packed))
