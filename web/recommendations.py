"""Recommendations, to users, visitors and groups."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any

from aiohttp import web
from msgspec import Meta, Struct
from multidict import CIMultiDict

from recsys_app.errors import BadDataError
from recsys_app.models import Id
from recsys_app.resources import (
    MAX_EXCLUDED_IN_ADDRESS,
    Genre,
    Limit,
    RecommendationRequest,
    RecommendedMovie,
    Year,
)
from recsys_app.services.discovery_service import Chosen, DiscoveryService
from recsys_app.services.hidden_movies import HiddenMovies
from recsys_app.services.movie_index import MovieFilter
from recsys_app.services.recommendation_service import RecommendationService
from web.api import JSON, JsonBody, NoParams, Reply, Route, json_reply
from web.ready_response import ReadyResponse
from web.security_headers import DATA_HEADERS

MAX_BODY_BYTES = 64 * 1024

_HEADERS = {
    "X-Recommendation-Source": "`model`, or `popular` where nothing is known of the user.",
    "X-Model-Version": "The version of the model, such as `v12`; `none` before the first training.",
}
_LIST = Reply("Movies, best first.", list[RecommendedMovie], headers=_HEADERS)


class RecommendationParams(Struct, frozen=True, forbid_unknown_fields=True):
    user_id: Id
    limit: Limit = 10
    genre: Annotated[Genre | None, Meta(description="Only movies of this genre.")] = None
    exclude: Annotated[
        list[Id],
        Meta(
            max_length=MAX_EXCLUDED_IN_ADDRESS, description="Movies to leave out; may be repeated."
        ),
    ] = []
    year_from: Annotated[Year | None, Meta(description="Only movies of this year or later.")] = None
    year_to: Annotated[Year | None, Meta(description="Only movies of this year or earlier.")] = None
    explain: Annotated[
        bool, Meta(description="Say because of which of the user's ratings each movie is here.")
    ] = False


def routes(
    recommendations: RecommendationService, discovery: DiscoveryService, hidden: HiddenMovies
) -> list[Route[Any]]:
    body: JsonBody[RecommendationRequest] = JsonBody(
        RecommendationRequest, limit_bytes=MAX_BODY_BYTES
    )

    async def get_recommendations(
        params: RecommendationParams, request: web.Request
    ) -> web.Response:
        never = hidden.of_user(params.user_id)
        if never or ("?" in request.raw_path and len(request.query) > ("limit" in request.query)):
            wanted = _filter(params, never)
            return _chosen(
                await discovery.recommend_to_users(
                    [params.user_id], params.limit, wanted, explain=params.explain
                )
            )
        answer = await recommendations.get_recommendations_by_user_id(params.user_id, params.limit)
        headers = _headers_of(answer.source, answer.model_version).copy()
        return ReadyResponse(body=answer.body, headers=headers)

    async def recommend(_: NoParams, request: web.Request) -> web.Response:
        asked = await body.read(request)
        if (asked.ratings is None) == (asked.users is None):
            raise BadDataError("Send either ratings, of a visitor, or users, of a group")
        if asked.users is not None:
            never = frozenset[int]().union(*map(hidden.of_user, asked.users))
            return _chosen(
                await discovery.recommend_to_users(
                    asked.users, asked.limit, _filter(asked, never), explain=asked.explain
                )
            )
        rated = {rating.movieId: rating.rating for rating in asked.ratings or ()}
        return _chosen(
            await discovery.recommend(
                [rated], asked.limit, _filter(asked, frozenset()), explain=asked.explain
            )
        )

    return [
        Route(
            method="GET",
            path="/recommendations/{user_id}",
            summary="What to watch next",
            tag="Recommendations",
            handler=get_recommendations,
            params=RecommendationParams,
            replies={200: _LIST},
            errors=(503,),
        ),
        Route(
            method="POST",
            path="/recommendations",
            summary="Recommendations for a visitor, whose ratings are not kept, or for a group",
            tag="Recommendations",
            handler=recommend,
            params=NoParams,
            body=body,
            replies={200: _LIST},
            errors=(503,),
        ),
    ]


@lru_cache(maxsize=16)
def _headers_of(source: str, model_version: str) -> CIMultiDict[str]:
    return CIMultiDict(
        {
            **DATA_HEADERS,
            "Content-Type": JSON,
            "X-Recommendation-Source": source,
            "X-Model-Version": model_version,
        }
    )


def _filter(
    asked: RecommendationParams | RecommendationRequest, never: frozenset[int]
) -> MovieFilter:
    return MovieFilter(
        genre=asked.genre,
        year_from=asked.year_from,
        year_to=asked.year_to,
        exclude=never.union(asked.exclude),
    )


def _chosen(chosen: Chosen) -> web.Response:
    headers = {
        "X-Recommendation-Source": chosen.source,
        "X-Model-Version": chosen.model_version,
    }
    return json_reply(chosen.movies, headers=headers)
