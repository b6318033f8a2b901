"""Rows made void: which, and that their offsets stay."""

from __future__ import annotations

import pytest

from recsys_app.archive import ArchiveRow, format_rows, parse_rows
from recsys_app.errors import Unavailable
from recsys_app.services.archive_eraser import ArchiveEraser, ErasedRows
from recsys_app.stores.hdfs import FileStatus


class Files:
    """Files in memory, of which a write may be cut short."""

    def __init__(self, **epochs: list[ArchiveRow]) -> None:
        self.content = {
            f"/ratings/epoch={name[1]}/partition={name[3]}/{rows[0].offset:020d}.csv": format_rows(
                rows
            ).encode()
            for name, rows in epochs.items()
        }
        self.cut = False

    async def current_epoch(self) -> int | None:
        return 1

    async def list_files(self) -> list[str]:
        return sorted(path for path in self.content if "/_tmp/" not in path)

    async def read(self, path: str, *, offset: int = 0) -> bytes:
        return self.content[path][offset:]

    async def write(self, path: str, content: bytes) -> None:
        self.content[path] = content[:10] if self.cut else content

    async def status(self, path: str) -> FileStatus | None:
        return FileStatus(path, False, len(self.content[path]), 0.0)

    async def replace(self, source: str, target: str) -> None:
        self.content[target] = self.content.pop(source)


def rating(offset: int, user: int) -> ArchiveRow:
    return ArchiveRow(offset, user, 7, 4.5, 1_700_000_000, "k-1")


def files() -> Files:
    return Files(
        e0p0=[rating(3, 1), rating(4, 12)],
        e1p0=[rating(0, 1), rating(1, 2), ArchiveRow(2), rating(3, 1), rating(4, 1)],
        e1p1=[rating(0, 11), rating(1, 21)],
    )


async def test_only_the_users_rows_before_the_ends_become_void() -> None:
    store = files()
    untouched = store.content["/ratings/epoch=1/partition=1/00000000000000000000.csv"]
    erased = await ArchiveEraser(files=store, index=store, root="/ratings").erase(1, {0: 4, 1: 9})
    assert erased == ErasedRows(files=2, rows=3)
    old, new, other = (parse_rows(store.content[p].decode(), p) for p in await store.list_files())
    assert old == [ArchiveRow(3), rating(4, 12)]
    assert new == [ArchiveRow(0), rating(1, 2), ArchiveRow(2), ArchiveRow(3), rating(4, 1)]
    assert format_rows(other).encode() == untouched
    assert len(store.content) == 3  # no temporary file stays


async def test_a_second_time_there_is_nothing_to_do() -> None:
    store = files()
    eraser = ArchiveEraser(files=store, index=store, root="/ratings")
    await eraser.erase(1, {0: 4})
    assert await eraser.erase(1, {0: 4}) == ErasedRows(files=0, rows=0)


async def test_a_file_is_not_replaced_by_a_part_of_one() -> None:
    store = files()
    before = dict(store.content)
    store.cut = True
    with pytest.raises(Unavailable):
        await ArchiveEraser(files=store, index=store, root="/ratings").erase(1, {0: 4})
    assert {path: store.content[path] for path in before} == before
