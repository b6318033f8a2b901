"""A Spark session with the settings that the measurements ask for."""

from __future__ import annotations

import os
import shutil
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyspark.sql import SparkSession

from jobs.spec import TrainingSpec
from recsys_app.apt_packages import unpacked_java_home

SMALL_INPUT_BYTES = 40_000_000
"""About a million ratings: below it the JVM's start and warm-up cost more than the fit."""

RATINGS_PER_PARTITION = 500_000

_LOGGING = """\
status = error
appenders = stderr
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = %d %p %c: %m%n%ex
rootLogger.level = error
rootLogger.appenderRef.stderr.ref = stderr
"""

_FAST_START = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"


@contextmanager
def spark_session(spec: TrainingSpec) -> Iterator[SparkSession]:
    """A session that ends, and whose temporary files are gone, with the block."""
    scratch = _scratch_directory(Path(spec.scratch))
    try:
        spark = _start(spec, scratch)
        try:
            if not is_local(spec.spark_master):
                spark.sparkContext.addPyFile(str(packed_code(scratch)))
            yield spark
        finally:
            spark.stop()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def is_local(master: str) -> bool:
    return master.startswith("local")


def set_partitions(spark: SparkSession, rows: int) -> int:
    """The number of shuffle partitions for so many ratings, now in use."""
    partitions = max(spark.sparkContext.defaultParallelism, rows // RATINGS_PER_PARTITION)
    spark.conf.set("spark.sql.shuffle.partitions", str(partitions))
    return partitions


def _start(spec: TrainingSpec, scratch: Path) -> SparkSession:
    # The JVM, and in local mode its Python workers, take this from the environment of this process.
    # Spark runs one task per core: a BLAS that starts threads of its own only gets in the way.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    java_home = None if shutil.which("java") else unpacked_java_home()
    if java_home:  # PySpark looks there and on the PATH only
        os.environ.setdefault("JAVA_HOME", str(java_home))
    if is_local(spec.spark_master):
        os.environ["PYSPARK_PYTHON"] = sys.executable
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    else:
        # Of this process only: the executors' machines have scratch space of their own.
        os.environ["SPARK_LOCAL_DIRS"] = str(scratch)
        if spec.spark_archives:
            os.environ["PYSPARK_PYTHON"] = f"./{first_archive(spec.spark_archives)}/bin/python"
    builder = SparkSession.builder.appName(f"recsys training {spec.version}")
    for key, value in _configuration(spec, scratch).items():
        builder = builder.config(key, value)
    return builder.master(spec.spark_master).getOrCreate()


def _configuration(spec: TrainingSpec, scratch: Path) -> dict[str, str]:
    configuration = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.memory": spec.driver_memory,
        "spark.driver.extraJavaOptions": " ".join(_java_options(spec)),
        "spark.hadoop.fs.defaultFS": spec.hdfs_rpc_url,
        "spark.sql.warehouse.dir": str(scratch / "warehouse"),
        "spark.sql.session.timeZone": "UTC",
        "spark.executorEnv.OPENBLAS_NUM_THREADS": "1",
        # Archive files are small and many: pack them into few tasks, and list them in few.
        "spark.sql.files.openCostInBytes": "65536",
        "spark.sql.files.maxPartitionBytes": "64m",
        # A task's batch of them; without it, ten thousand files would be one.
        "spark.sql.execution.arrow.maxBytesPerBatch": "16m",
        "spark.sql.sources.parallelPartitionDiscovery.parallelism": "8",
    }
    if is_local(spec.spark_master):
        configuration |= {
            "spark.local.dir": str(scratch),
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            # The Python workers import this very code, wherever this process found it.
            "spark.executorEnv.PYTHONPATH": str(Path(__file__).parents[1]),
        }
    elif spec.spark_archives:
        # With the other name YARN unpacks them once for a node, then each executor once more.
        name = "spark.yarn.dist.archives" if spec.spark_master == "yarn" else "spark.archives"
        configuration[name] = spec.spark_archives
    return configuration | dict(spec.spark_conf)


def packed_code(directory: Path) -> Path:
    """A zip in the directory of the packages that the executors import of ours."""
    here = Path(__file__).parents[1]
    packed = directory / "recsys-code.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for package in ("jobs", "recsys_app"):
            for module in sorted((here / package).rglob("*.py")):
                archive.write(module, module.relative_to(here))
    return packed


def first_archive(archives: str) -> str:
    """The directory in which executors find the first of the archives."""
    path, _, name = archives.partition(",")[0].partition("#")
    return name or path.rpartition("/")[2]


def _java_options(spec: TrainingSpec) -> list[str]:
    directory = _jvm_directory(Path(spec.scratch))
    logging = directory / "log4j2.properties"
    logging.write_text(_LOGGING)
    options = [f"-Djava.io.tmpdir={directory}", f"-Dlog4j2.configurationFile={logging.as_uri()}"]
    if spec.input_bytes is not None and spec.input_bytes <= SMALL_INPUT_BYTES:
        options.append(_FAST_START)
    return options


def _scratch_directory(root: Path) -> Path:
    """A folder that is this process's own; what killed trainings left behind is removed.

    It is the same for each training of the process, whose JVM remembers the first.
    """
    _jvm_directory(root).mkdir(parents=True, exist_ok=True)
    for left in root.glob("*-*"):
        process_id = left.name.rpartition("-")[2]
        if process_id.isdecimal() and not _is_running(int(process_id)):
            shutil.rmtree(left, ignore_errors=True)
    scratch = root / f"training-{os.getpid()}"
    scratch.mkdir(exist_ok=True)
    return scratch


def _jvm_directory(root: Path) -> Path:
    """Where the JVM unpacks its libraries: it serves every training of this process."""
    return root / f"jvm-{os.getpid()}"


def _is_running(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
