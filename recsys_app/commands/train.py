"""`recsys train`: a training now, in this process's own pool."""

from __future__ import annotations

import click

from recsys_app.application import Components
from recsys_app.commands.context import with_components
from recsys_app.commands.following import follow_archive, train_and_follow
from recsys_app.errors import RecsysError
from recsys_app.stack.progress import console_reporter


@click.command()
@click.option("--allow-bad-rows", is_flag=True, help="Leave out archive rows that cannot be read.")
def train(allow_bad_rows: bool) -> None:
    """Train a model on every archived rating and serve it."""

    reporter = console_reporter()

    async def work(parts: Components) -> str | None:
        await parts.prepare()
        await follow_archive(parts, reporter)
        return await train_and_follow(parts, reporter)

    version = with_components(work, **({"train_allow_bad_rows": True} if allow_bad_rows else {}))
    if version is None:
        raise RecsysError("A training runs already; its model will be served when it is done.")
    click.echo(f"Model {version} is active.")
