"""Which files a training reads, and which files and snapshots are deleted."""

from __future__ import annotations

import io

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recsys_app.archive import ArchiveRow
from recsys_app.archive_snapshot import Manifest, new_snapshot
from recsys_app.errors import BadDataError
from recsys_app.models import sequence_number
from recsys_app.services.archive_snapshots import ArchiveSnapshots, ReadingPlan
from recsys_app.services.csv_writer import CSVWriter
from recsys_app.services.snapshot_eraser import SnapshotEraser
from recsys_app.services.snapshot_tables import FOOTER_BYTES
from tests.memory_files import MemoryFiles, MemoryFileStore

ROOT = "/ratings"


class Disk:
    """An archive and its snapshots in memory."""

    def __init__(self, **settings: float) -> None:
        self.disk = MemoryFiles()
        self.files = MemoryFileStore(self.disk)
        self.writer = CSVWriter(self.files, root=ROOT)
        self.snapshots = ArchiveSnapshots(
            files=self.files, index=self.writer, root=ROOT, now=lambda: 86_400.0 * 10, **settings
        )  # type: ignore[arg-type]

    async def rate(self, partition: int, *users: int) -> None:
        """Adds a file of one rating by each user."""
        start = await self.writer.next_offset(partition)
        rows = [ArchiveRow(start + i, user, 7, 4.0, 1) for i, user in enumerate(users)]
        await self.writer.write_to_csv(partition, rows)

    async def snapshot(self, plan: ReadingPlan, *rows: tuple[int, int]) -> None:
        """Writes the planned snapshot, with rows of (user, offset) of partition 0."""
        assert plan.new_snapshot
        path = plan.new_snapshot.path
        await self.files.write(f"{path}/manifest.json", plan.new_snapshot.manifest.encode())
        self.disk.add_directory(path)
        table = pa.table(
            {
                "userId": pa.array([user for user, _ in rows], pa.int32()),
                "movieId": pa.array([7] * len(rows), pa.int32()),
                "partition": pa.array([0] * len(rows), pa.int32()),
                "rating": pa.array([4.0] * len(rows), pa.float32()),
                "timestamp": pa.array([1] * len(rows), pa.int64()),
                "sequence": pa.array([sequence_number(0, at) for _, at in rows], pa.int64()),
            }
        )
        sink = io.BytesIO()
        pq.write_table(table, sink)
        await self.files.write(f"{path}/ratings/part-0.parquet", sink.getvalue())
        self.disk.add_directory(f"{path}/keys")

    def archived(self) -> list[str]:
        return sorted(path for path in self.disk.files if "/epoch=" in path)


async def test_a_training_reads_the_newest_snapshot_and_the_files_after_it() -> None:
    disk = Disk(after_files=2)
    await disk.rate(0, 1, 2)
    await disk.rate(0, 3)
    await disk.rate(1, 4)
    first = await disk.snapshots.plan()
    assert first.snapshot is None
    assert len(first.files) == 3
    await disk.snapshot(first)

    after = await disk.snapshots.plan()
    assert first.new_snapshot
    assert after == ReadingPlan(first.new_snapshot.path, (), first.input_bytes, None)
    await disk.rate(1, 5)
    await disk.rate(2, 6)
    next_plan = await disk.snapshots.plan()
    assert next_plan.files == (
        f"{ROOT}/epoch=0/partition=1/{1:020d}.csv",
        f"{ROOT}/epoch=0/partition=2/{0:020d}.csv",
    )
    assert next_plan.new_snapshot
    manifest = msgspec.json.decode(next_plan.new_snapshot.manifest, type=Manifest)
    assert manifest.through == {"0/0": 2, "0/1": 1, "0/2": 0}


async def test_few_new_files_are_read_again_rather_than_compacted() -> None:
    disk = Disk(after_files=3)
    await disk.rate(0, 1)
    await disk.rate(0, 2)
    assert (await disk.snapshots.plan()).new_snapshot is None


async def test_a_snapshot_without_a_manifest_is_none() -> None:
    disk = Disk(after_files=1)
    await disk.rate(0, 1)
    plan = await disk.snapshots.plan()
    await disk.snapshot(plan, (1, 0))
    assert plan.new_snapshot
    del disk.disk.files[f"{plan.new_snapshot.path}/manifest.json"]
    assert (await disk.snapshots.plan()).snapshot is None
    await disk.snapshots.tidy()
    assert not any("_snapshots/0" in path for path in disk.disk.files)


async def test_two_snapshots_are_kept() -> None:
    disk = Disk(after_files=1)
    for user in range(1, 5):
        await disk.rate(0, user)
        await disk.snapshot(await disk.snapshots.plan())
    await disk.snapshots.tidy()
    assert [each.number for each in await disk.snapshots.whole()] == [3, 4]


async def compacted(disk: Disk) -> None:
    """Two snapshots, of which the older one stands for the first two of four files."""
    await disk.rate(0, 1)
    await disk.rate(0, 2)
    await disk.snapshot(await disk.snapshots.plan(), (1, 0), (2, 1))
    await disk.rate(0, 3)
    await disk.rate(1, 4)
    await disk.snapshot(await disk.snapshots.plan(), (1, 0), (2, 1), (3, 2))


async def test_without_the_setting_nothing_expires() -> None:
    disk = Disk(after_files=1)
    await compacted(disk)
    await disk.snapshots.tidy()
    assert len(disk.archived()) == 4


async def test_files_expire_that_both_snapshots_stand_for() -> None:
    disk = Disk(after_files=1, keep_days=9)
    await compacted(disk)
    await disk.snapshots.tidy()
    # Partition 0 has lost what the older snapshot stands for, and partition 1 keeps its last file.
    assert disk.archived() == [
        f"{ROOT}/epoch=0/partition=0/{2:020d}.csv",
        f"{ROOT}/epoch=0/partition=1/{0:020d}.csv",
    ]
    disk.writer.forget()
    assert [await disk.writer.next_offset(each) for each in (0, 1)] == [3, 1]
    left = [row async for _, rows in disk.snapshots.expired_rows(0) for row in rows]
    assert left == [ArchiveRow(0, 1, 7, 4.0, 1), ArchiveRow(1, 2, 7, 4.0, 1)]
    assert not [rows async for rows in disk.snapshots.expired_rows(1)]


async def test_young_files_do_not_expire() -> None:
    disk = Disk(after_files=1, keep_days=11)
    await compacted(disk)
    await disk.snapshots.tidy()
    assert len(disk.archived()) == 4


async def test_expired_files_without_a_snapshot_are_an_error() -> None:
    disk = Disk(after_files=1, keep_days=1)
    await compacted(disk)
    await disk.snapshots.tidy()
    await disk.files.delete(f"{ROOT}/_snapshots", recursive=True)
    with pytest.raises(BadDataError, match="restore the snapshots"):
        await disk.snapshots.plan()
    with pytest.raises(BadDataError, match="restore the snapshots"):
        [rows async for rows in disk.snapshots.expired_rows()]


async def test_an_erasure_rewrites_snapshots_and_ends_those_being_written() -> None:
    disk = Disk(after_files=1)
    await disk.rate(0, 1, 2, 1)
    plan = await disk.snapshots.plan()
    await disk.snapshot(plan, (1, 0), (2, 1), (1, 2))
    unfinished = new_snapshot(ROOT, 2, Manifest({}, 0))
    await disk.files.write(f"{unfinished.temporary}/manifest.json", b"{}")
    eraser = SnapshotEraser(files=disk.files, snapshots=disk.snapshots, root=ROOT)

    assert await eraser.erase(9, epoch=0, ends={0: 9}) == 0
    assert await eraser.erase(1, epoch=0, ends={0: 2}) == 1
    assert await eraser.erase(1, epoch=0, ends={0: 2}) == 0

    assert plan.new_snapshot
    content = disk.disk.files[f"{plan.new_snapshot.path}/ratings/part-0.parquet"]
    table = pq.read_table(io.BytesIO(content))
    assert table.column("userId").to_pylist() == [2, 1]  # the last row came after the request
    assert f"{unfinished.temporary}/manifest.json" not in disk.disk.files
    assert len(content) < FOOTER_BYTES
