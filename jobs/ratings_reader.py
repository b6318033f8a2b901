"""The archive's ratings as a DataFrame: every file checked, the newest rating of each film kept."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, Row, SparkSession
from pyspark.sql import functions as F

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
    """The ratings that the files hold, the last word of each user on each movie.

    Raises:
        BadDataError: there are no ratings; or a file has a wrong header, a torn line or a bad row,
            and bad rows are not allowed.
    """
    if not spec.files:
        raise BadDataError("There are no ratings yet: the archive has no file. Rate or load some.")
    rows = _rows(spark, [spec.hdfs_rpc_url + path for path in spec.files])
    checked = _check(rows, spec)
    set_partitions(spark, checked.rows)
    frame = _newest(_first_of_each_key(rows) if checked.keyed else rows).persist()
    count = frame.count()
    if not count:
        raise BadDataError("There are no ratings yet: the archive holds none. Rate or load some.")
    return RatingsRead(frame, count, checked.bad_rows)


def _rows(spark: SparkSession, paths: list[str]) -> DataFrame:
    """Every line of every file, parsed; `is_good` says whether it is a row of the archive."""
    lines = spark.read.text(
        paths,
        lineSep="\n",
        recursiveFileLookup=True,
    ).select(
        "value",
        F.col("_metadata.file_path").alias("path"),
        F.col("_metadata.file_size").alias("file_size"),
    )
    cells = F.split("value", ",")
    cell = {name: F.get(cells, F.lit(i)) for i, name in enumerate(COLUMNS)}
    parsed = lines.select(
        "*",
        (F.col("value") == HEADER.strip()).alias("is_header"),
        F.regexp_extract("path", r"/epoch=(\d+)/", 1).try_cast("int").alias("epoch"),
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


def _check(rows: DataFrame, spec: TrainingSpec) -> Row:
    """The number of rows and of bad rows.

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
    return summary


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


def _first_of_each_key(rows: DataFrame) -> DataFrame:
    """The rows without those whose idempotency key the same user has used before."""
    place = F.struct("epoch", "offset")
    repeated = (
        rows.where(_has_key())
        .groupBy("userId", "idempotencyKey")
        .agg(F.min(place).alias("first"), F.count("*").alias("times"))
        .where(F.col("times") > 1)
        .drop("times")
    )
    # A key that is not repeated, and a row without one, finds no partner.
    is_first = F.col("first").isNull() | (F.col("first") == place)
    return rows.join(F.broadcast(repeated), ["userId", "idempotencyKey"], "left").where(is_first)


def _newest(rows: DataFrame) -> DataFrame:
    """The last word of each user on each movie, without those that were taken back.

    A user's ratings are in one partition of an epoch, so that offsets order them within it.
    """
    last = F.max(F.struct("epoch", "offset", "rating", "timestamp")).alias("last")
    return (
        rows.where(F.col("is_good") & F.col("userId").isNotNull())
        .groupBy("userId", "movieId")
        .agg(last)
        .select(
            "userId",
            "movieId",
            "last.rating",
            "last.timestamp",
            (F.col("last.epoch").cast("long") * OFFSETS_PER_EPOCH + F.col("last.offset") + 1).alias(
                "sequence"
            ),
        )
        .where(F.col("rating").isNotNull())
    )
