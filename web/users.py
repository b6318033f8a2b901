"""What belongs to one user: ratings, hidden movies, estimates, and news of changed lists."""

from __future__ import annotations

import secrets
from contextlib import aclosing, suppress
from typing import Any

import msgspec
from aiohttp import web
from msgspec import Struct

from recsys_app.models import MAX_ID, Id
from recsys_app.resources import (
    EstimatedRating,
    HiddenMovieList,
    Limit,
    NewUser,
    Offset,
    RatedPage,
)
from recsys_app.services.change_watch import ChangeWatch
from recsys_app.services.discovery_service import DiscoveryService
from recsys_app.services.hidden_movies import HiddenMovies
from recsys_app.services.movie_service import MovieService
from web.api import NoParams, Reply, Route, json_reply
from web.movies import page

FIRST_DRAWN_ID = 1_000_000_000
"""Ids that are drawn are long, so that they meet none of an imported data set."""

HEARTBEAT_SECONDS = 15.0


class UserParams(Struct, frozen=True, forbid_unknown_fields=True):
    user_id: Id


class UserListParams(Struct, frozen=True, forbid_unknown_fields=True):
    user_id: Id
    limit: Limit = 50
    offset: Offset = 0


class UserMovieParams(Struct, frozen=True, forbid_unknown_fields=True):
    user_id: Id
    movie_id: Id


def routes(
    movies: MovieService,
    discovery: DiscoveryService,
    hidden: HiddenMovies,
    watch: ChangeWatch,
) -> list[Route[Any]]:
    async def draw_user(_: NoParams, request: web.Request) -> web.Response:
        while True:
            user_id = FIRST_DRAWN_ID + secrets.randbelow(MAX_ID - FIRST_DRAWN_ID)
            if not await discovery.ratings_of(user_id):
                return json_reply(NewUser(user_id), status=201)

    async def list_ratings(params: UserListParams, _: web.Request) -> web.Response:
        found = await discovery.ratings_of(params.user_id)
        items, following = page(found, params.offset, params.limit)
        return json_reply(RatedPage(items, len(found), following))

    async def list_hidden_movies(params: UserParams, _: web.Request) -> web.Response:
        ids = sorted(hidden.of_user(params.user_id))
        found = [movies.movies[movie_id] for movie_id in ids if movie_id in movies.movies]
        return json_reply(HiddenMovieList(params.user_id, found))

    async def hide_movie(params: UserMovieParams, _: web.Request) -> web.Response:
        if params.movie_id not in movies.movies:
            raise web.HTTPNotFound(text=f"The catalogue has no movie {params.movie_id}.")
        await hidden.hide(params.user_id, params.movie_id)
        return web.Response(status=204)

    async def show_movie(params: UserMovieParams, _: web.Request) -> web.Response:
        await hidden.show(params.user_id, params.movie_id)
        return web.Response(status=204)

    async def estimate_rating(params: UserMovieParams, _: web.Request) -> web.Response:
        estimate = await discovery.estimate(params.user_id, params.movie_id)
        if estimate is None:
            raise web.HTTPNotFound(text=f"Nobody has rated a movie {params.movie_id} yet.")
        return json_reply(estimate)

    async def watch_recommendations(params: UserParams, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        async with aclosing(watch.changes(params.user_id, quiet_seconds=HEARTBEAT_SECONDS)) as news:
            await response.prepare(request)
            # The reader is gone when a write fails, or when aiohttp cancels this handler.
            with suppress(ConnectionError):
                await response.write(b"retry: 1000\n: watching\n\n")
                async for has_changed in news:
                    event = {"userId": params.user_id}
                    await response.write(
                        b"event: recommendations\ndata: %b\n\n" % msgspec.json.encode(event)
                        if has_changed
                        else b": quiet\n\n"
                    )
        return response

    nothing = Reply("Done.")
    return [
        Route(
            method="POST",
            path="/users",
            summary="An id for somebody new; nothing is kept until they rate",
            tag="Users",
            handler=draw_user,
            params=NoParams,
            replies={201: Reply("An id that nobody has.", NewUser)},
            errors=(503,),
        ),
        Route(
            method="GET",
            path="/users/{user_id}/ratings",
            summary="What a user has rated, the newest first",
            tag="Users",
            handler=list_ratings,
            params=UserListParams,
            replies={200: Reply("A page of ratings.", RatedPage)},
            errors=(503,),
        ),
        Route(
            method="GET",
            path="/users/{user_id}/hidden",
            summary="The movies that a user is not interested in",
            tag="Users",
            handler=list_hidden_movies,
            params=UserParams,
            replies={200: Reply("The movies, by id.", HiddenMovieList)},
        ),
        Route(
            method="PUT",
            path="/users/{user_id}/hidden/{movie_id}",
            summary="Not interested: never recommend a movie to a user",
            tag="Users",
            handler=hide_movie,
            params=UserMovieParams,
            replies={204: nothing},
            errors=(404, 503),
        ),
        Route(
            method="DELETE",
            path="/users/{user_id}/hidden/{movie_id}",
            summary="May recommend the movie again",
            tag="Users",
            handler=show_movie,
            params=UserMovieParams,
            replies={204: nothing},
            errors=(503,),
        ),
        Route(
            method="GET",
            path="/users/{user_id}/events",
            summary="An event whenever a user's recommendations have changed",
            tag="Users",
            handler=watch_recommendations,
            params=UserParams,
            replies={
                200: Reply(
                    "Server-sent events named `recommendations`.", media_type="text/event-stream"
                )
            },
            errors=(503,),
        ),
        Route(
            method="GET",
            path="/estimate/{user_id}/{movie_id}",
            summary="The stars that a user would give a movie",
            tag="Recommendations",
            handler=estimate_rating,
            params=UserMovieParams,
            replies={200: Reply("The estimate.", EstimatedRating)},
            errors=(404, 503),
        ),
    ]
