"""The catalogue: searched, listed by popularity, and one movie at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

from aiohttp import web
from msgspec import Meta, Struct

from recsys_app.models import Id, Movie
from recsys_app.resources import (
    Genre,
    GenreCount,
    Limit,
    MoviePage,
    Offset,
    PopularPage,
    SimilarMovie,
    Year,
)
from recsys_app.services.discovery_service import DiscoveryService
from recsys_app.services.movie_index import MovieFilter
from recsys_app.services.movie_service import MovieService
from web.api import NoParams, Reply, Route, json_reply

T = TypeVar("T")

Query = Annotated[
    str,
    Meta(
        max_length=200,
        description="Beginnings of words of the title, in any order; case and accents do not "
        "matter.",
    ),
]


class MovieListParams(Struct, frozen=True, forbid_unknown_fields=True):
    query: Query = ""
    genre: Genre | None = None
    year: Annotated[Year | None, Meta(description="Only movies of this very year.")] = None
    year_from: Year | None = None
    year_to: Year | None = None
    limit: Limit = 20
    offset: Offset = 0


class PopularParams(Struct, frozen=True, forbid_unknown_fields=True):
    genre: Genre | None = None
    year_from: Year | None = None
    year_to: Year | None = None
    limit: Limit = 20
    offset: Offset = 0


class MovieParams(Struct, frozen=True, forbid_unknown_fields=True):
    movie_id: Id


class SimilarParams(Struct, frozen=True, forbid_unknown_fields=True):
    movie_id: Id
    limit: Limit = 10


def routes(movies: MovieService, discovery: DiscoveryService) -> list[Route[Any]]:
    def known(movie_id: int) -> Movie:
        movie = movies.movies.get(movie_id)
        if movie is None:
            raise web.HTTPNotFound(text=f"The catalogue has no movie {movie_id}.")
        return movie

    async def list_movies(params: MovieListParams, _: web.Request) -> web.Response:
        wanted = MovieFilter(
            genre=params.genre,
            year_from=params.year if params.year_from is None else params.year_from,
            year_to=params.year if params.year_to is None else params.year_to,
        )
        found = movies.index.find(params.query, wanted if wanted else None)
        items, following = page(found, params.offset, params.limit)
        return json_reply(MoviePage(items, len(found), following))

    async def get_movie(params: MovieParams, _: web.Request) -> web.Response:
        return json_reply(known(params.movie_id))

    async def get_similar_movies(params: SimilarParams, _: web.Request) -> web.Response:
        known(params.movie_id)
        return json_reply(await discovery.similar(params.movie_id, params.limit) or [])

    async def list_genres(_: NoParams, request: web.Request) -> web.Response:
        counts = Counter(genre for movie in movies.movies.values() for genre in movie.genres)
        return json_reply([GenreCount(genre, counts[genre]) for genre in sorted(counts)])

    async def list_popular_movies(params: PopularParams, _: web.Request) -> web.Response:
        wanted = MovieFilter(genre=params.genre, year_from=params.year_from, year_to=params.year_to)
        found = discovery.popular(wanted)
        items, following = page(found, params.offset, params.limit)
        return json_reply(PopularPage(items, len(found), following))

    return [
        Route(
            method="GET",
            path="/movies",
            summary="Search the catalogue, as you type",
            tag="Movies",
            handler=list_movies,
            params=MovieListParams,
            replies={200: Reply("A page of the movies found, best match first.", MoviePage)},
        ),
        Route(
            method="GET",
            path="/movies/{movie_id}",
            summary="One movie",
            tag="Movies",
            handler=get_movie,
            params=MovieParams,
            replies={200: Reply("The movie.", Movie)},
            errors=(404,),
        ),
        Route(
            method="GET",
            path="/movies/{movie_id}/similar",
            summary="More like this",
            tag="Movies",
            handler=get_similar_movies,
            params=SimilarParams,
            replies={
                200: Reply(
                    "Movies that the same people like, the closest first; none if nobody has rated "
                    "this one yet.",
                    list[SimilarMovie],
                )
            },
            errors=(404, 503),
        ),
        Route(
            method="GET",
            path="/genres",
            summary="The genres of the catalogue",
            tag="Movies",
            handler=list_genres,
            params=NoParams,
            replies={200: Reply("The genres, by name.", list[GenreCount])},
        ),
        Route(
            method="GET",
            path="/popular",
            summary="The most popular movies",
            tag="Movies",
            handler=list_popular_movies,
            params=PopularParams,
            replies={200: Reply("A page of movies with their average stars.", PopularPage)},
        ),
    ]


def page(found: Sequence[T], offset: int, limit: int) -> tuple[list[T], int | None]:
    """The part of a list that is asked for, and the offset of the next one, if there is one."""
    end = offset + limit
    return list(found[offset:end]), end if end < len(found) else None
