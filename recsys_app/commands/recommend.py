"""`recsys recommend`: what a user is recommended, for a person to read."""

from __future__ import annotations

from typing import Any

import click
import orjson
from rich.console import Console
from rich.table import Table

from recsys_app.application import Components
from recsys_app.commands.context import with_components
from recsys_app.models import MAX_ID
from recsys_app.services.recommendation_service import Answer


@click.command()
@click.argument("user", type=click.IntRange(1, MAX_ID))
@click.option("--limit", type=click.IntRange(1, 100), default=10, show_default=True)
@click.option("--explain", is_flag=True, help="Name the ratings that speak for each movie.")
@click.option("--json", "as_json", is_flag=True, help="Print the JSON that the service answers.")
def recommend(user: int, limit: int, explain: bool, as_json: bool) -> None:
    """Show the movies recommended to USER."""

    async def work(parts: Components) -> Answer:
        await parts.recommendations.refresh()
        return await parts.recommendations.get_recommendations_by_user_id(
            user, limit, explain=explain
        )

    answer = with_components(work)
    if as_json:
        click.echo(answer.body)
        return
    table = Table(title=f"User {user}: {answer.source}, model {answer.model_version}")
    for heading in ("", "movie", "year", "genres", "stars", *(("because of",) if explain else ())):
        table.add_column(heading)
    for place, movie in enumerate(orjson.loads(answer.body), 1):
        year = str(movie["year"] or "")
        stars = f"{movie['rating']:.2f}"
        cells = [str(place), movie["title"], year, ", ".join(movie["genres"]), stars]
        table.add_row(*cells, *([_reasons(movie)] if explain else []))
    Console().print(table)


def _reasons(movie: dict[str, Any]) -> str:
    """What speaks for a movie, the strongest first."""
    reasons = [f"{r['title']} ({r['share']:.0%})" for r in movie["because"]]
    return ", ".join([*reasons, f"popularity ({movie['popularity']:.0%})"])
