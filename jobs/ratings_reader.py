"""The archive's ratings as a DataFrame: every file checked, the newest rating of each film kept."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.archive_files import (
    COUNTS,
    RATINGS,
    VERDICT,
    Verdict,
    count_ratings,
    judge_files,
    last_words,
    read_files,
)
from jobs.snapshots import STATE, ArchiveState, SnapshotWriter, read_snapshot
from jobs.spark_session import set_partitions
from jobs.spec import TrainingSpec
from recsys_app.errors import BadDataError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RatingsRead:
    """The ratings and how many there are."""

    frame: DataFrame
    """userId int, movieId int, rating float, timestamp long, sequence long (see `sequence_number`);
    one row per user and movie; cached. A user's rows are in one partition, in order of user and
    movie."""
    count: int
    users: int
    bad_rows: int


def read_ratings(spark: SparkSession, spec: TrainingSpec) -> RatingsRead:
    """The last word of each user on each movie, of the snapshot and the files together, and leaves
    a new snapshot of it if the spec says so.

    Raises:
        BadDataError: there are no ratings; or a file has a wrong header, a torn line or a bad row,
            and bad rows are not allowed.
    """
    if not spec.files and spec.snapshot is None:
        raise BadDataError("There are no ratings yet: the archive has no file. Rate or load some.")
    snapshot = SnapshotWriter(spark, spec)
    base = read_snapshot(spark, spec)
    found, new = Verdict(), None
    if spec.files:
        files = _files(spark, spec)
        found = _check(files, spec)
        new = files.mapInArrow(read_files, RATINGS)
    set_partitions(spark, found.rows + (base.ratings.count() if base else 0))
    state = _with_new(base, new, has_keys=found.keyed > 0)
    state.ratings.persist()
    frame = state.ratings.where(F.col("rating").isNotNull()).drop("partition")
    count, users = _count(frame)
    if found.trouble:
        # What a snapshot stands for is not looked at again, and this should be.
        snapshot.give_up()
    else:
        snapshot.write(state, count)
    if not count:
        raise BadDataError("There are no ratings yet: the archive holds none. Rate or load some.")
    return RatingsRead(frame, count, users, found.bad_rows)


def _count(frame: DataFrame) -> tuple[int, int]:
    """How many ratings there are, and of how many users."""
    counts = frame.select("userId").mapInArrow(count_ratings, COUNTS).collect()  # one for each task
    return sum(part.ratings for part in counts), sum(part.users for part in counts)


def _files(spark: SparkSession, spec: TrainingSpec) -> DataFrame:
    """The files, whole, as `path string, content binary`: the archive keeps each small."""
    paths = [spec.hdfs_rpc_url + path for path in spec.files]
    return spark.read.format("binaryFile").load(paths).select("path", "content")


def _check(files: DataFrame, spec: TrainingSpec) -> Verdict:
    """What is in the files.

    Raises:
        BadDataError: names the first file that is not whole.
    """
    parts = files.mapInArrow(judge_files, VERDICT).collect()  # one for each task
    found = reduce(Verdict.with_also, (Verdict(*part) for part in parts), Verdict())
    if not found.trouble and found.files != len(spec.files):  # Spark passes over empty files
        empty = len(spec.files) - found.files
        found = found._replace(trouble=f"{empty} of {len(spec.files)} archive files are empty")
    if found.trouble and not spec.allow_bad_rows:
        raise BadDataError(f"{found.trouble}. Repair the file, or allow bad rows to leave them out")
    if found.trouble:
        log.warning("%d bad rows are left out; first, %s", found.bad_rows, found.trouble)
    return found


def _with_new(base: ArchiveState | None, new: DataFrame | None, *, has_keys: bool) -> ArchiveState:
    """What is known with these rows; of an idempotency key, a user's first row counts. One of the
    two is given."""
    has_key = F.col("idempotencyKey") != ""
    known = [base.ratings] if base else []
    if new is None or not has_keys:
        parts = known if new is None else [*known, new]
        return ArchiveState(_newest(parts), base.keys if base else None)
    names = ("sequence", "partition", "movieId", "rating", "timestamp")
    keyed = new.where(has_key).select("userId", "idempotencyKey", *names)
    if base and base.keys:
        keyed = keyed.unionByName(base.keys, allowMissingColumns=True)
    firsts = (
        keyed.groupBy("userId", "idempotencyKey")
        .agg(F.min(F.struct(*names)).alias("first"))
        .select("userId", "idempotencyKey", "first.*")
    )
    # A key of the snapshot comes without a movie: what came with it is in the snapshot already.
    first_rows = firsts.where(F.col("movieId").isNotNull())
    unkeyed = new.where(~has_key)
    return ArchiveState(
        _newest([*known, unkeyed, first_rows]),
        firsts.select("userId", "idempotencyKey", "partition", "sequence"),
    )


def _newest(parts: Sequence[DataFrame]) -> DataFrame:
    """The last word of each user on each movie, as `STATE`.

    A user's ratings are in one partition of an epoch, so that offsets order them within it.
    """
    columns = ("userId", "movieId", "partition", "rating", "timestamp", "sequence")
    rows = reduce(DataFrame.union, [part.select(*columns) for part in parts])
    partitions = int(rows.sparkSession.conf.get("spark.sql.shuffle.partitions") or 1)
    return rows.repartition(partitions, "userId").mapInArrow(last_words, STATE)
