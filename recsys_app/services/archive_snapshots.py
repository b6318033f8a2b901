"""Which snapshot of the archive a training starts from, and which files and snapshots may go."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from typing import NamedTuple, Protocol

import msgspec

from recsys_app import archive, archive_snapshot
from recsys_app.archive import ArchiveRow
from recsys_app.archive_snapshot import Manifest, NewSnapshot, Snapshot, Through
from recsys_app.errors import BadDataError
from recsys_app.services.csv_writer import ArchiveFile
from recsys_app.services.snapshot_tables import rows_of
from recsys_app.stores.hdfs import FileStatus

log = logging.getLogger(__name__)

KEPT = 2
_LEAST_BYTES = 4_000_000
"""Fewer new bytes, about 100,000 ratings, are read again sooner than a snapshot is written."""
_SHARE = 0.1
_DAY = 24 * 3600.0


class SnapshotFiles(Protocol):
    """What snapshots ask of a file system."""

    async def list_directory(self, path: str) -> list[FileStatus]: ...
    async def make_directory(self, path: str) -> None: ...
    async def status(self, path: str) -> FileStatus | None: ...
    async def read(self, path: str, *, offset: int = 0) -> bytes: ...
    async def write(self, path: str, content: bytes) -> None: ...
    async def replace(self, source: str, target: str) -> None: ...
    async def delete(self, path: str, *, recursive: bool = False) -> bool: ...


class ArchiveIndex(Protocol):
    async def list_archive(self) -> list[ArchiveFile]: ...


class ReadingPlan(NamedTuple):
    """What a training reads, and what it leaves for the next one."""

    snapshot: str | None
    files: tuple[str, ...]
    """Those after the snapshot."""
    input_bytes: int
    """Of all ratings, as archive files."""
    new_snapshot: NewSnapshot | None


class ArchiveSnapshots:
    """The snapshots of one archive.

    All but reading is for who holds the lease of the training.

    Args:
        files: the file system.
        index: lists the archive.
        root: of the archive.
        after_files: with so many files since the last snapshot, the next training writes one.
        keep_days: how long files are kept that snapshots stand for; None for ever.
    """

    def __init__(
        self,
        *,
        files: SnapshotFiles,
        index: ArchiveIndex,
        root: str,
        after_files: int = 64,
        keep_days: float | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._files = files
        self._index = index
        self._root = root
        self._after_files = after_files
        self._keep_days = keep_days
        self._now = now

    async def plan(self) -> ReadingPlan:
        """What a training that starts now has to read.

        Raises:
            BadDataError: files have expired, and no snapshot stands for them.
        """
        whole = await self.whole()
        newest = whole[-1] if whole else None
        through = newest.manifest.through if newest else {}
        await self._check_expired(through)
        found = await self._index.list_archive()
        new = [file for file in found if not archive_snapshot.is_covered(file.place, through)]
        covered_bytes = newest.manifest.source_bytes if newest else 0
        new_bytes = sum(file.length for file in new)
        planned = None
        if self._is_due(len(new), new_bytes, covered_bytes):
            manifest = Manifest(
                through | archive_snapshot.last_files(file.place for file in new),
                covered_bytes + new_bytes,
            )
            number = 1 + (newest.number if newest else 0)
            planned = archive_snapshot.new_snapshot(self._root, number, manifest)
        return ReadingPlan(
            newest.path if newest else None,
            tuple(file.path for file in new),
            covered_bytes + new_bytes,
            planned,
        )

    def _is_due(self, files: int, new_bytes: int, covered_bytes: int) -> bool:
        return files >= self._after_files or new_bytes >= max(_LEAST_BYTES, _SHARE * covered_bytes)

    async def whole(self) -> list[Snapshot]:
        """The snapshots that can be read, the oldest first."""
        directory = archive_snapshot.snapshots_directory(self._root)
        found = []
        for entry in await self._files.list_directory(directory):
            number = archive_snapshot.snapshot_number(entry.name)
            path = f"{directory}/{entry.name}"
            manifest = f"{path}/{archive_snapshot.MANIFEST}"
            if number is not None and await self._files.status(manifest):
                content = await self._files.read(manifest)
                decoded = archive_snapshot.decode_manifest(content, manifest)
                found.append(Snapshot(path, number, decoded))
        return found

    async def forget_unfinished(self) -> None:
        """Deletes what was not finished. Whoever is still writing it cannot finish any more."""
        await self._files.delete(archive_snapshot.writing_directory(self._root), recursive=True)
        directory = archive_snapshot.snapshots_directory(self._root)
        whole = {snapshot.path for snapshot in await self.whole()}
        for entry in await self._files.list_directory(directory):
            if f"{directory}/{entry.name}" not in whole:
                await self._files.delete(f"{directory}/{entry.name}", recursive=True)

    async def tidy(self) -> None:
        """Deletes all but the two newest snapshots, and archive files whose time is over."""
        await self.forget_unfinished()
        whole = await self.whole()
        for snapshot in whole[:-KEPT]:
            await self._files.delete(snapshot.path, recursive=True)
        if self._keep_days is not None and len(whole) >= KEPT:
            await self._expire(whole[-KEPT:], older_than=self._now() - self._keep_days * _DAY)

    async def _expire(self, kept: Sequence[Snapshot], *, older_than: float) -> None:
        """Deletes files that each of the snapshots stands for. A partition's last file stays: its
        end is the archive's position."""
        expired: list[ArchiveFile] = []
        of_partitions: dict[str, list[ArchiveFile]] = {}
        for file in await self._index.list_archive():
            key = archive_snapshot.partition_key(file.place)
            of_partitions.setdefault(key, []).append(file)
        for files in of_partitions.values():
            for file in files[:-1]:
                covered = all(
                    archive_snapshot.is_covered(file.place, each.manifest.through) for each in kept
                )
                if not covered or file.modified >= older_than:
                    break
                expired.append(file)
        if not expired:
            return
        through = await self._expired() | archive_snapshot.last_files(f.place for f in expired)
        await self._note_expired(through)
        for file in expired:
            await self._files.delete(file.path)
        log.info("%d archive files have expired", len(expired))

    async def expired_rows(
        self, partition: int | None = None
    ) -> AsyncIterator[tuple[int, list[ArchiveRow]]]:
        """What snapshots still have of files that have expired, as epoch and rows: the last word
        of each user on each movie, without idempotency keys.

        Args:
            partition: of this one only.
        """
        if not await self._expired():
            return
        newest = (await self.whole())[-1:]
        await self._check_expired(newest[0].manifest.through if newest else {})
        starts: Through = {}
        for file in await self._index.list_archive():
            starts.setdefault(archive_snapshot.partition_key(file.place), file.place.first_offset)
        directory = f"{newest[0].path}/ratings"
        for entry in await self._files.list_directory(directory):
            if entry.name.endswith(".parquet"):
                content = await self._files.read(f"{directory}/{entry.name}")
                for epoch, rows in rows_of(content, before=starts, partition=partition).items():
                    yield epoch, rows

    async def _expired(self) -> Through:
        """The last file of each partition that has expired."""
        path = archive_snapshot.expired_path(self._root)
        if await self._files.status(path) is None:
            return {}
        return archive_snapshot.decode_through(await self._files.read(path), path)

    async def _note_expired(self, through: Through) -> None:
        """Before the first of them is deleted, so that nobody takes what is left for everything."""
        temporary = f"{archive.temporary_directory(self._root)}/{uuid.uuid4()}.json"
        await self._files.write(temporary, msgspec.json.encode(through))
        await self._files.replace(temporary, archive_snapshot.expired_path(self._root))

    async def _check_expired(self, through: Through) -> None:
        for key, last in (await self._expired()).items():
            if through.get(key, -1) < last:
                raise BadDataError(
                    f"Archive files of epoch/partition {key} up to offset {last} have expired, and "
                    "no snapshot stands for them: restore the snapshots in "
                    f"{archive_snapshot.snapshots_directory(self._root)} from a backup."
                )
