"""The page for people, the readable documentation, and the OpenAPI document."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import orjson
from aiohttp import web

from web.api import JSON, Route
from web.openapi import openapi_document

_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
_PAGES = {"/": "index.html", "/docs": "docs.html"}


def routes(api: Sequence[Route[Any]], *, version: str) -> list[web.RouteDef]:
    """The page at `/`, its files under `/static/`, `/docs`, and `/openapi.json` of these routes."""
    document = orjson.dumps(openapi_document(api, version=version))
    static = {
        file.name: _StaticFile(file.name, file.read_bytes())
        for file in files("web").joinpath("static").iterdir()
        if file.is_file()
    }

    async def openapi(request: web.Request) -> web.Response:
        return web.Response(body=document, content_type=JSON)

    async def page(request: web.Request) -> web.Response:
        return static[_PAGES[request.path]].answer(request)

    async def static_file(request: web.Request) -> web.Response:
        found = static.get(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound(text=f"There is no {request.path}.")
        return found.answer(request)

    return [
        web.get("/openapi.json", openapi),
        *(web.get(path, page) for path in _PAGES),
        web.get("/static/{name}", static_file),
    ]


class _StaticFile:
    """A file in memory, which a browser asks for again only to hear that it has not changed."""

    def __init__(self, name: str, content: bytes) -> None:
        self._content = content
        self._type = _TYPES.get("." + name.rpartition(".")[2], "application/octet-stream")
        self._etag = hashlib.sha256(content).hexdigest()[:16]

    def answer(self, request: web.Request) -> web.Response:
        headers = {
            "ETag": f'"{self._etag}"',
            "Cache-Control": "no-cache",
        }
        known = request.if_none_match or ()
        if any(tag.value == self._etag for tag in known):
            return web.Response(status=304, content_type=self._type, headers=headers)
        return web.Response(
            body=self._content, content_type=self._type, charset="utf-8", headers=headers
        )
