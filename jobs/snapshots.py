"""The archive's snapshots: read and written by Spark, whole or not at all."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession

from jobs.hadoop_files import HadoopFiles
from jobs.spec import TrainingSpec
from recsys_app.archive_snapshot import MANIFEST

log = logging.getLogger(__name__)

STATE = "userId int, movieId int, partition int, rating float, timestamp long, sequence long"
"""The last word of a user on a movie; a rating of null takes an earlier one back."""

KEYS = "userId int, idempotencyKey string, partition int, sequence long"
"""Where a user sent an idempotency key first."""

_ROWS_PER_FILE = 1_000_000


@dataclass(frozen=True)
class ArchiveState:
    """What there is to know of the files read so far."""

    ratings: DataFrame
    """As `STATE`."""
    keys: DataFrame | None = None
    """As `KEYS`; None if there are none."""


def read_snapshot(spark: SparkSession, spec: TrainingSpec) -> ArchiveState | None:
    """What the snapshot of the spec holds, if it names one."""
    if spec.snapshot is None:
        return None
    path = spec.hdfs_rpc_url + spec.snapshot
    return ArchiveState(
        spark.read.schema(STATE).parquet(f"{path}/ratings"),
        spark.read.schema(KEYS).parquet(f"{path}/keys"),
    )


class SnapshotWriter:
    """Writes the new snapshot of a spec, if it asks for one.

    The manifest is there before anything is read, and is the permit for the rest: an erasure
    deletes it, so that what was read before the erasure can never be taken for a snapshot.
    """

    def __init__(self, spark: SparkSession, spec: TrainingSpec) -> None:
        self._new = spec.new_snapshot
        self._url = spec.hdfs_rpc_url
        self._files = HadoopFiles(spark, spec.hdfs_rpc_url)
        if self._new:
            self._files.delete(self._new.temporary)
            self._files.write(f"{self._new.temporary}/{MANIFEST}", self._new.manifest.encode())

    def write(self, state: ArchiveState, rows: int) -> None:
        """Makes the state a snapshot. Its files are cut by user, so that an erasure need not
        rewrite all of them."""
        if self._new is None:
            return
        path = self._url + self._new.temporary
        files = 1 + rows // _ROWS_PER_FILE
        ratings = state.ratings.repartitionByRange(files, "userId")
        ratings = ratings.sortWithinPartitions("userId", "movieId")
        ratings.write.option("compression", "zstd").parquet(f"{path}/ratings")
        keys = state.keys or ratings.sparkSession.createDataFrame([], KEYS)
        keys = keys.repartitionByRange(files, "userId").sortWithinPartitions("userId")
        keys.write.option("compression", "zstd").parquet(f"{path}/keys")
        self._files.rename(self._new.temporary, self._new.path)
        if not self._files.exists(f"{self._new.path}/{MANIFEST}"):
            self._files.delete(self._new.path)
            log.warning("no snapshot is kept: somebody was erased while it was written")

    def give_up(self) -> None:
        """Leaves nothing behind."""
        if self._new:
            self._files.delete(self._new.temporary)
