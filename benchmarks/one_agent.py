"""A worker with one agent only: `python -m benchmarks.one_agent archive|cache RECORDS`.

Settings come from the environment, as for the service.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, cast

import faust
import uvloop
from faust.web.drivers.aiohttp import Web

import web.metrics
from benchmarks.meter import Meter
from recsys_app.application import Components, bare_app, register_archive, register_cache
from recsys_app.settings import load_settings

CONSUME = {
    "archive": ("ratings", "consume_ratings"),
    "cache": ("consumer", "consume_recommendations"),
}
REGISTER = {"archive": register_archive, "cache": register_cache}


def main() -> None:
    uvloop.install()
    agent, records = sys.argv[1], int(sys.argv[2])
    parts, meter = Components(load_settings()), Meter(records)
    service, method = CONSUME[agent]
    consume = getattr(getattr(parts, service), method)

    async def counted(partition: int, messages: Sequence[Any]) -> None:
        await consume(partition, messages)
        meter.add(len(messages))

    setattr(getattr(parts, service), method, counted)
    app = bare_app(parts)
    REGISTER[agent](app, parts)
    cast(Web, app.web).web_app.router.add_routes(web.metrics.routes(parts.metrics))
    faust.Worker(app, loglevel="warning").execute_from_commandline()


if __name__ == "__main__":
    main()
