"""Who gets past the door, and what every answer tells a browser."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request
from prometheus_client import CollectorRegistry

from recsys_app.access import parse_api_keys
from recsys_app.metrics import Metrics
from recsys_app.services.rate_limiter import RateLimiter
from tests.unit.test_rate_limiter import Clock, Counters
from web.access import address_of, required_scope, walls
from web.answering import answering
from web.security_headers import add_security_headers

READ, WRITE, ADMIN = "reader-0123456789", "writer-0123456789", "admins-0123456789"
KEYS = f"reader:read:{READ},writer:read+write:{WRITE},ops:admin:{ADMIN}"
Client = TestClient[web.Request, web.Application]
Connect = Callable[..., Awaitable[Client]]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    clients: list[Client] = []

    async def connected(keys: str = KEYS, by_key: float = 0, by_address: float = 0) -> Client:
        metrics = Metrics(CollectorRegistry())
        judge = walls(
            keys=parse_api_keys(keys),
            limiter=RateLimiter(Counters(), window_seconds=10, clock=Clock()),
            observer=metrics,
            per_second_by_key=by_key,
            per_second_by_address=by_address,
            trusted_proxies=0,
        )

        async def answer(_: web.Request) -> web.Response:
            return web.json_response({})

        async def page(_: web.Request) -> web.Response:
            return web.Response(text="<!doctype html>", content_type="text/html")

        application = web.Application(middlewares=[answering(observer=metrics, judge=judge)])
        application.on_response_prepare.append(add_security_headers)
        application.router.add_routes(
            [
                web.get("/", page),
                web.get("/livez", answer),
                web.get("/metrics", answer),
                web.get("/recommendations/{user_id}", answer),
                web.post("/send_rating", answer),
                web.delete("/users/{user_id}", answer),
                web.get("/erasures/{receipt}", answer),
            ]
        )
        clients.append(TestClient(TestServer(application)))
        await clients[-1].start_server()
        return clients[-1]

    yield connected
    for client in clients:
        await client.close()


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/recommendations/1", {READ, WRITE}),
        ("GET", "/metrics", {READ, WRITE}),
        ("POST", "/send_rating", {WRITE}),
        ("DELETE", "/users/1", {ADMIN}),
        ("GET", "/erasures/1", {ADMIN}),
        ("GET", "/", {None, READ, WRITE, ADMIN}),
        ("GET", "/livez", {None, READ, WRITE, ADMIN}),
    ],
)
@pytest.mark.parametrize("secret", [None, READ, WRITE, ADMIN])
async def test_scopes(
    connect: Connect, method: str, path: str, allowed: set[str | None], secret: str | None
) -> None:
    client = await connect()
    headers = {} if secret is None else {"Authorization": f"Bearer {secret}"}
    answer = await client.request(method, path, headers=headers)
    expected = 200 if secret in allowed else 401 if secret is None else 403
    assert answer.status == expected
    if expected == 401:
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_an_unknown_address_needs_a_key_too(connect: Connect) -> None:
    client = await connect()
    assert (await client.get("/nowhere")).status == 401
    assert (await client.get("/nowhere", headers={"X-API-Key": READ})).status == 404


async def test_wrong_keys_are_refused_and_soon_not_even_compared(connect: Connect) -> None:
    client = await connect()
    statuses = [
        (await client.get("/recommendations/1", headers={"X-API-Key": f"guess-{n}"})).status
        for n in range(12)
    ]
    assert statuses == [401] * 10 + [429] * 2


async def test_a_key_that_comes_too_fast_is_told_when_to_come_again(connect: Connect) -> None:
    client = await connect(by_key=0.2)
    headers = {"X-API-Key": READ}
    answers = [await client.get("/recommendations/1", headers=headers) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert answers[2].headers["Retry-After"] == "10"
    assert answers[2].content_type == "application/problem+json"
    other = await client.get("/recommendations/1", headers={"X-API-Key": WRITE})
    assert other.status == 200


async def test_an_address_that_comes_too_fast_is_refused_with_and_without_a_key(
    connect: Connect,
) -> None:
    client = await connect(by_address=0.2)
    statuses = [(await client.get("/livez")).status for _ in range(3)]
    assert statuses == [200, 200, 429]


async def test_without_keys_a_page_from_elsewhere_gets_nothing(connect: Connect) -> None:
    client = await connect(keys="")
    assert (await client.get("/recommendations/1")).status == 200
    for host in ("localhost", "localhost:80", "127.0.0.1", "[::1]:6066"):
        answer = await client.get("/recommendations/1", headers={"Host": host})
        assert answer.status == 200, host
    for host in ("evil.example", "127.0.0.1.evil.example:6066", ""):
        answer = await client.get("/recommendations/1", headers={"Host": host})
        assert answer.status == 421, host


async def test_answers_tell_browsers_what_not_to_do(connect: Connect) -> None:
    client = await connect()
    page = await client.get("/")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    for path in ("/livez", "/recommendations/1"):
        answer = await client.get(path)  # the second is refused, and has them too
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Server"] == "recsys"
        assert "Strict-Transport-Security" not in answer.headers
    secure = await client.get("/livez", headers={"X-Forwarded-Proto": "https"})
    assert "max-age" in secure.headers["Strict-Transport-Security"]


@pytest.mark.parametrize(
    ("forwarded", "proxies", "address"),
    [
        ("1.2.3.4", 0, "unknown"),  # nobody vouches for the header
        ("6.6.6.6, 1.2.3.4", 1, "1.2.3.4"),
        ("6.6.6.6, 1.2.3.4, 10.0.0.1", 2, "1.2.3.4"),
        ("2001:db8:1:2:3:4:5:6", 1, "2001:db8:1:2::/64"),
        ("not an address", 1, "unknown"),
    ],
)
def test_the_address_is_what_trusted_proxies_say(
    forwarded: str, proxies: int, address: str
) -> None:
    request = make_mocked_request("GET", "/", headers={"X-Forwarded-For": forwarded})
    assert address_of(request, proxies) == address


def test_what_is_not_listed_needs_a_key() -> None:
    assert required_scope("GET", "/anything/new") == "read"
    assert required_scope("PATCH", "/anything/new") == "write"
