"""`recsys load`: a MovieLens set, or one's own files, into the service."""

from __future__ import annotations

from pathlib import Path

import click

from recsys_app.application import Components
from recsys_app.commands.context import with_components
from recsys_app.datasets.dataset import Dataset
from recsys_app.datasets.demo import demo_dataset
from recsys_app.datasets.movielens import open_dataset
from recsys_app.services.loading_service import CHUNK, Loaded
from recsys_app.stack.progress import Reporter, console_reporter


@click.command()
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option("--again", is_flag=True, help="Load it even if a set is loaded already.")
def load(path: Path | None, again: bool) -> None:
    """Load a MovieLens folder or zip (the demo set without a PATH).

    Every published format is read: ml-latest and 20m to 32m (.csv), 1m and 10m (.dat), 100k
    (u.data), and one's own ratings.csv and movies.csv with the same columns.
    """
    dataset = open_dataset(path) if path else demo_dataset()
    reporter = console_reporter()
    with_components(lambda parts: load_dataset(parts, dataset, reporter, again=again))


async def load_dataset(
    parts: Components, dataset: Dataset, reporter: Reporter, *, again: bool = False
) -> Loaded:
    """Loads the set into the servers of this configuration and says how it went."""
    await parts.prepare()
    await parts.messages.start()
    chunks = -(-dataset.size_hint // CHUNK)
    with reporter.steps(f"Loading {dataset.name} (thousands of ratings)", chunks) as step:
        loaded = await parts.loading.load(dataset, after_chunk=step, again=again)
    await parts.document_copies.save()
    if loaded.already:
        reporter.say(f"{dataset.name} is loaded already.")
        return loaded
    left_out = f"; {loaded.bad_rows} unusable rows left out" if loaded.bad_rows else ""
    reporter.say(f"{loaded.movies} movies and {loaded.ratings} ratings are loaded{left_out}.")
    return loaded
