"""Recommendations, to users, visitors and groups."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Annotated, Any

from aiohttp import web
from msgspec import Meta, Struct
from multidict import CIMultiDict

from recsys_app.errors import BadDataError
from recsys_app.models import MAX_ID, Id
from recsys_app.resources import (
    MAX_EXCLUDED_IN_ADDRESS,
    MAX_LIMIT,
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
from recsys_app.services.serving_model import ServedModel
from recsys_app.stores.redis import CacheEntry
from web.api import JSON, JsonBody, NoParams, Reply, Route, json_reply
from web.fast_path import FastConnection, Headers, head_of
from web.ready_response import ReadyResponse
from web.security_headers import DATA_HEADERS

MAX_BODY_BYTES = 64 * 1024
DEFAULT_LIMIT = 10

_PLAIN = re.compile(r"/recommendations/([0-9]{1,10})(?:\?limit=([0-9]{1,3}))?")

_HEADERS = {
    "X-Recommendation-Source": "`model`, or `popular` where nothing is known of the user.",
    "X-Model-Version": "The version of the model, such as `v12`; `none` before the first training.",
}
_LIST = Reply("Movies, best first.", list[RecommendedMovie], headers=_HEADERS)


class RecommendationParams(Struct, frozen=True, forbid_unknown_fields=True):
    user_id: Id
    limit: Limit = DEFAULT_LIMIT
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


class RecommendationShortcut:
    """Lists from the cache, chosen by no more than a limit."""

    route = "/recommendations/{user_id}"

    def __init__(self, recommendations: RecommendationService, hidden: HiddenMovies) -> None:
        self._recommendations = recommendations
        self._hidden = hidden

    def read(self, path: str, headers: Headers, body: bytes) -> tuple[int, int] | None:
        found = _PLAIN.fullmatch(path)
        if found is None:
            return None
        user_id, limit = int(found[1]), int(found[2] or DEFAULT_LIMIT)
        return (user_id, limit) if 1 <= user_id <= MAX_ID and 1 <= limit <= MAX_LIMIT else None

    def begin(self, asked: tuple[int, int], connection: FastConnection) -> bool:
        user_id, limit = asked
        if self._hidden.of_user(user_id):
            return False
        read = _Read(self._recommendations, limit, connection)
        read.served = self._recommendations.ask_cache(user_id, read)
        return read.served is not None


class _Read:
    """Answers with what the cache says."""

    __slots__ = ("_connection", "_limit", "_recommendations", "served")

    def __init__(
        self, recommendations: RecommendationService, limit: int, connection: FastConnection
    ) -> None:
        self._recommendations = recommendations
        self._limit = limit
        self._connection = connection
        self.served: ServedModel | None = None

    def done(self) -> bool:
        return False

    def set_result(self, entry: CacheEntry, /) -> None:
        assert self.served is not None
        try:
            answer = self._recommendations.cached_answer(self.served, entry, self._limit)
        except Exception as error:  # of this request only, of those that Redis answered at once
            self._connection.give_back(error)
            return
        if answer is None:
            self._connection.give_back()
        else:
            head = _head_of(answer.source, answer.model_version)
            self._connection.answer(200, head, answer.body)

    def set_exception(self, error: BaseException, /) -> None:
        self._connection.give_back()


@lru_cache(maxsize=16)
def _head_of(source: str, model_version: str) -> bytes:
    return head_of("200 OK", _headers_of(source, model_version))


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
