"""What the archive relies on in a file system: the same for HDFS and for its fake."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator

import pytest

from recsys_app.errors import RecsysError
from recsys_app.services.csv_writer import FileStore
from recsys_app.stores.hdfs import HdfsFileStore
from tests.memory_files import MemoryFileStore


@pytest.fixture(params=["memory", "hdfs"])
async def files(request: pytest.FixtureRequest) -> AsyncIterator[FileStore]:
    if request.param == "memory":
        yield MemoryFileStore()
        return
    url = request.getfixturevalue("hdfs_url")
    store = HdfsFileStore(url, user="recsys", timeout_seconds=10, rpc_url=None)
    yield store
    await store.close()


@pytest.fixture
def root() -> str:
    return f"/contract-{uuid.uuid4().hex}"


async def test_a_written_file_is_read_whole_and_from_an_offset(files: FileStore, root: str) -> None:
    await files.write(f"{root}/a.csv", b"1,2,3\n4,5,6\n")
    assert await files.read(f"{root}/a.csv") == b"1,2,3\n4,5,6\n"
    assert await files.read(f"{root}/a.csv", offset=6) == b"4,5,6\n"
    status = await files.status(f"{root}/a.csv")
    assert status is not None
    assert (status.is_directory, status.length) == (False, 12)


async def test_writing_never_overwrites(files: FileStore, root: str) -> None:
    await files.write(f"{root}/a.csv", b"first")
    with pytest.raises(RecsysError):
        await files.write(f"{root}/a.csv", b"second")
    assert await files.read(f"{root}/a.csv") == b"first"


async def test_renaming_never_overwrites(files: FileStore, root: str) -> None:
    await files.write(f"{root}/a.csv", b"first")
    await files.write(f"{root}/b.csv", b"second")
    assert not await files.rename(f"{root}/b.csv", f"{root}/a.csv")
    assert await files.read(f"{root}/a.csv") == b"first"
    assert await files.read(f"{root}/b.csv") == b"second"


async def test_renaming_needs_the_source_and_the_directory(files: FileStore, root: str) -> None:
    await files.write(f"{root}/a.csv", b"first")
    assert not await files.rename(f"{root}/b.csv", f"{root}/c.csv")
    assert not await files.rename(f"{root}/a.csv", f"{root}/d/a.csv")
    await files.make_directory(f"{root}/d")
    assert await files.rename(f"{root}/a.csv", f"{root}/d/a.csv")
    assert await files.status(f"{root}/a.csv") is None


async def test_a_directory_is_listed_by_name(files: FileStore, root: str) -> None:
    await files.write(f"{root}/b.csv", b"12")
    await files.write(f"{root}/a.csv", b"1")
    await files.make_directory(f"{root}/c/d")
    found = await files.list_directory(root)
    assert [(f.name, f.is_directory, f.length) for f in found] == [
        ("a.csv", False, 1),
        ("b.csv", False, 2),
        ("c", True, 0),
    ]


async def test_what_is_missing_is_empty_or_none(files: FileStore, root: str) -> None:
    assert await files.list_directory(f"{root}/nothing") == []
    assert await files.status(f"{root}/nothing") is None
    assert not await files.delete(f"{root}/nothing")


async def test_a_deleted_file_is_gone(files: FileStore, root: str) -> None:
    await files.write(f"{root}/a.csv", b"1")
    assert await files.delete(f"{root}/a.csv")
    assert await files.list_directory(root) == []
