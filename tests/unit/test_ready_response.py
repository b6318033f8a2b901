"""Answers that pass by aiohttp's examination say the same as those that do not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from multidict import CIMultiDict

from web.ready_response import ReadyResponse
from web.security_headers import DATA_HEADERS, add_security_headers

BODY = b'{"status":"accepted"}'
_ITS_OWN = {"date"}


@pytest.fixture
async def server() -> AsyncIterator[TestServer]:
    async def ready(_: web.Request) -> web.Response:
        headers = CIMultiDict({**DATA_HEADERS, "Content-Type": "application/json"})
        return ReadyResponse(status=202, body=BODY, headers=headers)

    async def plain(_: web.Request) -> web.Response:
        return web.Response(status=202, body=BODY, content_type="application/json")

    application = web.Application()
    application.on_response_prepare.append(add_security_headers)
    application.router.add_get("/ready", ready)
    application.router.add_get("/plain", plain)
    async with TestServer(application) as started:
        yield started


Answer = tuple[str, set[str], bytes]


async def ask(server: TestServer, request: str, times: int = 1) -> list[Answer]:
    """Status line, header lines in lower case without the date, and body, of each of the answers to
    the same request on one connection, of which the last one ends it."""
    reader, writer = await asyncio.open_connection(server.host, server.port)
    last = request.replace("\n\n", "\nConnection: close\n\n") if times > 1 else request
    writer.write((request * (times - 1) + last).replace("\n", "\r\n").encode())
    found = []
    for _ in range(times):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        lines = {line.lower() for line in head[1:]}
        assert any(line.startswith("date: ") for line in lines)
        length = next(int(line.split()[1]) for line in lines if line.startswith("content-length"))
        body = b"" if request.startswith("HEAD") else await reader.readexactly(length)
        kept = {line for line in lines if line.partition(":")[0] not in _ITS_OWN}
        found.append((head[0], kept, body))
    if times > 1 or "connection: close" in found[-1][1]:
        assert await reader.read() == b""
    writer.close()
    return found


@pytest.mark.parametrize(
    "request_",
    [
        "GET /{} HTTP/1.1\nHost: a\n\n",
        "GET /{} HTTP/1.1\nHost: a\nX-Forwarded-Proto: https\n\n",
        "GET /{} HTTP/1.1\nHost: a\nOrigin: http://b\n\n",
        "GET /{} HTTP/1.1\nHost: a\nConnection: close\n\n",
        "GET /{} HTTP/1.0\nHost: a\n\n",
        "GET /{} HTTP/1.0\nHost: a\nConnection: keep-alive\n\n",
        "HEAD /{} HTTP/1.1\nHost: a\n\n",
    ],
)
async def test_both_ways_answer_alike(server: TestServer, request_: str) -> None:
    (ready,) = await ask(server, request_.format("ready"))
    (plain,) = await ask(server, request_.format("plain"))
    assert ready == plain
    assert ready[0].endswith("202 Accepted")
    secure = "strict-transport-security: max-age=63072000"
    assert (secure in ready[1]) is ("https" in request_)


@pytest.mark.parametrize(("method", "body"), [("GET", BODY), ("HEAD", b"")])
async def test_a_connection_takes_one_request_after_another(
    server: TestServer, method: str, body: bytes
) -> None:
    answers = await ask(server, f"{method} /ready HTTP/1.1\nHost: a\n\n", times=3)
    assert [(line, found) for line, _, found in answers] == [("HTTP/1.1 202 Accepted", body)] * 3
