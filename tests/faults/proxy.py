"""A TCP proxy before HDFS that is slow, cuts bodies or drops replies when it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Self
from urllib.parse import urlsplit

from recsys_app.stack import Stack
from tests.faults.tcp_proxy import Streams, TcpProxy


class HdfsProxy(TcpProxy):
    """Stands before the NameNode and the DataNode, and sends redirections to itself."""

    def __init__(self, stack: Stack) -> None:
        super().__init__()
        self._namenode = urlsplit(stack.hdfs_url).port or 0
        self._datanode = int(stack.hdfs.datanode.address.rpartition(":")[2])
        self._ports = b"", b""
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
        upstreams = (self._namenode, datanode_http)
        ports = [await self._stand_before("127.0.0.1", upstream) for upstream in upstreams]
        self._ports = b"127.0.0.1:%d/" % datanode_http, b"127.0.0.1:%d/" % ports[1]
        self.url = f"http://127.0.0.1:{ports[0]}"
        return self

    def _datanode_http(self) -> int:
        return int(self._datanode) + 1  # the stack's ports follow one another

    def _ways(self, client: Streams, server: Streams) -> list[Coroutine[Any, Any, None]]:
        state = {"drop": False}
        return [
            self._requests(client[0], server[1], state),
            self._replies(server[0], client[1], state),
        ]

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
