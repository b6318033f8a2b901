"""Ratings to CSV files in HDFS, each offset exactly once, whoever else is writing."""

from __future__ import annotations

import logging
import time
import uuid
from bisect import bisect_left
from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol

from recsys_app import archive
from recsys_app.archive import ArchiveRow, FilePlace
from recsys_app.errors import ArchiveConflict, Unavailable
from recsys_app.failpoints import Reach, nothing
from recsys_app.stores.hdfs import FileStatus

log = logging.getLogger(__name__)

_STALE_SECONDS = 24 * 3600


class EpochClosed(ArchiveConflict):
    """Nothing can be written into this epoch any more."""


class ArchiveFile(NamedTuple):
    """A file of the archive that has rows."""

    place: FilePlace
    path: str
    length: int
    modified: float


class FileStore(Protocol):
    """What the archive asks of a file system: whole files, and a rename that never overwrites."""

    async def list_directory(self, path: str) -> list[FileStatus]: ...
    async def make_directory(self, path: str) -> None: ...
    async def status(self, path: str) -> FileStatus | None: ...
    async def read(self, path: str, *, offset: int = 0) -> bytes: ...
    async def write(self, path: str, content: bytes) -> None: ...
    async def rename(self, source: str, target: str) -> bool: ...
    async def delete(self, path: str, *, recursive: bool = False) -> bool: ...


class ArchiveObserver(Protocol):
    """Is told of every batch that has become part of the archive, and of every rename."""

    def on_archived(self, rows: int, seconds: float) -> None: ...
    def on_renamed(self, seconds: float) -> None: ...


class CSVWriter:
    """Writes the rows of each partition to the archive; what HDFS holds is the only truth.

    The position in a partition is kept in memory from one write to the next. It is forgotten at
    every failure and every rename that found its place taken, since a lost reply and a lost race
    look the same; `next_offset` then reads it from HDFS again.
    """

    def __init__(
        self,
        files: FileStore,
        *,
        root: str,
        observer: ArchiveObserver | None = None,
        reach: Reach = nothing,
    ) -> None:
        self._files = files
        self._root = root
        self._observer = observer
        self._reach = reach
        self._next: dict[int, int] = {}
        self._epoch: dict[int, int] = {}

    async def create_directories(self) -> None:
        """Makes the directories that writing needs and removes what old crashes left behind."""
        if await self.current_epoch() is None:
            await self._files.make_directory(archive.epoch_directory(self._root, 0))
        temporary = archive.temporary_directory(self._root)
        await self._files.make_directory(temporary)
        for file in await self._files.list_directory(temporary):
            if file.modified < time.time() - _STALE_SECONDS:
                await self._files.delete(f"{temporary}/{file.name}")

    async def current_epoch(self) -> int | None:
        """The newest epoch; None if there is no archive yet."""
        found = await self._files.list_directory(self._root)
        numbers = [archive.directory_number("epoch", entry.name) for entry in found]
        return max((number for number in numbers if number is not None), default=None)

    async def open_new_epoch(self, partitions: Collection[int]) -> int:
        """Begins a new epoch, in which every partition starts from offset 0, and returns it.

        The old epoch is closed first: a file without rows takes the place that each partition's
        next file would have, so that a writer which has not heard of the new epoch finds it taken.

        Args:
            partitions: those that a worker may be writing.
        """
        current = await self.current_epoch()
        if current is not None:
            old = archive.epoch_directory(self._root, current)
            existing = {number for number, _ in await self._numbered("partition", old)}
            for partition in sorted(existing | set(partitions)):
                await self._close(partition)
        epoch = 0 if current is None else current + 1
        await self._files.make_directory(archive.epoch_directory(self._root, epoch))
        self.forget()
        return epoch

    async def _close(self, partition: int) -> None:
        while True:
            self.forget(partition)
            try:
                expected = await self.next_offset(partition)
            except EpochClosed:
                return
            if await self._create(partition, expected, []):
                return

    def forget(self, partition: int | None = None) -> None:
        """Reads the position from HDFS again before the next write."""
        if partition is None:
            self._next.clear()
        else:
            self._next.pop(partition, None)

    async def next_offset(self, partition: int) -> int:
        """The offset that the archive waits for: that of the last row plus one, or 0."""
        if partition not in self._next:
            last = await self.last_row(partition)
            self._next[partition] = 0 if last is None else last.offset + 1
        return self._next[partition]

    async def last_row(self, partition: int) -> ArchiveRow | None:
        """The last row that the archive holds of a partition in the current epoch.

        Raises:
            BadDataError: the last file is torn.
            EpochClosed: the opening of a new epoch was cut short.
            Unavailable: HDFS does not answer.
        """
        epoch = await self.current_epoch() or 0
        self._epoch[partition] = epoch
        directory = archive.partition_directory(self._root, epoch, partition)
        names = [
            file
            for file in await self._files.list_directory(directory)
            if archive.first_offset(file.name) is not None
        ]
        if not names:
            return None
        path = f"{directory}/{names[-1].name}"
        start = max(0, names[-1].length - archive.LONGEST_ROW)
        tail = await self._files.read(path, offset=start)
        if tail == archive.HEADER.encode():
            raise EpochClosed(
                f"{path} closes epoch {epoch}, and there is no later one: the opening of a new "
                "epoch was cut short. Run `recsys archive new-epoch` again."
            )
        return archive.parse_last_row(tail.decode("ascii", "replace"), path)

    async def write_to_csv(self, partition: int, rows: Sequence[ArchiveRow]) -> int:
        """Makes the rows durable and returns how many of them were new, as `write_lines` does."""
        offsets = [row.offset for row in rows]
        return await self.write_lines(partition, offsets, [archive.format_row(row) for row in rows])

    async def write_lines(
        self, partition: int, offsets: Sequence[int], lines: Sequence[str]
    ) -> int:
        """Makes rows durable and returns how many of them were new.

        Args:
            partition: of the topic the rows came by.
            offsets: those of the rows, in order, and without one that Kafka holds left out.
            lines: the rows themselves, as the archive formats them.

        Raises:
            ArchiveConflict: somebody else has written what these rows would have come after.
            Unavailable: HDFS did not confirm; nothing or all of it may be there. Trying again with
                the same rows is right in either case.
        """
        began = time.perf_counter()
        try:
            expected = await self.next_offset(partition)
            first = bisect_left(offsets, expected)
            new = len(offsets) - first
            if new and not await self._create(partition, expected, lines[first:]):
                raise Unavailable("the archive", f"another writer has written offset {expected}")
        except BaseException:
            self.forget(partition)
            raise
        if new:
            self._next[partition] = offsets[-1] + 1
            if self._observer:
                self._observer.on_archived(new, time.perf_counter() - began)
        return new

    async def _create(self, partition: int, start: int, lines: Sequence[str]) -> bool:
        content = archive.format_lines(lines).encode("ascii")
        temporary = f"{archive.temporary_directory(self._root)}/{uuid.uuid4()}.csv"
        directory = archive.partition_directory(self._root, self._epoch[partition], partition)
        await self._files.write(temporary, content)
        written = await self._files.status(temporary)
        if written is None or written.length != len(content):
            raise Unavailable("HDFS", f"{temporary} was not written whole")
        self._reach("temporary-written")
        target = f"{directory}/{archive.file_name(start)}"
        if await self._rename(temporary, target):
            self._reach("renamed")
            return True
        # A missing directory and a taken name look the same here.
        await self._files.make_directory(directory)
        if await self._rename(temporary, target):
            self._reach("renamed")
            return True
        await self._files.delete(temporary)
        return False

    async def _rename(self, source: str, target: str) -> bool:
        began = time.perf_counter()
        renamed = await self._files.rename(source, target)
        if self._observer:
            self._observer.on_renamed(time.perf_counter() - began)
        return renamed

    async def list_files(self) -> list[str]:
        """The path of every file that has rows, by epoch, partition and offset."""
        return [file.path for file in await self.list_archive()]

    async def list_archive(self) -> list[ArchiveFile]:
        """Every file that has rows, by epoch, partition and offset."""
        found: list[ArchiveFile] = []
        for epoch, epoch_path in await self._numbered("epoch", self._root):
            for partition, path in await self._numbered("partition", epoch_path):
                for file in await self._files.list_directory(path):
                    start = archive.first_offset(file.name)
                    if start is not None and file.length > len(archive.HEADER):
                        place = FilePlace(epoch, partition, start)
                        name = f"{path}/{file.name}"
                        found.append(ArchiveFile(place, name, file.length, file.modified))
        return sorted(found)

    async def partitions(self) -> set[int]:
        """Those that any epoch has files of."""
        epochs = await self._numbered("epoch", self._root)
        found = [await self._numbered("partition", path) for _, path in epochs]
        return {partition for of_epoch in found for partition, _ in of_epoch}

    async def _numbered(self, kind: str, parent: str) -> list[tuple[int, str]]:
        entries = await self._files.list_directory(parent)
        numbers = [(archive.directory_number(kind, e.name), f"{parent}/{e.name}") for e in entries]
        return sorted((number, path) for number, path in numbers if number is not None)

    async def read_file(self, path: str) -> list[ArchiveRow]:
        """The rows of one file.

        Raises:
            BadDataError: the file is not as the archive writes it.
        """
        content = await self._files.read(path)
        return archive.parse_rows(content.decode("ascii", "replace"), path)
