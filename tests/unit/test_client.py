"""The client against a server that fails first."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec
import pytest
import stamina

from recsys_app.client import AsyncClient, Client, NotAnswered, Refused
from recsys_app.resources import Accepted


class FailingServer(ThreadingHTTPServer):
    """Answers with the given statuses, one after the other, and keeps what it was asked."""

    def __init__(self, *statuses: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.statuses = list(statuses)
        self.asked: list[tuple[str, str | None, bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: FailingServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((self.path, self.headers.get("Idempotency-Key"), body))
        status = self.server.statuses.pop(0)
        answer: object = Accepted("accepted", 0, 7) if status < 400 else {"detail": "because"}
        content = msgspec.json.encode(answer)
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST

    def log_message(self, format: str, *arguments: object) -> None:
        """Says nothing."""


@pytest.fixture
def server() -> Iterator[FailingServer]:
    with FailingServer() as server, stamina.set_testing(True, attempts=3, cap=True):
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_rating_is_sent_again_with_the_same_key(server: FailingServer) -> None:
    server.statuses = [503, 429, 202]
    with Client(server.url) as client:
        assert client.rate(1, 2, 4.5).offset == 7
    keys = {key for _, key, _ in server.asked}
    assert len(server.asked) == 3
    assert len(keys) == 1
    assert None not in keys
    assert server.asked[0][2] == b'{"userId":1,"movieId":2,"rating":4.5}'


def test_two_ratings_have_two_keys(server: FailingServer) -> None:
    server.statuses = [202, 202]
    with Client(server.url) as client:
        client.rate(1, 2, 4.5)
        client.rate(1, 2, 4.5)
    assert len({key for _, key, _ in server.asked}) == 2


def test_what_is_refused_is_not_sent_again(server: FailingServer) -> None:
    server.statuses = [400]
    with Client(server.url) as client, pytest.raises(Refused, match="400: because"):
        client.rate(1, 2, 9)
    assert len(server.asked) == 1


def test_an_outage_ends_with_a_sentence(server: FailingServer) -> None:
    server.statuses = [503, 503, 503]
    with Client(server.url) as client, pytest.raises(NotAnswered, match="503: because"):
        client.rate(1, 2, 4)


async def test_the_asynchronous_client_does_the_same(server: FailingServer) -> None:
    server.statuses = [503, 202]
    async with AsyncClient(server.url) as client:
        assert (await client.rate(1, 2, 4.5)).offset == 7
    assert len(server.asked) == 2
    assert len({key for _, key, _ in server.asked}) == 1


def test_nobody_there(server: FailingServer) -> None:
    silent = pytest.raises(NotAnswered, match="does not answer")
    with Client("http://127.0.0.1:1") as client, silent:
        client.movie(1)


def test_filters_go_into_the_address(server: FailingServer) -> None:
    server.statuses = [400]
    with Client(server.url) as client, pytest.raises(Refused):
        client.recommendations(1, genre="Sci-Fi", explain=True, exclude=[1, 2], year_to=None)
    assert server.asked[0][0] == "/recommendations/1?genre=Sci-Fi&explain=true&exclude=1&exclude=2"
