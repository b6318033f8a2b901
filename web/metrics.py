"""Metrics for Prometheus."""

from __future__ import annotations

from typing import Protocol

from aiohttp import web


class Exposition(Protocol):
    def exposition(self, accept: str) -> tuple[bytes, str]: ...


def routes(metrics: Exposition) -> list[web.RouteDef]:
    async def get_metrics(request: web.Request) -> web.Response:
        body, content_type = metrics.exposition(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    return [web.get("/metrics", get_metrics)]
