"""A TCP proxy before MongoDB that fails for good when lists of recommendations were written."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Self
from urllib.parse import urlsplit

from tests.faults.tcp_proxy import Streams, TcpProxy

_COLLECTION = b"recommendations\0"
_WRITES_LISTS = b"\x02update\0" + len(_COLLECTION).to_bytes(4, "little") + _COLLECTION
"""How the command that writes lists begins in BSON."""


class MongoProxy(TcpProxy):
    """The way of one process to MongoDB; it ends with the first write of lists, unanswered."""

    def __init__(self, uri: str) -> None:
        super().__init__()
        self._upstream = urlsplit(uri)
        self.failed = asyncio.Event()
        self.url = ""

    async def __aenter__(self) -> Self:
        host, upstream = self._upstream.hostname, self._upstream.port
        assert host
        assert upstream
        port = await self._stand_before(host, upstream)
        self.url = self._upstream._replace(netloc=f"127.0.0.1:{port}").geturl()
        return self

    def _ways(self, client: Streams, server: Streams) -> list[Coroutine[Any, Any, None]]:
        return [
            self._copy(client[0], server[1]),
            self._copy(server[0], client[1]),
            self._until_failed(),
        ]

    async def _until_failed(self) -> None:
        await self.failed.wait()

    async def _copy(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while not self.failed.is_set() and (data := await source.read(65536)):
            target.write(data)
            await target.drain()
            if _WRITES_LISTS in data:
                self.failed.set()
