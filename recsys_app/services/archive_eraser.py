"""A user's rows out of the archive, without touching the promise about offsets."""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Mapping
from typing import NamedTuple, Protocol

from recsys_app import archive
from recsys_app.archive import ArchiveRow
from recsys_app.errors import Unavailable
from recsys_app.stores.hdfs import FileStatus

log = logging.getLogger(__name__)

_PLACE = re.compile(r".*/epoch=(\d+)/partition=(\d+)/\d{20}\.csv")


class ReplaceableFiles(Protocol):
    async def read(self, path: str, *, offset: int = 0) -> bytes: ...
    async def write(self, path: str, content: bytes) -> None: ...
    async def status(self, path: str) -> FileStatus | None: ...
    async def replace(self, source: str, target: str) -> None: ...


class ArchiveIndex(Protocol):
    async def current_epoch(self) -> int | None: ...
    async def list_files(self) -> list[str]: ...


class SnapshotErasure(Protocol):
    async def erase(self, user_id: int, *, epoch: int, ends: Mapping[int, int]) -> int: ...


class ErasedRows(NamedTuple):
    files: int
    rows: int


class ArchiveEraser:
    """Makes a user's rows void: their offsets stay, what they said is gone.

    A file is replaced whole by one rename, so a reader has the old one or the new one, and the
    name that keeps a late writer from writing its offsets again is never free.
    """

    def __init__(
        self,
        *,
        files: ReplaceableFiles,
        index: ArchiveIndex,
        root: str,
        snapshots: SnapshotErasure | None = None,
    ) -> None:
        self._files = files
        self._index = index
        self._root = root
        self._snapshots = snapshots

    async def erase(self, user_id: int, ends: Mapping[int, int]) -> ErasedRows:
        """Returns once no file, and no snapshot, holds a row of the user below the ends.

        Args:
            user_id: whose rows.
            ends: for each partition of the current epoch, the first offset that is kept; of older
                epochs, nothing is.

        Raises:
            BadDataError: a file is not as the archive writes it.
            Unavailable: HDFS does not answer; what is rewritten so far stays so.
        """
        current = await self._index.current_epoch() or 0
        files = rows = 0
        for path in await self._index.list_files():
            match = _PLACE.fullmatch(path)
            if match is None:
                continue
            is_old = int(match[1]) < current
            erased = await self._erase(
                path, user_id, None if is_old else ends.get(int(match[2]), 0)
            )
            files, rows = files + bool(erased), rows + erased
        if self._snapshots:
            await self._snapshots.erase(user_id, epoch=current, ends=ends)
        return ErasedRows(files, rows)

    async def _erase(self, path: str, user_id: int, end: int | None) -> int:
        content = await self._files.read(path)
        if b"\n%d," % user_id not in content:
            return 0
        rows = archive.parse_rows(content.decode("ascii", "replace"), path)
        kept = [
            ArchiveRow(row.offset)
            if row.user_id == user_id and (end is None or row.offset < end)
            else row
            for row in rows
        ]
        erased = sum(a != b for a, b in zip(rows, kept, strict=True))
        if erased:
            await self._replace(path, archive.format_rows(kept).encode("ascii"))
        return erased

    async def _replace(self, path: str, content: bytes) -> None:
        temporary = f"{archive.temporary_directory(self._root)}/{uuid.uuid4()}.csv"
        await self._files.write(temporary, content)
        written = await self._files.status(temporary)
        if written is None or written.length != len(content):
            raise Unavailable("HDFS", f"{temporary} was not written whole")
        await self._files.replace(temporary, path)
