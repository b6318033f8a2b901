"""The two busy addresses of a real worker: the fast path says what aiohttp's own way says."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from recsys_app.models import MAX_ID
from recsys_app.stack import Stack
from tests.service import Service

SECRET = "fast-path-0123456789"
RATING = b'{"userId":7,"movieId":1,"rating":4.5}'
_OF_EACH = ("date", "x-request-id")
Answer = tuple[str, set[str], bytes]


class Connection:
    """One of raw bytes, after its first request: that one may come before aiohttp waits for it, and
    is aiohttp's then."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=30)
        self.file = self.socket.makefile("rb")
        assert self.ask(get("/livez"))[0] == "HTTP/1.1 200 OK"

    def send(self, head: str, body: bytes = b"") -> None:
        self.socket.sendall(head.replace("\n", "\r\n").encode() + body)

    def answer(self) -> Answer:
        """Status line, header lines in lower case without those of each answer's own, body."""
        status = self.file.readline().decode().strip()
        lines = set()
        while line := self.file.readline().decode().strip().lower():
            lines.add(line)
        length = next(int(x.split()[1]) for x in lines if x.startswith("content-length"))
        assert {x.partition(":")[0] for x in lines} >= set(_OF_EACH)
        kept = {x for x in lines if x.partition(":")[0] not in _OF_EACH}
        return status, kept, self.file.read(length)

    def ask(self, head: str, body: bytes = b"") -> Answer:
        self.send(head, body)
        return self.answer()

    def close(self) -> None:
        self.file.close()
        self.socket.close()


@pytest.fixture
def connection(demo_url: str) -> Iterator[Connection]:
    opened = Connection(demo_url)
    yield opened
    opened.close()


def get(path: str, more: str = "") -> str:
    return f"GET {path} HTTP/1.1\nHost: localhost\n{more}\n"


def post(body: bytes, more: str = "") -> str:
    kind = "Content-Type: application/json\n"
    length = f"Content-Length: {len(body)}\n"
    return f"POST /send_rating HTTP/1.1\nHost: localhost\n{kind}{length}{more}\n"


@pytest.mark.parametrize("more", ["", "X-Forwarded-Proto: https\n", "X-Request-ID: mine\n"])
@pytest.mark.parametrize(
    "path",
    [
        "/recommendations/1",
        "/recommendations/1?limit=3",
        "/recommendations/1?limit=100",
        "/recommendations/007",
        f"/recommendations/{MAX_ID - 5}",
        "/recommendations/0",
        f"/recommendations/{MAX_ID + 1}",
        "/recommendations/1?limit=0",
        "/recommendations/1?limit=101",
        "/recommendations/1?limit=3&limit=4",
        "/recommendations/1?limit=3&explain=true",
        "/recommendations/1?mood=good",
        "/recommendations/1?",
        "/recommendations/x",
        "/recommendations/1/",
    ],
)
def test_reads_say_the_same_both_ways(connection: Connection, path: str, more: str) -> None:
    """An address of elsewhere (`Origin`) has a request go aiohttp's way."""
    fast = connection.ask(get(path, more))
    assert fast == connection.ask(get(path, more + "Origin: http://elsewhere\n"))
    known = path.partition("?")[0].endswith(("/1", "/007"))
    assert not known or fast[0] in ("HTTP/1.1 200 OK", "HTTP/1.1 400 Bad Request")
    assert ("strict-transport-security: max-age=63072000" in fast[1]) is ("https" in more)


@pytest.mark.parametrize(
    "body",
    [
        RATING,
        b'{"userId":7,"movieId":1,"rating":4.3}',
        b'{"userId":7,"movieId":1}',
        b"{",
        b"",
        b"\xff",
        b" " * 4096,
        b" " * 4097,
    ],
)
def test_ratings_say_the_same_both_ways(connection: Connection, body: bytes) -> None:
    fast = connection.ask(post(body), body)
    slow = connection.ask(post(body, "Origin: http://elsewhere\n"), body)
    if body == RATING:
        assert fast[0] == slow[0] == "HTTP/1.1 202 Accepted"
        first, second = json.loads(fast[2]), json.loads(slow[2])
        assert second == first | {"offset": first["offset"] + 1}
    else:
        assert fast == slow
        assert fast[0].split()[1] in ("400", "413")


def test_every_answer_counts(connection: Connection, demo_url: str) -> None:
    def counted(line: str) -> float:
        metrics = requests.get(f"{demo_url}/metrics", timeout=30).text
        return sum(float(x.split()[-1]) for x in metrics.splitlines() if x.startswith(line))

    asked = 'recsys_http_requests_total{method="GET",route="/recommendations/{user_id}",status='
    timed = 'recsys_http_request_duration_seconds_count{method="POST",route="/send_rating"}'
    accepted = "recsys_ratings_accepted_total"
    before = counted(asked), counted(timed), counted(accepted)
    for _ in range(3):
        connection.ask(get("/recommendations/1"))
        connection.ask(post(RATING), RATING)
    assert (counted(asked), counted(timed), counted(accepted)) == tuple(x + 3 for x in before)


def test_a_page_of_elsewhere_is_refused(connection: Connection) -> None:
    """Who calls another name than the machine's own was sent by DNS rebinding."""
    rebound = get("/recommendations/1").replace("localhost", "elsewhere.example")
    assert connection.ask(rebound)[0] == "HTTP/1.1 421 Misdirected Request"


def test_keys_and_their_limits_hold(stack: Stack, tmp_path: Path) -> None:
    with Service(
        stack,
        name="fastkeys",
        home=tmp_path,
        roles="web",
        api_keys=f"reader:read:{SECRET}",
        host="127.0.0.1",
        requests_per_second_by_key=0.5,
        requests_per_second_by_address=0,
    ) as service:
        connection = Connection(service.url)
        assert connection.ask(get("/recommendations/1"))[0].split()[1] == "401"
        key = f"X-API-Key: {SECRET}\n"
        assert connection.ask(post(RATING, key), RATING)[0].split()[1] == "403"
        statuses = []
        while not statuses or statuses[-1] == "200":  # a window of ten seconds may end between
            statuses.append(connection.ask(get("/recommendations/1", key))[0].split()[1])
        assert statuses[-1] == "429"
        assert len(statuses) <= 11
        connection.close()


def test_a_rating_that_waits_is_answered_before_the_worker_ends(
    stack: Stack, tmp_path: Path
) -> None:
    with Service(stack, name="fastend", home=tmp_path, send_timeout_seconds=40) as service:
        connection = Connection(service.url)
        assert connection.ask(post(RATING), RATING)[0] == "HTTP/1.1 202 Accepted"
        stack.kafka.pause()
        try:
            connection.send(post(RATING), RATING)
            gone = Connection(service.url)
            gone.send(post(RATING), RATING)
            time.sleep(0.5)  # both are on their way to Kafka
            gone.close()
            ended: list[int] = []
            ending = threading.Thread(target=lambda: ended.append(service.stop(60)))
            ending.start()
            time.sleep(1)
            assert not ended
        finally:
            stack.kafka.resume()
        status, _, body = connection.answer()
        assert (status, json.loads(body)["status"]) == ("HTTP/1.1 202 Accepted", "accepted")
        assert connection.file.read() == b""
        ending.join()
        assert ended == [0]
        connection.close()
