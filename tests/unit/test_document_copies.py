"""Copies of MongoDB's documents: when they are written, and that nobody is left in them."""

from __future__ import annotations

import posixpath

import pytest

from recsys_app.errors import RecsysError, Unavailable
from recsys_app.services.document_copies import DocumentCopies
from tests.memory_files import MemoryFiles, MemoryFileStore

HIDDEN = "/ratings/_documents/hidden.jsonl"


class Files(MemoryFileStore):
    """HDFS in memory, with the rename that overwrites."""

    def __init__(self, disk: MemoryFiles) -> None:
        super().__init__(disk)
        self.replaced: list[str] = []
        self.fails = False

    async def replace(self, source: str, target: str) -> None:
        if self.fails:
            raise Unavailable("HDFS")
        self._disk.files[target] = self._disk.files.pop(source)
        self.replaced.append(posixpath.basename(target))


class Documents:
    """MongoDB's collections."""

    def __init__(self) -> None:
        self.hidden = {7: [1], 8: [2]}
        self.changes = 1
        self.restored: dict[str, bytes] = {}

    async def revision(self) -> str:
        return f"revision {self.changes}"

    async def dump(self, collection: str) -> bytes:
        if collection != "hidden":
            return b""
        lines = [f'{{"_id": {user}, "movies": {movies}}}\n' for user, movies in self.hidden.items()]
        return "".join(lines).encode()

    async def restore(self, collection: str, content: bytes) -> int:
        self.restored[collection] = content
        return len(content.splitlines())


class Leases:
    """Who holds what."""

    def __init__(self) -> None:
        self.taken = False

    async def acquire(self, name: str, holder: str, seconds: float) -> bool:
        return not self.taken

    async def release(self, name: str, holder: str) -> None:
        return


class World:
    def __init__(self) -> None:
        self.disk = MemoryFiles()
        self.disk.add_directory("/ratings/_tmp")
        self.files, self.documents, self.leases = Files(self.disk), Documents(), Leases()
        self.copies = DocumentCopies(
            documents=self.documents,
            files=self.files,
            leases=self.leases,
            holder="me",
            root="/ratings",
        )


@pytest.fixture
def world() -> World:
    return World()


async def test_what_has_not_changed_is_not_written_again(world: World) -> None:
    assert await world.copies.save()
    written = len(world.files.replaced)
    assert world.files.replaced[-1] == "revision.jsonl"  # it vouches for the others
    assert not await world.copies.save()
    assert len(world.files.replaced) == written
    world.documents.changes += 1
    assert await world.copies.save()


async def test_a_save_that_was_cut_short_is_made_up_for(world: World) -> None:
    world.files.fails = True
    with pytest.raises(RecsysError):
        await world.copies.save()
    world.files.fails = False
    assert await world.copies.save()


async def test_only_one_process_writes_at_a_time(world: World) -> None:
    world.leases.taken = True
    assert not await world.copies.save()
    assert not world.files.replaced


async def test_nobody_is_left_in_the_copy_who_was_erased(world: World) -> None:
    await world.copies.save()
    del world.documents.hidden[7]  # without a change of the revision
    await world.copies.forget_user(7)
    assert b'"_id": 7,' in world.disk.files[HIDDEN]  # the last call is the one that counts
    await world.copies.forget_user(7, last=True)
    assert b'"_id": 7,' not in world.disk.files[HIDDEN]
    assert b'"_id": 8,' in world.disk.files[HIDDEN]


async def test_an_erasure_waits_for_whoever_writes_the_copy(world: World) -> None:
    await world.copies.save()
    world.leases.taken = True
    with pytest.raises(Unavailable):
        await world.copies.forget_user(7, last=True)
    await world.copies.forget_user(9, last=True)  # nothing of this one is in it


async def test_what_was_saved_is_restored(world: World) -> None:
    assert await world.copies.restore() == {"movies": 0, "datasets": 0, "hidden": 0}
    await world.copies.save()
    assert (await world.copies.restore())["hidden"] == 2
    assert world.documents.restored["hidden"] == world.disk.files[HIDDEN]
