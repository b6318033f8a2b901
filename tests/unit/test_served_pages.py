"""What the worker's web server answers at all, and that SECURITY.md names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import cast

import orjson
import pytest
from aiohttp.test_utils import TestClient, TestServer
from faust.web.drivers.aiohttp import Web

from recsys_app.application import create_app
from recsys_app.settings import Settings

ROOT = Path(__file__).parents[2]
UNDOCUMENTED = {"/", "/docs", "/openapi.json", "/static/{name}", "/metrics"}


def served(settings: Settings) -> Web:
    server = cast(Web, create_app(settings).web)
    server.init_server()  # Faust adds its own pages here
    return server


async def test_debug_pages_are_off(tmp_path: Path) -> None:
    web_app = served(Settings(home=tmp_path)).web_app
    paths = {route.resource.canonical for route in web_app.router.routes() if route.resource}
    assert not {path for path in paths if re.match("/(router|table|graph|stats|performance)", path)}


async def test_debug_pages_are_there_when_asked_for(tmp_path: Path) -> None:
    web_app = served(Settings(home=tmp_path, debug_pages=True)).web_app
    paths = {route.resource.canonical for route in web_app.router.routes() if route.resource}
    assert {path for path in paths if path.startswith("/router")}


async def test_every_route_is_documented_or_known(tmp_path: Path) -> None:
    web_app = served(Settings(home=tmp_path)).web_app
    paths = {route.resource.canonical for route in web_app.router.routes() if route.resource}
    async with TestClient(TestServer(web_app)) as client:
        document = orjson.loads(await (await client.get("/openapi.json")).read())
    assert paths - UNDOCUMENTED == set(document["paths"])


async def test_only_pages_of_listed_origins_may_call(tmp_path: Path) -> None:
    listed, other = "https://shop.example", "https://elsewhere.example"
    allowed = "Access-Control-Allow-Origin"
    async with TestClient(TestServer(served(Settings(home=tmp_path)).web_app)) as client:
        assert allowed not in (await client.get("/livez", headers={"Origin": listed})).headers
    web_app = served(Settings(home=tmp_path, cors_origins=(listed,))).web_app
    async with TestClient(TestServer(web_app)) as client:
        answer = await client.get("/livez", headers={"Origin": listed})
        assert answer.headers[allowed] == listed
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert allowed not in (await client.get("/livez", headers={"Origin": other})).headers
        asked = {
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "X-API-Key",
        }
        for origin, status in ((listed, 200), (other, 403)):
            headers = {"Origin": origin, **asked}
            assert (await client.options("/send_rating", headers=headers)).status == status


def rows() -> list[tuple[str, list[str]]]:
    text = (ROOT / "SECURITY.md").read_text()
    lines = [line for line in text.splitlines() if line.startswith("| API")]
    return [(line.split()[1], re.findall(r"`(tests/[^`]+)`", line)) for line in lines]


def test_every_risk_has_a_row() -> None:
    assert [risk for risk, _ in rows()] == [f"API{number}" for number in range(1, 11)]


@pytest.mark.parametrize(("risk", "tests"), rows())
def test_every_row_names_tests_that_exist(risk: str, tests: list[str]) -> None:
    assert tests
    for test in tests:
        path, _, name = test.partition("::")
        assert re.search(rf"^(async )?def {name}\(", (ROOT / path).read_text(), re.MULTILINE), test
