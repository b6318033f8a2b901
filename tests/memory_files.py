"""A file system in memory that behaves as HDFS does, with a gate before and after every effect."""

from __future__ import annotations

import posixpath
from collections.abc import Awaitable, Callable

from recsys_app.errors import RecsysError
from recsys_app.stores.hdfs import FileStatus

Gate = Callable[[str], Awaitable[None]]
"""Called with the name of a point; it may wait, or raise what a failing HDFS makes of it."""


async def open_gate(_: str) -> None:
    return


class MemoryFiles:
    """The content of every file, shared by all the clients of one file system."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.directories: set[str] = {"/"}

    def add_directory(self, path: str) -> None:
        while path not in self.directories:
            self.directories.add(path)
            path = posixpath.dirname(path)


class MemoryFileStore:
    """One client. A call that fails at its first gate has done nothing; at its last, everything.

    A write passes a gate when half of its bytes are there, as a cut WebHDFS CREATE leaves them.
    """

    def __init__(self, files: MemoryFiles | None = None, gate: Gate = open_gate) -> None:
        self._disk = MemoryFiles() if files is None else files
        self._gate = gate

    async def list_directory(self, path: str) -> list[FileStatus]:
        await self._gate("list")
        disk = self._disk
        found = [
            FileStatus(posixpath.basename(file), False, len(content), 0.0)
            for file, content in disk.files.items()
            if posixpath.dirname(file) == path
        ]
        found += [
            FileStatus(posixpath.basename(directory), True, 0, 0.0)
            for directory in disk.directories
            if posixpath.dirname(directory) == path and directory != path
        ]
        await self._gate("listed")
        return sorted(found)

    async def make_directory(self, path: str) -> None:
        await self._gate("make directory")
        self._disk.add_directory(path)
        await self._gate("directory made")

    async def status(self, path: str) -> FileStatus | None:
        await self._gate("status")
        content = self._disk.files.get(path)
        if content is None:
            return FileStatus(path, True, 0, 0.0) if path in self._disk.directories else None
        return FileStatus(path, False, len(content), 0.0)

    async def read(self, path: str, *, offset: int = 0) -> bytes:
        await self._gate("read")
        if path not in self._disk.files:
            raise RecsysError(f"there is no {path}")
        return self._disk.files[path][offset:]

    async def write(self, path: str, content: bytes) -> None:
        await self._gate("create")
        if path in self._disk.files:
            raise RecsysError(f"there is a {path} already")
        self._disk.add_directory(posixpath.dirname(path))
        self._disk.files[path] = content[: len(content) // 2]
        await self._gate("half written")
        self._disk.files[path] = content
        await self._gate("written")

    async def rename(self, source: str, target: str) -> bool:
        await self._gate("rename")
        disk = self._disk
        free = target not in disk.files and target not in disk.directories
        done = source in disk.files and free and posixpath.dirname(target) in disk.directories
        if done:
            disk.files[target] = disk.files.pop(source)
        await self._gate("renamed")
        return done

    async def replace(self, source: str, target: str) -> None:
        await self._gate("replace")
        self._disk.files[target] = self._disk.files.pop(source)
        await self._gate("replaced")

    async def delete(self, path: str, *, recursive: bool = False) -> bool:
        await self._gate("delete")
        below = [file for file in self._disk.files if recursive and file.startswith(f"{path}/")]
        found = [self._disk.files.pop(file, None) for file in (path, *below)]
        self._disk.directories -= {
            each for each in self._disk.directories if each == path or each.startswith(f"{path}/")
        }
        return any(content is not None for content in found)
