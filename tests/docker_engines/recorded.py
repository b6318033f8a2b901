"""An engine that answers as Docker 20.10 (API 1.41) was seen to, without running anything.

Statuses, bodies and messages are those of the real engine, cut to what is read here; the tests
that use it run against the real one too.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

VERSION = {
    "Version": "20.10.24+dfsg1",
    "ApiVersion": "1.41",
    "MinAPIVersion": "1.12",
    "Os": "linux",
}
NO_SUCH_FILE = (
    "failed to create shim task: OCI runtime create failed: runc create failed: unable to start "
    'container process: exec: "{0}": stat {0}: no such file or directory: unknown'
)
Handler = Callable[["_Container"], web.Response]


class _Container:
    def __init__(self, name: str, config: dict[str, Any], clock: Callable[[], str]) -> None:
        self.id = uuid.uuid4().hex * 2
        self.name = name
        self.config = config
        self._clock = clock
        self.status = "created"
        self.exit_code = 0
        self.started_at = "0001-01-01T00:00:00Z"

    def entry(self) -> dict[str, Any]:
        return {
            "Id": self.id,
            "Names": [f"/{self.name}"],
            "Image": self.config["Image"],
            "Command": " ".join(self.config["Cmd"]),
            "Labels": {},
            "State": self.status,
        }

    def details(self) -> dict[str, Any]:
        state = {
            "Status": self.status,
            "Running": self.status in ("running", "paused"),
            "Paused": self.status == "paused",
            "Restarting": False,
            "ExitCode": self.exit_code,
            "Error": "",
            "StartedAt": self.started_at,
        }
        config = {"Env": self.config["Env"] or None, "Image": self.config["Image"]}
        return {"Id": self.id, "Name": f"/{self.name}", "State": state, "Config": config}

    def start(self) -> web.Response:
        if self.status == "running":
            return web.Response(status=304)
        if self.status == "paused":
            return _problem(409, "cannot start a paused container, try unpause instead")
        program, *arguments = self.config["Cmd"]
        if program == "/nonexistent":
            return _problem(400, NO_SUCH_FILE.format(program))
        self.started_at = self._clock()
        ends = arguments[-1].startswith("exit ")
        self.status = "exited" if ends else "running"
        self.exit_code = int(arguments[-1].split()[1]) if ends else 0
        return web.Response(status=204)

    def pause(self) -> web.Response:
        self.status = "paused"
        return web.Response(status=204)

    def unpause(self) -> web.Response:
        if self.status != "paused":
            return _problem(500, f"Container {self.id} is not paused")
        self.status = "running"
        return web.Response(status=204)

    def kill(self) -> web.Response:
        self.status, self.exit_code = "exited", 137
        return web.Response(status=204)

    def wait(self) -> web.Response:
        return web.json_response({"Error": None, "StatusCode": self.exit_code})


def _problem(status: int, message: str) -> web.Response:
    return web.json_response({"message": message}, status=status)


class _RecordedEngine:
    def __init__(self) -> None:
        self._containers: dict[str, _Container] = {}
        ticks = itertools.count(1)
        self._clock = lambda: f"2026-01-01T00:00:{next(ticks):02}.0Z"

    def application(self) -> web.Application:
        app = web.Application(client_max_size=2**25)
        app.add_routes(
            [
                web.get("/version", self._version),
                web.post("/v1.41/images/create", self._import),
                web.get("/v1.41/containers/json", self._list),
                web.post("/v1.41/containers/create", self._create),
                web.get("/v1.41/containers/{name}/json", self._show),
                web.delete("/v1.41/containers/{name}", self._delete),
                web.post("/v1.41/containers/{name}/start", self._act(_Container.start)),
                web.post("/v1.41/containers/{name}/pause", self._act(_Container.pause)),
                web.post("/v1.41/containers/{name}/unpause", self._act(_Container.unpause)),
                web.post("/v1.41/containers/{name}/kill", self._act(_Container.kill)),
                web.post("/v1.41/containers/{name}/wait", self._act(_Container.wait)),
            ]
        )
        return app

    def _find(self, request: web.Request) -> _Container | None:
        wanted = request.match_info["name"]
        found = (c for c in self._containers.values() if wanted in (c.id, c.name))
        return next(found, None)

    async def _version(self, request: web.Request) -> web.Response:
        return web.json_response(VERSION)

    async def _import(self, request: web.Request) -> web.Response:
        await request.read()
        return web.json_response({"status": "sha256:" + uuid.uuid4().hex * 2})

    async def _list(self, request: web.Request) -> web.Response:
        everything = request.query.get("all") in ("1", "true")
        shown = [c for c in self._containers.values() if everything or c.status == "running"]
        return web.json_response([c.entry() for c in reversed(shown)])

    async def _create(self, request: web.Request) -> web.Response:
        container = _Container(request.query["name"], await request.json(), self._clock)
        self._containers[container.id] = container
        return web.json_response({"Id": container.id, "Warnings": []}, status=201)

    async def _show(self, request: web.Request) -> web.Response:
        container = self._find(request)
        return web.json_response(container.details()) if container else _absent(request)

    async def _delete(self, request: web.Request) -> web.Response:
        container = self._find(request)
        if container is None:
            return _absent(request)
        del self._containers[container.id]
        return web.Response(status=204)

    def _act(self, action: Handler) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            container = self._find(request)
            return action(container) if container else _absent(request)

        return handle


def _absent(request: web.Request) -> web.Response:
    return _problem(404, f"No such container: {request.match_info['name']}")


@asynccontextmanager
async def recorded_engine(folder: Path) -> AsyncIterator[str]:
    """The URL of a new engine of this kind, which ends with the block."""
    async with serving(_RecordedEngine().application(), folder) as url:
        yield url


@asynccontextmanager
async def serving(app: web.Application, folder: Path) -> AsyncIterator[str]:
    """The URL of a Unix socket at which the application answers."""
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.UnixSite(runner, str(folder / "socket")).start()
        yield f"unix://{folder}/socket"
    finally:
        await runner.cleanup()
