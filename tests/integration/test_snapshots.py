"""Snapshots of the archive: what they and the files after them give is what all files give."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from pyspark.sql import SparkSession

from jobs.hadoop_files import HadoopFiles
from jobs.ratings_reader import read_ratings
from jobs.snapshots import STATE, ArchiveState, SnapshotWriter
from jobs.spec import TrainingSpec
from recsys_app.archive import ArchiveRow, format_rows, place_of
from recsys_app.archive_snapshot import (
    MANIFEST,
    Manifest,
    NewSnapshot,
    last_files,
    new_snapshot,
)
from recsys_app.services.archive_eraser import ArchiveEraser
from recsys_app.services.archive_snapshots import ArchiveSnapshots
from recsys_app.services.csv_writer import CSVWriter
from recsys_app.services.snapshot_eraser import SnapshotEraser
from recsys_app.stores.hdfs import HdfsFileStore
from tests.archives import Archive

Ratings = set[tuple[int, int, float, int, int]]


def planned(archive: Archive, number: int = 1) -> NewSnapshot:
    through = last_files(place_of(path) for path in archive.files)
    return new_snapshot(archive.root, number, Manifest(through, 0))


def read(spark: SparkSession, spec: TrainingSpec) -> Ratings:
    columns = ("userId", "movieId", "rating", "timestamp", "sequence")
    frame = read_ratings(spark, spec).frame
    found = {tuple(row) for row in frame.select(*columns).collect()}
    spark.catalog.clearCache()
    return found


def some_rows(chance: random.Random, first: int, partition: int) -> list[ArchiveRow]:
    """Few users, films and keys, so that everything comes more than once."""
    rows = []
    for offset in range(first, first + chance.randint(1, 30)):
        if chance.random() < 0.1:
            rows.append(ArchiveRow(offset))
            continue
        user = chance.randint(1, 4) * 2 + partition
        stars = None if chance.random() < 0.2 else chance.randint(1, 10) / 2
        key = f"k{chance.randint(1, 9)}" if chance.random() < 0.4 else ""
        rows.append(ArchiveRow(offset, user, chance.randint(1, 6), stars, offset, key))
    return rows


def test_snapshot_and_new_files_give_what_all_files_give(
    archive: Archive, spark: SparkSession
) -> None:
    chance = random.Random(8)
    snapshot: str | None = None
    covered = 0
    for step, epoch in enumerate([0, 0, 1], start=1):
        for partition in (0, 1, 0):
            first = len(archive.files) * 1000
            archive.add(some_rows(chance, first, partition), epoch=epoch, partition=partition)
        new = planned(archive, step)
        incremental = archive.training(snapshot=snapshot, new_snapshot=new)
        incremental = replace(incremental, files=tuple(archive.files[covered:]))
        assert read(spark, incremental) == read(spark, archive.training())
        snapshot, covered = new.path, len(archive.files)
    only_the_snapshot = replace(archive.training(snapshot=snapshot), files=())
    assert read(spark, only_the_snapshot) == read(spark, archive.training())
    assert archive.hdfs.list(f"{archive.root}/_snapshots/_writing") == []


def test_no_snapshot_is_made_of_bad_rows(archive: Archive, spark: SparkSession) -> None:
    archive.add_text(format_rows([ArchiveRow(0, 1, 5, 4.5, 1)]) + "1,5\n")
    read(spark, archive.training(allow_bad_rows=True, new_snapshot=planned(archive)))
    assert archive.hdfs.list(f"{archive.root}/_snapshots") == ["_writing"]
    assert archive.hdfs.list(f"{archive.root}/_snapshots/_writing") == []


@pytest.fixture
async def erasing(archive: Archive, hdfs_url: str) -> AsyncIterator[ArchiveEraser]:
    files = HdfsFileStore(hdfs_url, user="recsys", timeout_seconds=10, rpc_url=None)
    index = CSVWriter(files, root=archive.root)
    snapshots = ArchiveSnapshots(files=files, index=index, root=archive.root)
    eraser = SnapshotEraser(files=files, snapshots=snapshots, root=archive.root)
    yield ArchiveEraser(files=files, index=index, root=archive.root, snapshots=eraser)
    await files.close()


async def test_an_erased_user_is_in_no_snapshot(
    archive: Archive, spark: SparkSession, erasing: ArchiveEraser
) -> None:
    users = range(1, 41)
    archive.add([ArchiveRow(u, u, 5, 4.0, 1, f"key-{u}") for u in users])
    new = planned(archive)
    read(spark, archive.training(new_snapshot=new))
    spec = replace(archive.training(snapshot=new.path), files=())
    before = read(spark, spec)

    assert (await erasing.erase(17, {0: 10**6})).rows == 1

    assert read(spark, spec) == {row for row in before if row[0] != 17}
    archive.add([ArchiveRow(1000 + u, u, 6, 3.0, 1, f"key-{u}") for u in users])
    spec = replace(spec, files=tuple(archive.files[1:]))
    # A key that is known counts once; the erased one begins anew.
    assert {row[:2] for row in read(spark, spec)} == {(u, 5) for u in users if u != 17} | {(17, 6)}


async def test_what_was_read_before_an_erasure_never_becomes_a_snapshot(
    archive: Archive, spark: SparkSession, erasing: ArchiveEraser
) -> None:
    archive.add([ArchiveRow(u, u, 5, 4.0, 1) for u in range(1, 9)])
    new = planned(archive)
    writer = SnapshotWriter(spark, archive.training(new_snapshot=new))
    rows = [(5, 5, 0, 4.0, 1, 6)]
    state = ArchiveState(spark.createDataFrame(rows, STATE))

    await erasing.erase(5, {0: 10**6})
    writer.write(state, 1)

    files = HadoopFiles(spark, archive.spec.hdfs_rpc_url)
    assert not files.exists(new.path)
    SnapshotWriter(spark, archive.training(new_snapshot=new)).write(state, 1)
    assert files.exists(f"{new.path}/{MANIFEST}")
