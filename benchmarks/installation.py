"""An installation of the service with the demo data and a model, for the benchmarks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from redis import Redis

from benchmarks.harness import scratch, stack
from benchmarks.servers import Server
from recsys_app.application import Components
from recsys_app.datasets.demo import demo_dataset
from tests.service import Service

NAME = "bench"
BESIDE_WEB = 15
"""The niceness of the Procfile's worker."""


def service(roles: str = "web,agents,training", name: str = NAME, **settings: Any) -> Service:
    """A worker of the installation, not started yet, with these roles and no timed trainings."""
    home = scratch(f"{name}-{roles.replace(',', '-')}")
    settings = {"train_interval_seconds": 100_000, **settings}
    return Service(stack(), name=name, home=home, roles=roles, **settings)


@contextmanager
def worker(roles: str, **settings: object) -> Iterator[Server]:
    """A running worker of the installation that has the demo data and a model."""
    _with_demo_data()
    with service(roles, **settings) as running:
        running.wait_until(lambda: running.get("/readyz").json().get("model", "none") != "none")
        assert running.process
        yield Server(running.process.pid, running.port)


@contextmanager
def web_and_worker() -> Iterator[Server]:
    """As the Procfile starts it: a web process, which is yielded, and one for the rest."""
    _with_demo_data()
    with service("agents,training", niceness=BESIDE_WEB), worker("web") as web:
        yield web


@cache
def demo_users() -> list[int]:
    """Those who have a list of the model in Redis."""
    with Redis.from_url(stack().redis_url) as redis:
        keys = redis.keys(f"{NAME}:recs:*")
    return sorted({int(key.partition(b"{")[2].partition(b"}")[0]) for key in keys})


@cache
def _with_demo_data() -> None:
    """Loads and trains once, and returns when everybody's list is in Redis."""
    installed = service("agents,training")
    parts = installed.components()
    if asyncio.run(_active(parts)):
        return  # it was made by an earlier run in a kept stack
    with installed:
        assert installed.recsys("load", timeout=1800).returncode == 0
        asyncio.run(_archived(installed.components()))
        assert installed.recsys("train", timeout=1800).returncode == 0
        raters = {rating.userId for rating in demo_dataset().ratings()}
        with Redis.from_url(stack().redis_url) as redis:
            installed.wait_until(lambda: len(redis.keys(f"{NAME}:recs:*")) >= len(raters), 300)


async def _active(parts: Components) -> str | None:
    try:
        return await parts.models.active_version()
    finally:
        await parts.close()


async def _archived(parts: Components) -> None:
    try:
        await parts.loading.wait_until_archived(waiting=lambda missing: None)
    finally:
        await parts.close()
