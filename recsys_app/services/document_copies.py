"""Copies in HDFS of what only MongoDB knows, so that HDFS alone is enough to begin again."""

from __future__ import annotations

import logging
import uuid
from typing import Protocol

from recsys_app import archive
from recsys_app.errors import Unavailable
from recsys_app.services.lease import LeaseStore, held_lease
from recsys_app.stores.hdfs import FileStatus
from recsys_app.stores.mongo_documents import COLLECTIONS

log = logging.getLogger(__name__)

_LEASE = "document-copies"


class DocumentStore(Protocol):
    async def revision(self) -> str: ...
    async def dump(self, collection: str) -> bytes: ...
    async def restore(self, collection: str, content: bytes) -> int: ...


class CopyFiles(Protocol):
    async def status(self, path: str) -> FileStatus | None: ...
    async def make_directory(self, path: str) -> None: ...
    async def read(self, path: str, *, offset: int = 0) -> bytes: ...
    async def write(self, path: str, content: bytes) -> None: ...
    async def replace(self, source: str, target: str) -> None: ...


class DocumentCopies:
    """Files beside the archive, replaced whole, each by one rename, when MongoDB's have changed.

    The file `revision` is written last: it says of which state the others are.
    """

    def __init__(
        self,
        *,
        documents: DocumentStore,
        files: CopyFiles,
        leases: LeaseStore,
        holder: str,
        root: str,
    ) -> None:
        self._documents = documents
        self._files = files
        self._leases = leases
        self._holder = holder
        self._root = root

    async def save(self) -> bool:
        """Whether there was something to save, and nobody else is saving it."""
        if (await self._documents.revision()).encode() == await self._read("revision"):
            return False
        async with held_lease(self._leases, _LEASE, self._holder) as ours:
            if ours:
                await self._save()
            return ours

    async def forget_user(self, user_id: int, *, last: bool = False) -> None:
        """Leaves nothing of a user who was deleted from MongoDB.

        Raises:
            Unavailable: another process is saving what it has read before.
        """
        if not last or b'{"_id": %d,' % user_id not in (await self._read("hidden") or b""):
            return
        async with held_lease(self._leases, _LEASE, self._holder) as ours:
            if not ours:
                raise Unavailable("the copy of what is hidden", "it is being written")
            await self._save()

    async def restore(self) -> dict[str, int]:
        """Puts what was saved into those of MongoDB's collections that are empty; how many
        documents each of them got."""
        restored = {}
        for collection in COLLECTIONS:
            content = await self._read(collection)
            restored[collection] = await self._documents.restore(collection, content or b"")
        return restored

    async def _save(self) -> None:
        revision = await self._documents.revision()
        contents = {each: await self._documents.dump(each) for each in COLLECTIONS}
        await self._files.make_directory(archive.documents_directory(self._root))
        for name, content in [*contents.items(), ("revision", revision.encode())]:
            await self._replace(name, content)
        log.info("the catalogue and what people have hidden are saved beside the archive")

    def _path(self, name: str) -> str:
        return f"{archive.documents_directory(self._root)}/{name}.jsonl"

    async def _read(self, name: str) -> bytes | None:
        path = self._path(name)
        return await self._files.read(path) if await self._files.status(path) else None

    async def _replace(self, name: str, content: bytes) -> None:
        temporary = f"{archive.temporary_directory(self._root)}/{uuid.uuid4()}.jsonl"
        await self._files.write(temporary, content)
        written = await self._files.status(temporary)
        if written is None or written.length != len(content):
            raise Unavailable("HDFS", f"{temporary} was not written whole")
        await self._files.replace(temporary, self._path(name))
