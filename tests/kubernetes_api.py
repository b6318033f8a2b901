"""As much of Kubernetes' API as Spark asks for; each executor's pod is a process of this machine.

What is not here: schedulers, images, networks, service accounts.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

Pod = dict[str, Any]
_EXECUTOR = Path(__file__).parents[1] / "deploy" / "spark_executor.py"


class KubernetesApi:
    """Pods and their processes; `created` remembers the pods, `pods` are those that there are."""

    def __init__(self, home: Path) -> None:
        self.created: list[Pod] = []
        self.pods: dict[str, Pod] = {}
        self._home = home
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._watchers: set[asyncio.Queue[tuple[str, Pod]]] = set()
        self._ends: set[asyncio.Task[None]] = set()

    def app(self) -> web.Application:
        app = web.Application()
        pods = "/api/v1/namespaces/{namespace}/pods"
        app.router.add_get(pods, self._list)
        app.router.add_post(pods, self._create)
        app.router.add_delete(pods, self._delete)
        app.router.add_delete(pods + "/{name}", self._delete)
        app.router.add_route("*", "/{other:.*}", self._other)
        return app

    def end(self) -> None:
        for process in self._processes.values():
            _end(process, signal.SIGKILL)

    async def _list(self, request: web.Request) -> web.StreamResponse:
        if "watch" in request.query:
            return await self._watch(request)
        pods = list(self.pods.values())
        return web.json_response({"kind": "PodList", "apiVersion": "v1", "items": pods})

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        events: asyncio.Queue[tuple[str, Pod]] = asyncio.Queue()
        self._watchers.add(events)

        async def send() -> None:
            while True:
                kind, pod = await events.get()
                await socket.send_str(json.dumps({"type": kind, "object": pod}))

        sending = asyncio.create_task(send())
        try:
            while (await socket.receive()).type not in (WSMsgType.CLOSE, WSMsgType.CLOSED):
                pass
        finally:
            sending.cancel()
            self._watchers.discard(events)
        return socket

    async def _create(self, request: web.Request) -> web.Response:
        pod = await request.json()
        self.created.append(pod)
        name = pod["metadata"]["name"]
        pod["status"] = {"phase": "Running", "podIP": "127.0.0.1"}
        self.pods[name] = pod
        self._processes[name] = await self._start(pod)
        task = asyncio.create_task(self._follow(name))
        self._ends.add(task)
        task.add_done_callback(self._ends.discard)
        self._tell("ADDED", pod)
        return web.json_response(pod, status=201)

    async def _start(self, pod: Pod) -> asyncio.subprocess.Process:
        """The image's `executor` with the pod's environment and nothing else of this one's."""
        (container,) = pod["spec"]["containers"]
        name = pod["metadata"]["name"]
        assert container["args"] == ["executor"]
        fields = {"status.podIP": "127.0.0.1", "metadata.name": name}
        environment = {
            entry["name"]: entry.get("value") or fields[entry["valueFrom"]["fieldRef"]["fieldPath"]]
            for entry in container["env"]
        }
        folder = self._home / name
        for mount in container.get("volumeMounts", ()):
            (folder / mount["name"]).mkdir(parents=True)
            environment = {
                key: value.replace(mount["mountPath"], str(folder / mount["name"]))
                for key, value in environment.items()
            }
        environment["PATH"] = os.environ["PATH"]
        with (folder / "log").open("wb") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable, str(_EXECUTOR),
                cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    async def _follow(self, name: str) -> None:
        code = await self._processes[name].wait()
        if pod := self.pods.get(name):
            pod["status"] |= {"phase": "Failed" if code else "Succeeded"}
            self._tell("MODIFIED", pod)

    async def _delete(self, request: web.Request) -> web.Response:
        one = request.match_info.get("name")
        for name in [one] if one else list(self.pods):
            if pod := self.pods.pop(name, None):
                _end(self._processes[name], signal.SIGTERM)
                self._tell("DELETED", pod)
        return web.json_response({"kind": "Status", "apiVersion": "v1", "status": "Success"})

    async def _other(self, request: web.Request) -> web.Response:
        if request.method == "POST":
            return web.json_response(await request.json(), status=201)
        return web.json_response({"kind": "Status", "apiVersion": "v1", "status": "Success"})

    def _tell(self, kind: str, pod: Pod) -> None:
        for events in self._watchers:
            events.put_nowait((kind, pod))


def _end(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)


@asynccontextmanager
async def kubernetes_api(home: Path) -> AsyncIterator[tuple[str, KubernetesApi]]:
    """A `SPARK_MASTER`, and the pods that Spark asked it for."""
    api = KubernetesApi(home)
    async with TestServer(api.app()) as server:
        try:
            yield f"k8s://http://127.0.0.1:{server.port}", api
        finally:
            api.end()
