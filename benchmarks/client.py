"""A cheap HTTP client that keeps a server busy: `python -m benchmarks.client`.

Runs in a process of its own, whose CPU nobody counts. With a rate it sends on schedule, whether or
not the server keeps up, and counts each latency from when the request was due, without the first
second, in which the client and its connections are new.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np
import uvloop
from msgspec import Struct

_READY = b"ready\n"
_WARM_SECONDS = 1.0


class Load(Struct, frozen=True):
    """What to send."""

    port: int
    requests: list[bytes]
    """Whole requests, sent in turn."""
    connections: int
    seconds: float
    per_second: float = 0.0
    """0 sends the next request of a connection as soon as it has the answer to the last one."""


class Answered(Struct, frozen=True):
    """What came back."""

    statuses: dict[int, int]
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def requests(self) -> int:
        return sum(self.statuses.values())

    def check(self, status: int = 200) -> Answered:
        """Itself, if every answer had this status."""
        assert set(self.statuses) == {status}, self.statuses
        return self


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def post(path: str, body: bytes, content_type: str = "application/json") -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def send(
    port: int,
    requests: Sequence[bytes],
    *,
    connections: int = 32,
    seconds: float = 3.0,
    per_second: float = 0.0,
    connected: Callable[[], object] = lambda: None,
) -> Answered:
    """Has a process send the requests over and over, and returns what it was answered.

    `connected` is called when the first of them is about to be sent.
    """
    load = Load(port, list(requests), connections, seconds, per_second)
    command = [sys.executable, "-m", "benchmarks.client"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as client:
        assert client.stdin
        assert client.stdout
        client.stdin.write(msgspec.msgpack.encode(load))
        client.stdin.close()
        assert client.stdout.readline() == _READY
        connected()
        return msgspec.json.decode(client.stdout.read(), type=Answered)


class _Run:
    """The state that all connections share."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.statuses: Counter[int] = Counter()
        self.latencies: list[float] = []
        self.free: deque[_Connection] = deque()
        self.due: deque[float] = deque()
        self.sent = 0
        self.busy = 0
        self.counts_from = 0.0
        self.is_over = False
        self.is_drained = asyncio.Event()

    def next_request(self) -> bytes:
        self.sent += 1
        return self.load.requests[self.sent % len(self.load.requests)]

    def answered(self, connection: _Connection, status: int) -> None:
        now = time.perf_counter()
        self.statuses[status] += 1
        if connection.due >= self.counts_from:
            self.latencies.append(now - connection.due)
        if self.load.per_second:
            if self.due:
                connection.send(self.due.popleft())
                return
        elif not self.is_over:
            connection.send(now)
            return
        self.free.append(connection)
        self.busy -= 1
        if self.is_over and not self.busy:
            self.is_drained.set()

    def start(self, due: float) -> None:
        if self.free:
            self.busy += 1
            self.free.popleft().send(due)
        else:
            self.due.append(due)


class _Connection(asyncio.Protocol):
    def __init__(self, run: _Run) -> None:
        self._run = run
        self._received = b""
        self._missing = -1
        self._transport: Any = None
        self._status = 0
        self.due = 0.0

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        assert self._run.is_over, f"the server closed a connection: {error}"

    def send(self, due: float) -> None:
        self.due = due
        self._transport.write(self._run.next_request())

    def data_received(self, data: bytes) -> None:
        if self._missing < 0:
            self._received += data
            head, end, body = self._received.partition(b"\r\n\r\n")
            if not end:
                return
            self._received = b""
            self._status = int(head[9:12])
            length = head.lower().partition(b"content-length:")[2].partition(b"\r")[0]
            self._missing = int(length) - len(body)
        else:
            self._missing -= len(data)
        if self._missing == 0:
            self._missing = -1
            self._run.answered(self, self._status)


async def _send(load: Load) -> Answered:
    run = _Run(load)
    loop = asyncio.get_running_loop()
    for _ in range(load.connections):
        _, connection = await loop.create_connection(
            lambda: _Connection(run), "127.0.0.1", load.port
        )
        run.free.append(connection)
    sys.stdout.buffer.write(_READY)
    sys.stdout.buffer.flush()
    began = time.perf_counter()
    if load.per_second:
        run.counts_from = began + _WARM_SECONDS
        for number in range(int(load.per_second * load.seconds)):
            due = began + number / load.per_second
            if (early := due - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            run.start(due)
    else:
        for _ in range(load.connections):
            run.start(began)
        await asyncio.sleep(load.seconds)
    run.is_over = True
    if run.busy:
        await run.is_drained.wait()
    seconds = time.perf_counter() - began
    p50, p99 = (float(1000 * np.percentile(run.latencies, q)) for q in (50, 99))
    return Answered(dict(run.statuses), seconds, p50, p99)


if __name__ == "__main__":
    asked = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Load)
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(_send(asked))))
