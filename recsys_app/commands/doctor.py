"""`recsys doctor`: is everything there that the service needs?"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import click
from rich.console import Console

from recsys_app.application import Components
from recsys_app.commands.context import with_components
from recsys_app.errors import RecsysError
from recsys_app.stack.java import find_java
from recsys_app.stack.ports import is_free

_NEEDED_BYTES = 2 * 10**9


class Finding(NamedTuple):
    """One line of the report."""

    what: str
    problem: str | None = None
    """What is wrong and what to do; None if all is well."""
    advice: str | None = None
    """What would be better, without which the service works all the same."""


@click.command()
def doctor() -> None:
    """Check Java, the disk, the ports, every server and the topics, and say what to do."""
    findings = with_components(examine)
    console = Console(highlight=False, soft_wrap=True)
    for what, problem, advice in findings:
        mark = "[red]✗[/]" if problem else "[yellow]![/]" if advice else "[green]✓[/]"
        said = problem or advice
        console.print(f"{mark} {what}" + (f": {said}" if said else ""))
    wrong = sum(finding.problem is not None for finding in findings)
    if wrong:
        raise RecsysError(f"{wrong} of {len(findings)} checks failed.")


async def examine(parts: Components) -> list[Finding]:
    """Every check, in the order in which a person would mend what is wrong."""
    embedded = parts.settings.embedded_servers
    down = "start the embedded one with `recsys stack up` (or `make run`)"
    checks: dict[str, tuple[Callable[[], Awaitable[object]], str, str]] = {
        "Kafka": (_topics(parts), "kafka", ", ".join(parts.settings.kafka)),
        "HDFS": (lambda: parts.files.list_directory("/"), "hdfs", parts.settings.hdfs),
        "Redis": (parts.cache.ping, "redis", parts.settings.redis),
        "MongoDB": (parts.mongo.ping, "mongo", parts.settings.mongodb),
    }
    findings = [_java(), _disk(parts), _port(parts)]
    for name, (check, server, address) in checks.items():
        remedy = down if server in embedded else "check that it runs and the address is right"
        shown = address.rpartition("@")[2]  # never a password
        findings.append(await _server(f"{name} at {shown}", check, remedy))
    return findings


def _java() -> Finding:
    try:
        return Finding(f"Java ({find_java()})")
    except RecsysError as error:
        return Finding("Java", str(error))


def _disk(parts: Components) -> Finding:
    home = parts.settings.home.absolute()
    existing = next(folder for folder in (home, *home.parents) if folder.exists())
    free = shutil.disk_usage(existing).free
    enough = free >= _NEEDED_BYTES
    what = f"Disk of {home}, {free / 1e9:.0f} GB free"
    return Finding(what, None if enough else "make room, or set RECSYS_HOME to another disk")


def _port(parts: Components) -> Finding:
    port = parts.settings.port
    what = f"Port {port} for HTTP"
    if is_free(port):
        return Finding(what)
    return Finding(what, advice="it is taken; fine if the service runs, else choose PORT=…")


def _topics(parts: Components) -> Callable[[], Awaitable[object]]:
    async def check() -> None:
        missing = [
            topic.name
            for topic in parts.topic_specs()
            if not await parts.topics.partitions(topic.name)
        ]
        if missing:
            raise RecsysError(
                f"the topics {', '.join(missing)} are missing; the worker creates them when it "
                "starts"
            )

    return check


async def _server(what: str, check: Callable[[], Awaitable[object]], remedy: str) -> Finding:
    try:
        async with asyncio.timeout(10):
            await check()
    except TimeoutError:
        return Finding(what, f"no answer within 10 s; {remedy}")
    except RecsysError as error:
        return Finding(what, f"{error}; {remedy}")
    return Finding(what)
