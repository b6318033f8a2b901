"""`deploy/spark_train.py` by spark-submit on clusters, with the lines of docs/spark.md."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pyspark
import pytest
from hdfs import InsecureClient

from recsys_app.stack import Stack
from tests.service import ROOT, SMALL_MODEL, Service
from tests.spark_cluster import packed_environment, spark_cluster
from tests.yarn_cluster import yarn_cluster

SPARK = Path(pyspark.__file__).parent
CONFIGURATION = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.executor.instances": "1",
    "spark.executor.memory": "700m",
    "spark.yarn.jars": f"local:{SPARK}/jars/*",
}
USERS, MOVIES = 20, 30


@pytest.fixture(params=["standalone", "yarn"])
def cluster(
    request: pytest.FixtureRequest, stack: Stack, tmp_path: Path
) -> Iterator[Mapping[str, str]]:
    """What the environment says of a cluster."""
    if request.param == "yarn":
        with yarn_cluster(tmp_path, hdfs_rpc_url=stack.hdfs_rpc_url) as conf:
            yield {"SPARK_MASTER": "yarn", "HADOOP_CONF_DIR": str(conf)}
    else:
        with spark_cluster(tmp_path) as master:
            yield {"SPARK_MASTER": master}


def write_dataset(folder: Path) -> Path:
    folder.mkdir()
    movies = "".join(f"{movie},Movie {movie} (1999),Drama\n" for movie in range(1, MOVIES + 1))
    (folder / "movies.csv").write_text(f"movieId,title,genres\n{movies}")
    ratings = "".join(
        f"{user},{movie},{5 if (user + movie) % 2 else 1},{1_700_000_000 + movie}\n"
        for user in range(1, USERS + 1)
        for movie in range(1, MOVIES + 1)
        if (user * movie) % 3
    )
    (folder / "ratings.csv").write_text(f"userId,movieId,rating,timestamp\n{ratings}")
    return folder


def test_the_file_for_spark_submit_is_recsys_train() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "deploy" / "spark_train.py"), "--help"],
        env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "Train a model" in done.stdout


@pytest.mark.full
@pytest.mark.timeout(900)
def test_a_training_by_spark_submit(
    stack: Stack, cluster: Mapping[str, str], tmp_path: Path
) -> None:
    hdfs = InsecureClient(stack.hdfs_url, user="recsys")
    hdfs.upload("/submit/environment.tar.gz", str(packed_environment(tmp_path)), overwrite=True)
    with Service(
        stack, name=f"submit{cluster['SPARK_MASTER'][:4]}", home=tmp_path / "home",
        train_interval_seconds=100_000, train_parameters=SMALL_MODEL,
    ) as service:  # fmt: skip
        loaded = service.recsys("load", str(write_dataset(tmp_path / "dataset")))
        assert loaded.returncode == 0, loaded.stderr
        command = [str(SPARK / "bin" / "spark-submit"), "--master", cluster["SPARK_MASTER"]]
        command += ["--driver-memory", "1g"]
        command += ["--archives", f"{stack.hdfs_rpc_url}/submit/environment.tar.gz#environment"]
        for name, value in CONFIGURATION.items():
            command += ["--conf", f"{name}={value}"]
        python = {
            "PYSPARK_DRIVER_PYTHON": sys.executable,
            "PYSPARK_PYTHON": "./environment/bin/python",
        }
        done = subprocess.run(
            [*command, str(ROOT / "deploy" / "spark_train.py")],
            cwd=service.home, env={**service.environment, **cluster, **python},
            capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert done.stdout.endswith("Model v1 is active.\n")
    hdfs.delete("/submit", recursive=True)
