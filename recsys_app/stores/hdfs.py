"""Files in HDFS, through WebHDFS."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import NamedTuple, TypeVar, cast

import requests
from hdfs import Client, HdfsError, InsecureClient, TokenClient

from recsys_app.errors import ConfigurationError, RecsysError, Unavailable

T = TypeVar("T")

_MISSING = "FileNotFoundException"
_EXISTS = "FileAlreadyExistsException"


class FileStatus(NamedTuple):
    name: str
    is_directory: bool
    length: int
    modified: float
    """Seconds since 1970-01-01 UTC, by the NameNode's clock."""


class HdfsFileStore:
    """Whole files in HDFS: listed, read, created and renamed, never appended to.

    Every method raises `Unavailable` when HDFS does not answer or refuses for a reason that may
    pass (safe mode, quota, no DataNode); whether a write or a rename took place is then unknown.
    """

    def __init__(
        self,
        url: str,
        *,
        user: str,
        timeout_seconds: float,
        threads: int = 4,
        rpc_url: str | None,
        token: str | None = None,
        kerberos: bool = False,
        ca: str | None = None,
    ) -> None:
        self._url = url.rstrip("/")
        self._rpc_url = rpc_url
        self._timeout = timeout_seconds
        self._session = requests.Session()
        self._session.verify = ca or True
        options = {"timeout": timeout_seconds, "session": self._session}
        if kerberos:
            self._client = _kerberos_client(self._url, options)
        elif token:
            self._client = TokenClient(self._url, token, **options)
        else:
            self._client = InsecureClient(self._url, user=user, **options)
        self._turns = asyncio.Semaphore(threads)

    async def close(self) -> None:
        self._session.close()

    async def rpc_url(self) -> str:
        """The address that Hadoop clients such as Spark use, as the NameNode itself names it."""
        if self._rpc_url:
            return self._rpc_url
        return await self._run(self._ask_rpc_url)

    async def list_directory(self, path: str) -> list[FileStatus]:
        """What the directory holds, by name; nothing if there is no such directory."""

        def work() -> list[FileStatus]:
            try:
                found = self._client.list(path, status=True)
            except HdfsError as error:
                if error.exception == _MISSING:
                    return []
                raise
            return [_status(name, status) for name, status in found]

        return sorted(await self._run(work))

    async def make_directory(self, path: str) -> None:
        await self._run(partial(self._client.makedirs, path))

    async def status(self, path: str) -> FileStatus | None:
        def work() -> FileStatus | None:
            status = self._client.status(path, strict=False)
            return _status(path, status) if status else None

        return await self._run(work)

    async def folder_size(self, path: str) -> tuple[int, int]:
        """How many files there are in and below a directory, and their bytes together."""

        def work() -> tuple[int, int]:
            content = self._client.content(path, strict=False) or {}
            return content.get("fileCount", 0), content.get("length", 0)

        return await self._run(work)

    async def read(self, path: str, *, offset: int = 0) -> bytes:
        """The bytes of a file from an offset on."""

        def work() -> bytes:
            with self._client.read(path, offset=offset) as reader:
                content: bytes = reader.read()
                return content

        return await self._run(work)

    async def write(self, path: str, content: bytes) -> None:
        """Creates a file; what a failure leaves behind may be a part of it."""
        await self._run(partial(self._client.write, path, data=content, overwrite=False))

    async def rename(self, source: str, target: str) -> bool:
        """Whether the file was renamed; False if the target exists or the source does not."""

        def work() -> bool:
            try:
                self._client.rename(source, target)
            except HdfsError as error:
                if error.exception is None:  # WebHDFS answered {"boolean": false}
                    return False
                raise
            return True

        return await self._run(work)

    async def replace(self, source: str, target: str) -> None:
        """Renames a file onto another, in one step: readers have the old one or the new one."""
        # The client's own `rename` cannot overwrite, but its request for any operation can.
        await self._run(
            partial(self._client._rename, source, destination=target, renameoptions="OVERWRITE")
        )

    async def delete(self, path: str, *, recursive: bool = False) -> bool:
        """Whether there was something to delete."""
        return bool(await self._run(partial(self._client.delete, path, recursive=recursive)))

    async def _run(self, work: Callable[[], T]) -> T:
        try:
            async with self._turns:
                return await _in_daemon_thread(work)
        except (requests.RequestException, OSError) as error:
            raise Unavailable("HDFS", error) from error
        except HdfsError as error:
            if error.exception in (_MISSING, _EXISTS):
                raise RecsysError(str(error)) from error
            raise Unavailable("HDFS", str(error).partition("\n")[0]) from error

    def _ask_rpc_url(self) -> str:
        answer = self._session.get(
            f"{self._url}/conf",
            params={"name": "fs.defaultFS"},
            headers={"Accept": "application/json"},
            timeout=self._timeout,
        )
        answer.raise_for_status()
        return str(answer.json()["property"]["value"])


async def _in_daemon_thread(work: Callable[[], T]) -> T:
    """What `work` returns. An interpreter that ends waits for an executor's threads, and so would
    a worker for an HDFS that does not answer; for a daemon thread it does not."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(cast(T, result))

    def run() -> None:
        result, failure = None, None
        try:
            result = work()
        except BaseException as error:
            failure = error
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=run, name="hdfs", daemon=True).start()
    return await done


def _kerberos_client(url: str, options: dict[str, object]) -> Client:
    try:
        from hdfs.ext.kerberos import KerberosClient
    except ImportError:
        raise ConfigurationError(
            "RECSYS_HDFS_KERBEROS needs a package more: pip install 'recsys[kerberos]'."
        ) from None
    return KerberosClient(url, mutual_auth="REQUIRED", **options)


def _status(name: str, status: dict[str, object]) -> FileStatus:
    length, modified = status["length"], status["modificationTime"]
    assert isinstance(length, int)
    assert isinstance(modified, int)
    return FileStatus(name, status["type"] == "DIRECTORY", length, modified / 1000)
