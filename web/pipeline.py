"""How the service works, in figures."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from recsys_app.resources import Pipeline
from recsys_app.services.pipeline_service import PipelineService
from web.api import NoParams, Reply, Route, json_reply


def routes(pipeline: PipelineService) -> list[Route[Any]]:
    async def get_pipeline(_: NoParams, request: web.Request) -> web.Response:
        return json_reply(await pipeline.look(), headers={"Cache-Control": "no-store"})

    return [
        Route(
            method="GET",
            path="/pipeline",
            summary="Ratings in, lag, archive, trainings and cache, as measured now",
            tag="Operation",
            handler=get_pipeline,
            params=NoParams,
            replies={200: Reply("The measurements; null where there are none.", Pipeline)},
        )
    ]
