"""The archive's ratings as a DataFrame: every file checked, the newest rating of each film kept."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import NamedTuple

from pyspark.sql import Column, DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from jobs.snapshots import ArchiveState, SnapshotWriter, read_snapshot
from jobs.spark_session import set_partitions
from jobs.spec import TrainingSpec
from recsys_app.archive import COLUMNS, HEADER
from recsys_app.errors import BadDataError
from recsys_app.models import MAX_ID, MAX_RATING, MIN_RATING, OFFSETS_PER_EPOCH

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RatingsRead:
    """The ratings and how many there are."""

    frame: DataFrame
    """userId int, movieId int, rating float, timestamp long, sequence long (see `sequence_number`);
    one row per user and movie; cached."""
    count: int
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
    found, state = _Found(), base
    if spec.files:
        rows = _rows(spark, [spec.hdfs_rpc_url + path for path in spec.files])
        found = _check(rows, spec)
        state = _with_new(base, rows, has_keys=found.keyed > 0)
    assert state is not None  # one of the two is given
    set_partitions(spark, found.rows + (base.ratings.count() if base else 0))
    state.ratings.persist()
    frame = state.ratings.where(F.col("rating").isNotNull()).drop("partition")
    count = frame.count()
    if found.trouble:
        # What a snapshot stands for is not looked at again, and this should be.
        snapshot.give_up()
    else:
        snapshot.write(state, count)
    if not count:
        raise BadDataError("There are no ratings yet: the archive holds none. Rate or load some.")
    return RatingsRead(frame, count, found.bad_rows)


def _rows(spark: SparkSession, paths: list[str]) -> DataFrame:
    """Every line of every file, parsed; `is_good` says whether it is a row of the archive."""
    text = spark.read.text(paths, lineSep="\n", recursiveFileLookup=True)
    lines = text.select(
        "value",
        F.col("_metadata.file_path").alias("path"),
        F.col("_metadata.file_size").alias("file_size"),
    )
    cells = F.split("value", ",")
    cell = {name: F.get(cells, F.lit(i)) for i, name in enumerate(COLUMNS)}
    parsed = lines.select(
        "*",
        (F.col("value") == HEADER.strip()).alias("is_header"),
        F.regexp_extract("path", r"/epoch=(\d+)/", 1).try_cast("long").alias("epoch"),
        F.regexp_extract("path", r"/partition=(\d+)/", 1).try_cast("int").alias("partition"),
        cell["userId"].try_cast("int").alias("userId"),
        cell["movieId"].try_cast("int").alias("movieId"),
        cell["rating"].try_cast("float").alias("rating"),
        cell["timestamp"].try_cast("long").alias("timestamp"),
        cell["offset"].try_cast("long").alias("offset"),
        cell["idempotencyKey"].alias("idempotencyKey"),
        F.col("value").rlike(r"^,,,,\d+,$").alias("is_void"),
        (cell["rating"] == "").alias("is_taken_back"),
    )
    return parsed.withColumn("is_good", _is_good())


def _is_good() -> Column:
    rating = F.col("is_taken_back") | F.col("rating").between(MIN_RATING, MAX_RATING)
    whole = (
        (F.size(F.split("value", ",")) == len(COLUMNS))
        & F.col("offset").isNotNull()
        & F.col("timestamp").isNotNull()
        & F.col("userId").between(1, MAX_ID)
        & F.col("movieId").between(1, MAX_ID)
        & rating
    )
    return F.coalesce(F.col("is_void") | whole, F.lit(False))


class _Found(NamedTuple):
    """What is in the files."""

    rows: int = 0
    bad_rows: int = 0
    keyed: int = 0
    """Rows with an idempotency key."""
    trouble: str | None = None


def _check(rows: DataFrame, spec: TrainingSpec) -> _Found:
    """What is in the files.

    Raises:
        BadDataError: names the first file that is not whole.
    """
    is_bad = ~F.col("is_header") & ~F.col("is_good")
    files = rows.groupBy("path").agg(
        F.count_if("is_header").alias("headers"),
        F.count_if(_has_key()).alias("keyed"),
        F.count_if(is_bad).alias("bad_rows"),
        F.min(F.when(is_bad, F.col("value"))).alias("bad_row"),
        F.count("*").alias("rows"),
        # Every line ends in a newline, so a file is as long as its lines and their newlines.
        (F.sum(F.octet_length("value") + 1) != F.max("file_size")).alias("is_torn"),
    )
    blamed = F.struct("path", "headers", "bad_row", "is_torn")
    is_broken = F.col("is_torn") | (F.col("headers") != 1)
    summary = files.agg(
        F.count("*").alias("files"),
        F.coalesce(F.sum("rows"), F.lit(0)).alias("rows"),
        F.coalesce(F.sum("bad_rows"), F.lit(0)).alias("bad_rows"),
        F.coalesce(F.sum("keyed"), F.lit(0)).alias("keyed"),
        F.min(F.when(is_broken, blamed)).alias("broken"),
        F.min(F.when(F.col("bad_rows") > 0, blamed)).alias("bad"),
    ).first()
    assert summary is not None  # an aggregate without keys has exactly one row
    reason = _reason(summary, len(spec.files))
    if reason and not spec.allow_bad_rows:
        raise BadDataError(f"{reason}. Repair the file, or allow bad rows to leave them out")
    if reason:
        log.warning("%d bad rows are left out; the first trouble: %s", summary.bad_rows, reason)
    return _Found(summary.rows, summary.bad_rows, summary.keyed, reason)


def _reason(summary: Row, files: int) -> str | None:
    if summary.bad:
        return f"{summary.bad.path}: the row {summary.bad.bad_row!r} is not {','.join(COLUMNS)}"
    if summary.broken and summary.broken.headers != 1:
        return f"{summary.broken.path}: {summary.broken.headers} headers, there must be one"
    if summary.broken:
        return f"{summary.broken.path}: the last line is torn"
    if summary.files != files:
        return f"{files - summary.files} of {files} archive files are empty"
    return None


def _has_key() -> Column:
    return F.col("is_good") & (F.col("idempotencyKey") != "")


def _with_new(base: ArchiveState | None, rows: DataFrame, *, has_keys: bool) -> ArchiveState:
    """What is known with these rows; of an idempotency key, a user's first row counts."""
    place = F.col("epoch") * OFFSETS_PER_EPOCH + F.col("offset") + 1
    new = rows.where(F.col("is_good") & F.col("userId").isNotNull())
    new = new.select("*", place.alias("sequence"))
    known = [base.ratings] if base else []
    if not has_keys:
        return ArchiveState(_newest([*known, new]), base.keys if base else None)
    names = ("sequence", "partition", "movieId", "rating", "timestamp")
    keyed = new.where(_has_key()).select("userId", "idempotencyKey", *names)
    if base and base.keys:
        keyed = keyed.unionByName(base.keys, allowMissingColumns=True)
    firsts = (
        keyed.groupBy("userId", "idempotencyKey")
        .agg(F.min(F.struct(*names)).alias("first"))
        .select("userId", "idempotencyKey", "first.*")
    )
    # A key of the snapshot comes without a movie: what came with it is in the snapshot already.
    first_rows = firsts.where(F.col("movieId").isNotNull())
    unkeyed = new.where(~_has_key())
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
    last = F.max(F.struct("sequence", "rating", "timestamp", "partition")).alias("last")
    return (
        rows.groupBy("userId", "movieId")
        .agg(last)
        .select(
            "userId",
            "movieId",
            "last.partition",
            "last.rating",
            "last.timestamp",
            "last.sequence",
        )
    )
