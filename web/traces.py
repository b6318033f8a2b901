"""A span around each request."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from web.metrics import route_of


class RequestTracing(Protocol):
    def request(self, name: str, headers: Mapping[str, str]) -> AbstractContextManager[None]: ...


def traced_requests(tracing: RequestTracing) -> Middleware:
    """A middleware that opens a span, named by the route's template, around each request."""

    @web.middleware
    async def trace(request: web.Request, handler: Handler) -> web.StreamResponse:
        with tracing.request(f"{request.method} {route_of(request)}", request.headers):
            return await handler(request)

    return trace
