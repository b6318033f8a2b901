"""What the proxies before HDFS and before MongoDB have in common."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class TcpProxy(ABC):
    """Stands before servers, and hands over what passes as a subclass wants it."""

    def __init__(self) -> None:
        self._servers: list[asyncio.Server] = []
        self._connections: set[asyncio.Task[None]] = set()

    async def __aexit__(self, *_: object) -> None:
        for server in self._servers:
            server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _stand_before(self, host: str, port: int) -> int:
        """The port of this machine that leads there from now on."""
        server = await asyncio.start_server(
            lambda reader, writer: self._connected((reader, writer), host, port), "127.0.0.1", 0
        )
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    @abstractmethod
    def _ways(self, client: Streams, server: Streams) -> list[Coroutine[Any, Any, None]]:
        """What goes on while a connection lasts; it ends with the first of them."""

    async def _connected(self, client: Streams, host: str, port: int) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            with suppress(OSError):
                await self._serve(client, await asyncio.open_connection(host, port))
        finally:
            self._connections.discard(task)
            client[1].close()

    async def _serve(self, client: Streams, server: Streams) -> None:
        ways = [asyncio.create_task(way) for way in self._ways(client, server)]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            server[1].close()
