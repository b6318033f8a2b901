"""A user's rows out of the archive's snapshots."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from recsys_app import archive
from recsys_app.archive_snapshot import TABLES
from recsys_app.errors import Unavailable
from recsys_app.services.archive_snapshots import ArchiveSnapshots, SnapshotFiles
from recsys_app.services.snapshot_tables import FOOTER_BYTES, may_hold, without_user


class SnapshotEraser:
    """Rewrites the files of snapshots that hold a user, each whole and by one rename."""

    def __init__(self, *, files: SnapshotFiles, snapshots: ArchiveSnapshots, root: str) -> None:
        self._files = files
        self._snapshots = snapshots
        self._root = root

    async def erase(self, user_id: int, *, epoch: int, ends: Mapping[int, int]) -> int:
        """Returns, once no snapshot has a row of the user from before, how many files were
        rewritten.

        First it sees that no snapshot of what was read before can appear any more.

        Args:
            user_id: whose rows.
            epoch: the current one; of older ones nothing is kept.
            ends: for each of its partitions, the first offset that is kept.

        Raises:
            Unavailable: HDFS does not answer; what is rewritten so far stays so.
        """
        await self._snapshots.forget_unfinished()
        rewritten = 0
        for snapshot in await self._snapshots.whole():
            for table in TABLES:
                directory = f"{snapshot.path}/{table}"
                for entry in await self._files.list_directory(directory):
                    if entry.name.endswith(".parquet"):
                        path = f"{directory}/{entry.name}"
                        start = max(0, entry.length - FOOTER_BYTES)
                        tail = await self._files.read(path, offset=start)
                        if may_hold(tail, user_id):
                            rewritten += await self._rewrite(path, user_id, epoch, ends)
        return rewritten

    async def _rewrite(self, path: str, user_id: int, epoch: int, ends: Mapping[int, int]) -> bool:
        content = await self._files.read(path)
        kept = without_user(content, user_id, epoch=epoch, ends=ends)
        if kept == content:
            return False
        temporary = f"{archive.temporary_directory(self._root)}/{uuid.uuid4()}.parquet"
        await self._files.write(temporary, kept)
        written = await self._files.status(temporary)
        if written is None or written.length != len(kept):
            raise Unavailable("HDFS", f"{temporary} was not written whole")
        await self._files.replace(temporary, path)
        return True
