"""A TCP proxy before HDFS that is slow, cuts bodies or drops replies when it is told to."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Self
from urllib.parse import urlsplit

from recsys_app.stack import Stack

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class HdfsProxy:
    """Stands before the NameNode and the DataNode, and sends redirections to itself."""

    def __init__(self, stack: Stack) -> None:
        self._namenode = urlsplit(stack.hdfs_url).port or 0
        self._datanode = int(stack.hdfs.datanode.address.rpartition(":")[2])
        self._servers: list[asyncio.Server] = []
        self._ports = b"", b""
        self._connections: set[asyncio.Task[None]] = set()
        self.delay_seconds = 0.0
        self.passes = asyncio.Event()
        """Cleared, every request waits here until it is set again."""
        self.passes.set()
        self.cut_bodies = 0
        """So many of the next files that are created get half of their bytes."""
        self.drop_renames = 0
        """So many of the next renames are done, and nobody is told."""
        self.url = ""

    async def __aenter__(self) -> Self:
        datanode_http = self._datanode_http()
        for upstream in (self._namenode, datanode_http):
            server = await asyncio.start_server(
                lambda r, w, upstream=upstream: self._connected(r, w, upstream), "127.0.0.1", 0
            )
            self._servers.append(server)
        ports = [server.sockets[0].getsockname()[1] for server in self._servers]
        self._ports = b"127.0.0.1:%d/" % datanode_http, b"127.0.0.1:%d/" % ports[1]
        self.url = f"http://127.0.0.1:{ports[0]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        for server in self._servers:
            server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _datanode_http(self) -> int:
        return int(self._datanode) + 1  # the stack's ports follow one another

    async def _connected(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, upstream: int
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            with suppress(OSError):
                await self._serve((reader, writer), upstream)
        finally:
            self._connections.discard(task)
            writer.close()

    async def _serve(self, client: Streams, upstream: int) -> None:
        server = await asyncio.open_connection("127.0.0.1", upstream)
        try:
            state = {"drop": False}
            done = [
                asyncio.create_task(self._requests(client[0], server[1], state)),
                asyncio.create_task(self._replies(server[0], client[1], state)),
            ]
            await asyncio.wait(done, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.cancel()
            await asyncio.gather(*done, return_exceptions=True)
        finally:
            server[1].close()

    async def _requests(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, state: dict[str, bool]
    ) -> None:
        while data := await source.read(65536):
            await self.passes.wait()
            if self.delay_seconds:
                await asyncio.sleep(self.delay_seconds)
            if self.drop_renames and b"op=RENAME" in data:
                self.drop_renames -= 1
                state["drop"] = True
            if self.cut_bodies and b"userId,movieId" in data:
                self.cut_bodies -= 1
                start = data.index(b"userId,movieId")
                target.write(data[: (start + len(data)) // 2])
                await target.drain()
                await asyncio.sleep(0.5)  # so that the DataNode has it
                return
            target.write(data)
            await target.drain()

    async def _replies(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, state: dict[str, bool]
    ) -> None:
        while data := await source.read(65536):
            if state["drop"]:
                return
            target.write(data.replace(*self._ports))
            await target.drain()
