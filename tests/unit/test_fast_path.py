"""The fast path over real sockets: what takes it, what does not, and that nobody can tell."""

from __future__ import annotations

import asyncio
import gc
import traceback
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy

from recsys_app.errors import Unavailable
from web.access import ADMITTED, Asked, Verdict
from web.answering import answering
from web.fast_path import FastConnection, FastPath, FastRunner, head_of
from web.problems import problem

FAST = head_of("200 OK", CIMultiDict({"X-Way": "fast"}))
LARGE = b"x" * 2**24


@dataclass
class Server:
    """Echoes the last part of the path, in both ways, and says in which."""

    port: int = 0
    route: str = "/echo/{word}"
    held: list[tuple[str, FastConnection]] = field(default_factory=list)
    """Requests to `/echo/hold…` that wait for the test."""
    judged: list[str] = field(default_factory=list)
    answered: list[tuple[str, str, int]] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    by_aiohttp: asyncio.Event = field(default_factory=asyncio.Event)
    may_end: asyncio.Event = field(default_factory=asyncio.Event)
    runner: Any = None

    def read(self, path: str, headers: CIMultiDictProxy[str], body: bytes) -> str | None:
        word = path.removeprefix("/echo/")
        return None if word == path else word + body.decode()

    def begin(self, word: str, connection: FastConnection) -> bool:
        loop = asyncio.get_running_loop()
        if word.startswith("busy"):
            return False
        if word.startswith("hold"):
            self.held.append((word, connection))
            self.arrived.set()
        elif word == "absent":
            loop.call_soon(connection.give_back)
        elif word == "broken":
            loop.call_soon(connection.give_back, Unavailable("Kafka", "away"))
        else:
            body = LARGE if word == "large" else word.encode()
            loop.call_soon(connection.answer, 200, FAST, body)
        return True

    def judge(self, asked: Asked, route: str) -> Verdict:
        self.judged.append(f"{asked.method} {route} {asked.host} {asked.remote}")
        refused = "X-Refuse" in asked.headers
        return Verdict(problem(403, "no")) if refused else ADMITTED

    def on_request(self, method: str, route: str, status: int, seconds: float) -> None:
        assert seconds >= 0
        self.answered.append((method, route, status))

    async def echo(self, request: web.Request) -> web.Response:
        body = request.match_info["word"] + (await request.read()).decode()
        self.by_aiohttp.set()
        return web.Response(text=body, headers={"X-Way": "aiohttp"})

    async def shut_down(self, _: web.Application) -> None:
        await self.may_end.wait()

    async def start(self, **options: Any) -> None:
        application = web.Application(middlewares=[answering(observer=self, judge=self.judge)])
        application.router.add_route("*", self.route, self.echo)
        application.on_shutdown.append(self.shut_down)
        path = FastPath({"GET": self, "POST": self}, self.judge, self)
        self.runner = FastRunner(application, path, **options)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        self.port = self.runner.addresses[0][1]


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, *pieces: str) -> None:
        """Each piece in a packet of its own."""
        for piece in pieces:
            self.writer.write(piece.replace("\n", "\r\n").encode())
            await self.writer.drain()
            await asyncio.sleep(0.02)

    async def answer(self, *, has_body: bool = True) -> tuple[int, dict[str, str], bytes]:
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in head[1:])}
        length = int(headers["content-length"]) if has_body else 0
        return int(head[0].split()[1]), headers, await self.reader.readexactly(length)

    async def way(self) -> tuple[str, str]:
        status, headers, body = await self.answer()
        assert status == 200
        assert len(headers["x-request-id"]) == 32
        return headers["x-way"], body.decode()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    started = Server()
    await started.start()
    yield started
    started.may_end.set()
    await started.runner.cleanup()


async def connect(server: Server) -> Client:
    client = Client(*await asyncio.open_connection("127.0.0.1", server.port))
    await client.send("GET /echo/first HTTP/1.1\nHost: a\n\n")
    assert await client.way() == ("fast", "first")
    return client


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError


def get(word: str, more: str = "") -> str:
    return f"GET /echo/{word} HTTP/1.1\nHost: a\n{more}\n"


def post(word: str, body: str, more: str = "") -> str:
    return f"POST /echo/{word} HTTP/1.1\nHost: a\nContent-Length: {len(body)}\n{more}\n{body}"


@pytest.mark.parametrize(
    "pieces",
    [
        [get("same")],
        [post("sa", "me")],
        [get("same", "Connection: keep-alive\n")],
        [get("same", "X-Forwarded-Proto: http\n")],
        ["GET /echo/sa", "me HTTP/1.1\nHo", "st: a\n", "\n"],
    ],
)
async def test_an_ordinary_request_takes_the_fast_path(server: Server, pieces: list[str]) -> None:
    """Fails if another release of aiohttp has other private parts."""
    client = await connect(server)
    for _ in range(3):
        await client.send(*pieces)
        assert await client.way() == ("fast", "same")
    method = pieces[0].split()[0]
    assert server.answered[1:] == [(method, server.route, 200)] * 3
    assert server.judged[1:] == [f"{method} {server.route} a 127.0.0.1"] * 3
    client.writer.close()


@pytest.mark.parametrize(
    "pieces",
    [
        [get("same", "Connection: close\n")],
        [get("same", "Origin: http://b\n")],
        [post("sa", "me", "Idempotency-Key: k\n")],
        [post("sa", "me").replace("POST", "PUT")],
        ["GET /echo/same HTTP/1.0\nHost: a\n\n"],
        ["GET /echo/same HTTP/1.0\nHost: a\nConnection: keep-alive\n\n"],
        ["POST /echo/sa HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\n2\nme\n0\n\n"],
        [post("sa", "me")[:-2], "m", "e"],
        [get("%73ame")],
        [get("same", "Upgrade: websocket\nConnection: Upgrade\n")],
        [get("same", "Content-Encoding: gzip\n")],
    ],
)
async def test_any_other_request_takes_aiohttp_s_way(server: Server, pieces: list[str]) -> None:
    if "%73" in pieces[0]:
        server.read = lambda *_: None  # type: ignore[assignment,method-assign]
        client = Client(*await asyncio.open_connection("127.0.0.1", server.port))
    else:
        client = await connect(server)
    await client.send(*pieces)
    assert await client.way() == ("aiohttp", "same")
    client.writer.close()


async def test_a_connection_takes_any_number_of_requests(server: Server) -> None:
    """aiohttp's parser stops at 32 of which it does not hear that they are done."""
    client = await connect(server)
    for number in range(100):
        client.writer.write(get(str(number)).replace("\n", "\r\n").encode())
        assert await client.way() == ("fast", str(number))
    client.writer.close()


async def test_who_asks_whether_to_go_on_is_told_so(server: Server) -> None:
    client = await connect(server)
    await client.send(post("sa", "me", "Expect: 100-continue\n"))
    assert (await client.answer(has_body=False))[0] == 100
    assert await client.way() == ("aiohttp", "same")
    client.writer.close()


async def test_head_has_no_body(server: Server) -> None:
    client = await connect(server)
    await client.send(get("same").replace("GET", "HEAD"))
    status, headers, _ = await client.answer(has_body=False)
    assert (status, headers["x-way"]) == (200, "aiohttp")
    await client.send(get("after"))
    assert await client.way() == ("fast", "after")
    client.writer.close()


async def test_what_is_no_http_is_refused_as_ever(server: Server) -> None:
    client = await connect(server)
    await client.send("WHAT?\n\n")
    assert (await client.answer())[0] == 400
    assert await client.reader.read() == b""
    client.writer.close()


async def test_pipelined_requests_are_answered_in_order(server: Server) -> None:
    client = await connect(server)
    words = [f"w{number}" for number in range(100)]
    await client.send("".join(map(get, words)))
    assert [(await client.way())[1] for _ in words] == words
    await client.send(get("hold1"), get("second") + get("hold3"), post("fourth", ""))
    await server.arrived.wait()
    server.held[0][1].answer(200, FAST, b"hold1")
    assert await client.way() == ("fast", "hold1")
    assert [(await client.way())[1] for _ in range(3)] == ["second", "hold3", "fourth"]
    await client.send(get("pair") + get("hold5"))
    assert await client.way() == ("aiohttp", "pair")
    assert await client.way() == ("aiohttp", "hold5")
    await client.send(get("after"))
    assert await client.way() == ("fast", "after")
    client.writer.close()


@pytest.mark.parametrize("word", ["busy", "absent"])
async def test_what_is_given_back_is_answered_by_aiohttp(server: Server, word: str) -> None:
    client = await connect(server)
    await client.send(get(word))
    assert await client.way() == ("aiohttp", word)
    await client.send(get("after"))
    assert await client.way() == ("fast", "after")
    assert server.answered == [("GET", server.route, 200)] * 3
    assert len(server.judged) == 3  # the walls count each request once
    client.writer.close()


async def test_what_failed_is_a_problem_document(server: Server) -> None:
    client = await connect(server)
    await client.send(get("broken"))
    status, headers, body = await client.answer()
    assert (status, headers["content-type"]) == (503, "application/problem+json")
    assert b"Kafka does not answer" in body
    assert not server.by_aiohttp.is_set()  # it was not tried a second time
    assert server.answered[-1] == ("GET", server.route, 503)
    client.writer.close()


async def test_who_may_not_pass_is_refused_and_counted_once(server: Server) -> None:
    client = await connect(server)
    await client.send(get("same", "X-Refuse: yes\n"))
    status, _, _ = await client.answer()
    assert status == 403
    assert len(server.judged) == 2
    client.writer.close()


@pytest.mark.parametrize("late", ["answer", "give_back"])
async def test_a_client_that_left_is_forgotten(server: Server, late: str) -> None:
    problems: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, said: problems.append(said))
    client = await connect(server)
    await client.send(get("hold"))
    await server.arrived.wait()
    client.writer.close()
    ((_, connection),) = server.held
    await until(lambda: connection.transport is None)
    if late == "answer":
        connection.answer(200, FAST, b"")
        assert server.answered[-1] == ("GET", server.route, 200)
    else:
        connection.give_back()
    await until(lambda: not server.runner.server.connections)
    gc.collect()
    assert not problems


@pytest.mark.parametrize("late", ["answer", "give_back"])
async def test_a_client_that_leaves_at_the_moment_of_its_answer_is_forgotten(
    server: Server, late: str
) -> None:
    problems: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, said: problems.append(said))
    client = await connect(server)
    await client.send(get("hold"), get("next"))
    await server.arrived.wait()
    ((_, connection),) = server.held
    assert connection.transport is not None
    connection.transport.abort()  # aiohttp hears of it in the next turn of the event loop
    if late == "answer":
        connection.answer(200, FAST, b"")
    else:
        connection.give_back()
    await until(lambda: not server.runner.server.connections)
    await asyncio.sleep(0)
    server.held.clear()
    del connection
    gc.collect()
    assert not problems
    client.writer.close()


async def test_an_error_of_many_requests_keeps_none_of_them(server: Server) -> None:
    error = Unavailable("Kafka", "away")
    clients = [await connect(server) for _ in range(3)]
    for client in clients:
        await client.send(get("hold"))
    await until(lambda: len(server.held) == len(clients))
    for _, connection in server.held:
        connection.give_back(error)
    assert [(await client.answer())[0] for client in clients] == [503] * 3
    assert len(list(traceback.walk_tb(error.__traceback__))) == 1
    for client in clients:
        client.writer.close()


@pytest.mark.parametrize("late", ["answer", "give_back", "shut down"])
async def test_a_shutdown_waits_for_what_is_begun(late: str) -> None:
    server = Server()
    await server.start()
    if late == "shut down":
        server.may_end.set()
        late = "answer"
    client = await connect(server)
    idle = await connect(server)
    await client.send(get("hold"))
    await server.arrived.wait()
    ending = asyncio.create_task(server.runner.cleanup())
    await asyncio.wait([ending], timeout=0.1)
    assert not ending.done()
    if late == "answer":
        server.held[0][1].answer(200, FAST, b"hold")
    else:
        server.held[0][1].give_back()
    assert await client.way() == ("fast" if late == "answer" else "aiohttp", "hold")
    assert await client.reader.read() == b""  # though others may keep the server from its end
    server.may_end.set()
    await ending
    assert await idle.reader.read() == b""
    client.writer.close()
    idle.writer.close()


async def test_a_connection_in_use_stays() -> None:
    server = Server()
    await server.start(keepalive_timeout=0.5)
    client = await connect(server)
    for _ in range(8):
        await asyncio.sleep(0.1)
        await client.send(get("again"))
        assert await client.way() == ("fast", "again")
    client.writer.close()
    server.may_end.set()
    await server.runner.cleanup()


async def test_a_quiet_connection_ends_and_a_busy_one_does_not() -> None:
    server = Server()
    await server.start(keepalive_timeout=0.1)
    client = await connect(server)
    await client.send(get("hold"))
    await asyncio.sleep(0.3)
    server.held[0][1].answer(200, FAST, b"hold")
    assert await client.way() == ("fast", "hold")
    assert await client.reader.read() == b""
    client.writer.close()
    server.may_end.set()
    await server.runner.cleanup()


async def test_the_answers_to_a_slow_reader_are_aiohttp_s(server: Server) -> None:
    client = await connect(server)
    await client.send(get("large"))
    await until(lambda: len(server.answered) == 2)
    await client.send(get("second"))
    await server.by_aiohttp.wait()
    assert await client.way() == ("fast", LARGE.decode())
    assert await client.way() == ("aiohttp", "second")
    client.writer.close()
