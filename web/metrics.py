"""Metrics for Prometheus, and the counting of requests."""

from __future__ import annotations

import time
from typing import Protocol

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

UNMATCHED = "unmatched"
"""Stands for every address that there is not, of which strangers can invent any number."""


class RequestObserver(Protocol):
    def on_request(self, method: str, route: str, status: int, seconds: float) -> None: ...


class Exposition(Protocol):
    def exposition(self, accept: str) -> tuple[bytes, str]: ...


def routes(metrics: Exposition) -> list[web.RouteDef]:
    async def get_metrics(request: web.Request) -> web.Response:
        body, content_type = metrics.exposition(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    return [web.get("/metrics", get_metrics)]


def observed_requests(observer: RequestObserver) -> Middleware:
    """A middleware that tells the observer of every request, by its route's template."""

    @web.middleware
    async def observe(request: web.Request, handler: Handler) -> web.StreamResponse:
        began = time.perf_counter()
        status = 500
        try:
            response = await handler(request)
            status = response.status
        except web.HTTPException as error:
            status = error.status
            raise
        finally:
            seconds = time.perf_counter() - began
            observer.on_request(request.method, route_of(request), status, seconds)
        return response

    return observe


def route_of(request: web.Request) -> str:
    """The template of the route that the request matched, such as `/recommendations/{user_id}`."""
    resource = request.match_info.route.resource
    return UNMATCHED if resource is None else resource.canonical
