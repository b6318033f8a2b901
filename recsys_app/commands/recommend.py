"""`recsys recommend`: what a user is recommended, for a person to read."""

from __future__ import annotations

import asyncio
from typing import Any

import click
import orjson
from rich.console import Console
from rich.table import Table

from recsys_app.application import Components
from recsys_app.commands.context import with_components
from recsys_app.models import MAX_ID
from recsys_app.resources import SimilarMovie
from recsys_app.services.recommendation_service import Answer

_SIMILAR_MOST = 3


@click.command()
@click.argument("user", type=click.IntRange(1, MAX_ID))
@click.option("--limit", type=click.IntRange(1, 100), default=10, show_default=True)
@click.option(
    "--explain",
    is_flag=True,
    help="Name the ratings that speak for each movie, and the movies most like it.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the JSON that the service answers.")
def recommend(user: int, limit: int, explain: bool, as_json: bool) -> None:
    """Show the movies recommended to USER."""

    async def work(parts: Components) -> Answer:
        await parts.recommendations.refresh()
        answer = await parts.recommendations.get_recommendations_by_user_id(
            user, limit, explain=explain
        )
        if not explain:
            return answer
        movies = orjson.loads(answer.body)
        alike = await asyncio.gather(
            *(parts.discovery.similar(movie["movieId"], _SIMILAR_MOST) for movie in movies)
        )
        for movie, found in zip(movies, alike, strict=True):
            movie["similar"] = [_similar(each) for each in found or ()]
        return answer._replace(body=orjson.dumps(movies))

    answer = with_components(work)
    if as_json:
        click.echo(answer.body)
        return
    table = Table(title=f"User {user}: {answer.source}, model {answer.model_version}")
    headings = ("because of", "like it") if explain else ()
    for heading in ("", "movie", "year", "genres", "stars", *headings):
        table.add_column(heading)
    for place, movie in enumerate(orjson.loads(answer.body), 1):
        year = str(movie["year"] or "")
        stars = f"{movie['rating']:.2f}"
        cells = [str(place), movie["title"], year, ", ".join(movie["genres"]), stars]
        table.add_row(*cells, *([_reasons(movie), _alike(movie)] if explain else []))
    Console().print(table)


def _similar(movie: SimilarMovie) -> dict[str, Any]:
    return {
        "movieId": movie.movieId,
        "title": movie.title,
        "similarity": movie.similarity,
        "support": movie.support,
    }


def _alike(movie: dict[str, Any]) -> str:
    """The movies most like it, the most first."""
    return ", ".join(f"{m['title']} ({m['similarity']:.2f})" for m in movie["similar"])


def _reasons(movie: dict[str, Any]) -> str:
    """What speaks for a movie, the strongest first."""
    reasons = [f"{r['title']} ({r['share']:.0%})" for r in movie["because"]]
    return ", ".join([*reasons, f"popularity ({movie['popularity']:.0%})"])
