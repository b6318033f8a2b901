"""`recsys rebuild`: Kafka's topics, Redis and MongoDB again from HDFS alone."""

from __future__ import annotations

import click

from recsys_app.application import Components
from recsys_app.commands.context import with_components
from recsys_app.commands.following import train_and_follow
from recsys_app.errors import RecsysError
from recsys_app.stack.progress import console_reporter


@click.command()
def rebuild() -> None:
    """Make everything again from HDFS: topics, catalogue, ratings in Redis, and a model.

    What the servers still have stays. Run it before the workers start.
    """
    reporter = console_reporter()

    async def work(parts: Components) -> str | None:
        async for done in parts.rebuilding.rebuild():
            reporter.say(done)
        return await train_and_follow(parts, reporter)

    version = with_components(work)
    if version is None:
        raise RecsysError("A training runs already; its model will be served when it is done.")
    click.echo(f"Model {version} is active: the service can start.")
