"""The fast path: ordinary requests to the two busy addresses, answered below aiohttp's router.

Half of what a small answer costs is aiohttp's machinery around its handler: a request object, the
route, a task and a future for each. Here aiohttp still reads, parses and queues; an ordinary
request then goes straight to the service, which answers by a callback, and the answer to the
transport. Whatever is not ordinary, or cannot be answered at once, stays in aiohttp's queue and
takes its own way. This module is the only place that knows aiohttp's private parts.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, NamedTuple, Protocol, TypeVar

from aiohttp import HttpVersion11, web
from aiohttp.http import RawRequestMessage
from aiohttp.streams import StreamReader
from multidict import CIMultiDict, CIMultiDictProxy

from web.access import Judge, Verdict
from web.ready_response import http_date
from web.request_id import REQUEST_ID, request_id_of
from web.security_headers import transport_security

A = TypeVar("A")
Headers = CIMultiDictProxy[str]

_NEVER = ("Origin", "Expect", "Idempotency-Key")
"""A request with one of these headers is not ordinary."""


class RequestObserver(Protocol):
    def on_request(self, method: str, route: str, status: int, seconds: float) -> None: ...


class Shortcut(Protocol[A]):
    """How the requests of one route are answered on the fast path."""

    @property
    def route(self) -> str:
        """Its template."""

    def read(self, path: str, headers: Headers, body: bytes) -> A | None:
        """What an ordinary request asks for; None for another one."""

    def begin(self, asked: A, connection: FastConnection) -> bool:
        """Has the connection told later, exactly once, to `answer` or to `give_back`; False, with
        nothing done, if it has to be given back now."""


class FastPath(NamedTuple):
    """What all connections share."""

    shortcuts: Mapping[str, Shortcut[Any]]
    """By method."""
    judge: Judge
    observer: RequestObserver


class GivenBack(NamedTuple):
    """What the fast path knows of a request that it could not answer."""

    began: float
    """By `time.perf_counter`."""
    verdict: Verdict
    error: BaseException | None = None
    """Why the request failed; None if it is still to be done."""
    traceback: TracebackType | None = None
    """The error's own, without those of other requests that the same error fails."""


class FastConnection(web.RequestHandler):
    """A connection. While the fast path works on a request, aiohttp sees one in progress: the
    message is in its queue, and what it would wake when one comes is held here."""

    __slots__ = ("_began", "_fast_path", "_given_back", "_held", "_route", "_verdict")

    def __init__(self, manager: FastServer, **options: Any) -> None:
        super().__init__(manager, **options)
        self._fast_path = manager.fast_path
        self._held: asyncio.Future[None] | None = None
        self._given_back: GivenBack | None = None

    def data_received(self, data: bytes) -> None:
        waiter = self._waiter
        if waiter is None or waiter.done() or self._messages:  # a request is in progress
            super().data_received(data)
            return
        self._waiter = None  # aiohttp parses, and wakes nobody
        try:
            super().data_received(data)
        finally:
            self._waiter = waiter
        if self._messages and not self._begin(waiter):
            waiter.set_result(None)

    def _begin(self, waiter: asyncio.Future[None]) -> bool:
        message, payload = self._messages[0]
        if len(self._messages) > 1 or self._paused or not isinstance(message, RawRequestMessage):
            return False
        began = time.perf_counter()
        shortcut = self._fast_path.shortcuts.get(message.method)
        body = _body(payload)
        if shortcut is None or body is None or not _is_ordinary(message):
            return False
        asked = shortcut.read(message.path, message.headers, body)
        if asked is None:
            return False
        verdict = self._fast_path.judge(_Asked(message, self), shortcut.route)
        if verdict.refusal is None and shortcut.begin(asked, self):
            self._began, self._verdict, self._route = began, verdict, shortcut.route
            self._held, self._waiter = waiter, None
            return True
        self._given_back = GivenBack(began, verdict)
        return False

    def answer(self, status: int, head: bytes, body: bytes) -> None:
        """Ends the request; the head as `head_of` makes it."""
        message, _ = self._messages.popleft()
        assert isinstance(message, RawRequestMessage)
        seconds = time.perf_counter() - self._began
        self._fast_path.observer.on_request(message.method, self._route, status, seconds)
        transport = self.transport
        if transport is not None and not self._is_lost:
            name = request_id_of(message.headers).encode()
            secure = _secure(message.headers, is_tls=self.ssl_context is not None)
            transport.write(head % (name, len(body), http_date(int(time.time())), secure) + body)
        if self._parser is not None:
            self._parser.message_consumed()
        if self._manager is not None:
            self._manager.requests_count += 1
        waiter = self._let_go()
        if self._is_lost or self._force_close or self._close:
            waiter.cancel()
            if not self._force_close and transport is not None:
                transport.close()
            return
        self._next_keepalive_close_time = due = self._loop.time() + self._keepalive_timeout
        if self._keepalive_handle is None:
            self._keepalive_handle = self._loop.call_at(due, self._process_keepalive)
        if self._messages and not waiter.done():
            waiter.set_result(None)

    def give_back(self, error: BaseException | None = None) -> None:
        """Leaves the request to aiohttp's own way, which fails with the error if there is one."""
        waiter = self._let_go()
        if self._is_lost:
            waiter.cancel()
        elif not waiter.done():
            traceback = None if error is None else error.__traceback__
            self._given_back = GivenBack(self._began, self._verdict, error, traceback)
            waiter.set_result(None)

    def take_back(self) -> GivenBack | None:
        """What is known of the request that aiohttp works on now."""
        given_back, self._given_back = self._given_back, None
        return given_back

    @property
    def _is_lost(self) -> bool:
        """Whether the client is gone, though aiohttp may hear of it only in a moment: it could not
        work on a request any more."""
        return self.transport is None or self.transport.is_closing()

    def _let_go(self) -> asyncio.Future[None]:
        waiter, self._held = self._held, None
        assert waiter is not None
        if not waiter.done():
            self._waiter = waiter
        return waiter


class _Asked:
    """What the walls look at."""

    __slots__ = ("_connection", "_message")

    def __init__(self, message: RawRequestMessage, connection: FastConnection) -> None:
        self._message = message
        self._connection = connection

    @property
    def method(self) -> str:
        return self._message.method

    @property
    def headers(self) -> Headers:
        return self._message.headers

    @property
    def host(self) -> str:
        return self._message.headers.get("Host", "")

    @property
    def remote(self) -> str | None:
        peer = self._connection.peername
        return None if peer is None else str(peer if isinstance(peer, str) else peer[0])


class FastServer(web.Server):
    """A server of aiohttp whose connections have the fast path."""

    def __init__(self, like: web.Server, fast_path: FastPath) -> None:
        super().__init__(
            like.request_handler,
            request_factory=like.request_factory,
            handler_cancellation=like.handler_cancellation,
            loop=like._loop,
            **like._kwargs,
        )
        self.fast_path = fast_path

    def __call__(self) -> web.RequestHandler:
        return FastConnection(self, loop=self._loop, **self._kwargs)


class FastRunner(web.AppRunner):
    """Runs an application of aiohttp by a server with the fast path."""

    __slots__ = ("_fast_path",)

    def __init__(self, application: web.Application, fast_path: FastPath, **options: Any) -> None:
        super().__init__(application, access_log=None, **options)
        self._fast_path = fast_path

    async def _make_server(self) -> web.Server:
        return FastServer(await super()._make_server(), self._fast_path)


def given_back(request: web.BaseRequest) -> GivenBack | None:
    """What the fast path did about the request; None if it left it alone."""
    connection = request.protocol
    return connection.take_back() if isinstance(connection, FastConnection) else None


def head_of(status_line: str, headers: CIMultiDict[str]) -> bytes:
    """What is in front of a body, for the formatting of bytes, with places for what each answer
    has of its own."""
    lines = [f"HTTP/1.1 {status_line}", *(f"{name}: {value}" for name, value in headers.items())]
    own = f"{REQUEST_ID}: %b\r\nContent-Length: %d\r\nDate: %b\r\n%b\r\n"
    return ("\r\n".join(lines).replace("%", "%%") + "\r\n" + own).encode()


def _is_ordinary(message: RawRequestMessage) -> bool:
    headers = message.headers
    return (
        message.version == HttpVersion11
        and not message.should_close
        and not message.upgrade
        and not message.chunked
        and not message.compression
        and not any(name in headers for name in _NEVER)
    )


def _body(payload: StreamReader) -> bytes | None:
    """The body, left where it is; None if it has not come in one piece with its headers."""
    if not payload.is_eof():
        return None
    pieces = getattr(payload, "_buffer", ())
    return (pieces[0] if pieces else b"") if len(pieces) <= 1 else None


def _secure(headers: Headers, *, is_tls: bool) -> bytes:
    found = transport_security(headers, is_tls=is_tls)
    return b"".join(f"{name}: {value}\r\n".encode() for name, value in found.items())
