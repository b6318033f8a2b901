"""Long work of the service, told to a person while it lasts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

from jobs.spec import STEPS
from recsys_app.application import Components
from recsys_app.stack.progress import Reporter

_LOOK_SECONDS = 0.5
_PATIENCE_SECONDS = 30.0


async def follow_archive(parts: Components, reporter: Reporter) -> None:
    """Returns once the archive has every rating that Kafka has now, or stands still."""
    if not await parts.loading.unarchived():
        return
    advance = _Advance(100)
    with reporter.steps("Archiving ratings in HDFS (percent)", 100) as advance.step:
        remaining: list[int] = []

        def waiting(missing: int) -> None:
            remaining.append(missing)
            advance.to(100 - 100 * missing // remaining[0])

        left = await parts.loading.wait_until_archived(
            waiting=waiting, patience_seconds=_PATIENCE_SECONDS
        )
        advance.to(100)
    if left:
        reporter.say(
            f"{left} ratings that Kafka has are not in HDFS yet, and for "
            f"{_PATIENCE_SECONDS:.0f} seconds none was added: is a worker running, with the role "
            "agents? The training goes on without them."
        )


async def follow_training(
    parts: Components, reporter: Reporter, what: str
) -> AsyncGenerator[dict[str, Any]]:
    """The record of the newest run again and again, while its steps are shown, for as long as the
    caller goes on asking."""
    advance = _Advance(len(STEPS))
    with reporter.steps(what, len(STEPS)) as advance.step:
        while True:
            run = next(iter(await parts.models.runs(1)), {})
            if run.get("status") == "running":
                advance.to(STEPS.index(run.get("step", STEPS[0])))
            is_done = run.get("status") == "ready"
            if is_done and advance.done:
                advance.to(len(STEPS))
            try:
                yield run
            except GeneratorExit:
                if is_done:
                    return  # the steps are told as done
                raise
            await asyncio.sleep(_LOOK_SECONDS)


async def train_and_follow(parts: Components, reporter: Reporter) -> str | None:
    """Trains in this process's own pool while the steps are shown; the version, or None if a
    training runs elsewhere."""
    training = asyncio.create_task(parts.recommendations.generate_recommendations_for_all_users())
    async with aclosing(follow_training(parts, reporter, "Training a model")) as runs:
        async for _ in runs:
            if training.done():
                break
    return await training


class _Advance:
    """Brings a progress bar to a place, never back."""

    def __init__(self, total: int) -> None:
        self.step: Callable[[], None] = lambda: None
        self.done = 0
        self._total = total

    def to(self, place: int) -> None:
        for _ in range(self.done, min(place, self._total)):
            self.step()
        self.done = max(self.done, place)
