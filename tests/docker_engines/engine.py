"""What a test can do with an engine, over the Docker API alone."""

from __future__ import annotations

import io
import shutil
import tarfile
from collections.abc import Mapping
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self

from aiodocker import Docker

SLEEPS = ("/bin/busybox", "sleep", "600")
ENDS_WITH_3 = ("/bin/busybox", "sh", "-c", "exit 3")
CANNOT_START = ("/nonexistent",)


class Engine:
    """Containers in the engine at the URL; they are gone when it is left."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._docker = await self._stack.enter_async_context(Docker(self.url))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for container in await self._docker.containers.list(all="true"):
            await container.delete(force=True)
        await self._stack.aclose()

    async def create(
        self,
        name: str,
        image: str,
        environment: Mapping[str, str] | None = None,
        *,
        command: tuple[str, ...] = SLEEPS,
        run: bool = True,
    ) -> None:
        """Creates a container, and runs it unless told not to."""
        await self._import_image(image)
        config: dict[str, Any] = {
            "Image": image,
            "Cmd": list(command),
            "Env": [f"{key}={value}" for key, value in (environment or {}).items()],
            "HostConfig": {"NetworkMode": "none"},
        }
        container = await self._docker.containers.create(config, name=name)
        if run:
            await container.start()

    async def stop(self, name: str) -> None:
        """Ends the container's process, which as process 1 hears no SIGTERM."""
        container = await self._docker.containers.get(name)
        await container.kill()
        await container.wait()

    async def pause(self, name: str) -> None:
        await (await self._docker.containers.get(name)).pause()

    async def status(self, name: str) -> str:
        """`created`, `running`, `paused`, `exited`…"""
        return str((await self._state(name))["Status"])

    async def started_at(self, name: str) -> str:
        """When the container was started last, in a form that sorts."""
        return str((await self._state(name))["StartedAt"])

    async def _state(self, name: str) -> dict[str, Any]:
        state: dict[str, Any] = (await self._docker.containers.get(name))["State"]
        return state

    async def _import_image(self, image: str) -> None:
        repository, _, tag = image.partition(":")
        async with self._docker._query(
            "images/create",
            "POST",
            params={"fromSrc": "-", "repo": repository, "tag": tag or "latest"},
            data=_busybox_tar(),
            headers={"Content-Type": "application/x-tar"},
        ) as response:
            await response.read()


def _busybox_tar() -> io.BytesIO:
    """A file system with a static busybox alone."""
    busybox = shutil.which("busybox")
    assert busybox, "the busybox that makes the containers is not there"
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        tar.add(busybox, arcname="bin/busybox")
    content.seek(0)
    return content
