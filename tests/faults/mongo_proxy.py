"""A TCP proxy before MongoDB that fails for good when lists of recommendations were written."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Self
from urllib.parse import urlsplit

_COLLECTION = b"recommendations\0"
_WRITES_LISTS = b"\x02update\0" + len(_COLLECTION).to_bytes(4, "little") + _COLLECTION
"""How the command that writes lists begins in BSON."""


class MongoProxy:
    """The way of one process to MongoDB; it ends with the first write of lists, unanswered."""

    def __init__(self, uri: str) -> None:
        self._upstream = urlsplit(uri)
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.failed = asyncio.Event()
        self.url = ""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.url = self._upstream._replace(netloc=f"127.0.0.1:{port}").geturl()
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            with suppress(OSError):
                await self._serve(reader, writer)
        finally:
            self._connections.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, port = self._upstream.hostname, self._upstream.port
        server_reader, server_writer = await asyncio.open_connection(host, port)
        ways = [
            asyncio.create_task(self._copy(reader, server_writer)),
            asyncio.create_task(self._copy(server_reader, writer)),
            asyncio.create_task(self._until_failed()),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            server_writer.close()

    async def _until_failed(self) -> None:
        await self.failed.wait()

    async def _copy(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while not self.failed.is_set() and (data := await source.read(65536)):
            target.write(data)
            await target.drain()
            if _WRITES_LISTS in data:
                self.failed.set()
