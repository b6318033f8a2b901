"""Whether the worker lives, and whether it can do its work."""

from __future__ import annotations

from typing import Any

import orjson
from aiohttp import web

from recsys_app.resources import Liveness, Readiness
from recsys_app.services.health_service import HealthService
from web.access import ANONYMOUS
from web.api import JSON, NoParams, Reply, Route, json_reply


def routes(health: HealthService) -> list[Route[Any]]:
    async def livez(_: NoParams, request: web.Request) -> web.Response:
        return json_reply(Liveness("alive"))

    async def readyz(_: NoParams, request: web.Request) -> web.Response:
        report = await health.check()
        if request.get(ANONYMOUS):  # a stranger hears no more than a load balancer has to know
            states = dict.fromkeys(report["down"], "down")
            known = {name: states.get(name, "up") for name in report["dependencies"]}
            report = {"status": report["status"], "down": report["down"], "dependencies": known}
        return web.Response(
            status=200 if report["status"] == "ready" else 503,
            body=orjson.dumps(report),
            content_type=JSON,
        )

    return [
        Route(
            method="GET",
            path="/livez",
            summary="Whether the worker lives",
            tag="Operation",
            handler=livez,
            params=NoParams,
            replies={200: Reply("It does.", Liveness)},
        ),
        Route(
            method="GET",
            path="/readyz",
            summary="Whether the worker and all that it depends on can work",
            tag="Operation",
            handler=readyz,
            params=NoParams,
            replies={
                200: Reply("Everything answers.", Readiness),
                503: Reply("Something does not answer; `down` names it.", Readiness),
            },
        ),
    ]
