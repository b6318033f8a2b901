"""A client of the HTTP API: `Client`, and `AsyncClient` for asyncio.

Requests that met an outage are sent again; a rating carries an idempotency key, so that this never
counts it twice.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Generic, NamedTuple, Self, TypeVar

import aiohttp
import msgspec
import requests
import stamina

from recsys_app.errors import RecsysError
from recsys_app.models import Movie, RatingRequest
from recsys_app.resources import (
    Accepted,
    BatchVerdict,
    EstimatedRating,
    MoviePage,
    RatedPage,
    RecommendationRequest,
    RecommendedMovie,
    SimilarMovie,
    VisitorRating,
)

T = TypeVar("T")

_AGAIN = frozenset((429, 502, 503, 504))
_ATTEMPTS = 5


class Refused(RecsysError):
    """The service answered that it will not; the message is its own."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"{status}: {detail}")
        self.status = status


class NotAnswered(RecsysError):
    """The service did not answer, or was not able to, in any of the attempts."""


class Call(NamedTuple, Generic[T]):
    """A request, and the type of what comes back."""

    type: Any
    method: str
    path: str
    params: Mapping[str, Any] = {}
    body: object = None
    headers: Mapping[str, str] = {}

    def options(self) -> dict[str, Any]:
        given = {k: _text(v) for k, v in self.params.items() if v is not None}
        if self.body is None:
            return {"params": given, "headers": self.headers}
        headers = {**self.headers, "Content-Type": "application/json"}
        return {"params": given, "headers": headers, "data": msgspec.json.encode(self.body)}

    def read(self, status: int, content: bytes) -> T:
        """What the answer says.

        Raises:
            NotAnswered: trying again may help.
            Refused: it will not.
        """
        if status in _AGAIN:
            raise NotAnswered(f"{self.method} {self.path}: {status}: {_detail(content)}")
        if status >= 400:
            raise Refused(status, _detail(content))
        answer: T = msgspec.json.decode(content or b"null", type=self.type)
        return answer


def rate_call(user: int, movie: int, stars: float) -> Call[Accepted]:
    key = {"Idempotency-Key": uuid.uuid4().hex}
    return Call(
        Accepted, "POST", "/send_rating", body=RatingRequest(user, movie, stars), headers=key
    )


def rate_many_call(ratings: Sequence[RatingRequest]) -> Call[BatchVerdict]:
    return Call(BatchVerdict, "POST", "/ratings", body=ratings)


def take_back_call(user: int, movie: int) -> Call[Accepted]:
    return Call(Accepted, "DELETE", f"/ratings/{user}/{movie}")


def recommendations_call(user: int, filters: dict[str, Any]) -> Call[list[RecommendedMovie]]:
    return Call(list[RecommendedMovie], "GET", f"/recommendations/{user}", filters)


def visitor_call(ratings: dict[int, float], limit: int) -> Call[list[RecommendedMovie]]:
    rated = [VisitorRating(movie, stars) for movie, stars in ratings.items()]
    body = RecommendationRequest(ratings=rated, limit=limit)
    return Call(list[RecommendedMovie], "POST", "/recommendations", body=_given(body))


def group_call(users: Sequence[int], limit: int) -> Call[list[RecommendedMovie]]:
    body = RecommendationRequest(users=list(users), limit=limit)
    return Call(list[RecommendedMovie], "POST", "/recommendations", body=_given(body))


def search_call(query: str, filters: dict[str, Any]) -> Call[MoviePage]:
    return Call(MoviePage, "GET", "/movies", {"query": query, **filters})


def movie_call(movie: int) -> Call[Movie]:
    return Call(Movie, "GET", f"/movies/{movie}")


def similar_call(movie: int, limit: int) -> Call[list[SimilarMovie]]:
    return Call(list[SimilarMovie], "GET", f"/movies/{movie}/similar", {"limit": limit})


def ratings_call(user: int, limit: int, offset: int) -> Call[RatedPage]:
    return Call(RatedPage, "GET", f"/users/{user}/ratings", {"limit": limit, "offset": offset})


def estimate_call(user: int, movie: int) -> Call[EstimatedRating]:
    return Call(EstimatedRating, "GET", f"/estimate/{user}/{movie}")


class Client:
    """Speaks to one Recsys service; use it as a context manager, from one thread at a time.

    Every method raises `Refused` or, when no attempt got through, `NotAnswered`.
    """

    def __init__(
        self, url: str, *, api_key: str | None = None, timeout_seconds: float = 10.0
    ) -> None:
        self._url = url.rstrip("/")
        self._timeout = timeout_seconds
        self._session = requests.Session()
        self._session.headers.update(_identity(api_key))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._session.close()

    def send(self, call: Call[T]) -> T:
        """The answer to any call."""
        for attempt in stamina.retry_context(on=NotAnswered, attempts=_ATTEMPTS, wait_initial=0.5):
            with attempt:
                return self._send(call)
        raise AssertionError("stamina returns or raises")

    def _send(self, call: Call[T]) -> T:
        try:
            answer = self._session.request(
                call.method, self._url + call.path, timeout=self._timeout, **call.options()
            )
        except (requests.ConnectionError, requests.Timeout) as error:
            raise NotAnswered(f"{self._url} does not answer: {error}") from error
        return call.read(answer.status_code, answer.content)

    def rate(self, user: int, movie: int, stars: float) -> Accepted:
        return self.send(rate_call(user, movie, stars))

    def rate_many(self, ratings: Sequence[RatingRequest]) -> BatchVerdict:
        """Rates up to 10,000 movies and says what became of each line."""
        return self.send(rate_many_call(ratings))

    def take_back(self, user: int, movie: int) -> Accepted:
        return self.send(take_back_call(user, movie))

    def recommendations(self, user: int, **filters: Any) -> list[RecommendedMovie]:
        """The user's list; filters are limit, genre, exclude, year_from, year_to, explain."""
        return self.send(recommendations_call(user, filters))

    def recommendations_for_ratings(
        self, ratings: dict[int, float], *, limit: int = 10
    ) -> list[RecommendedMovie]:
        """For a visitor with these ratings (movie to stars), of which nothing is kept."""
        return self.send(visitor_call(ratings, limit))

    def recommendations_for_group(
        self, users: Sequence[int], *, limit: int = 10
    ) -> list[RecommendedMovie]:
        return self.send(group_call(users, limit))

    def search(self, query: str = "", **filters: Any) -> MoviePage:
        """Movies by the beginnings of words; filters are genre, year, limit, offset and others."""
        return self.send(search_call(query, filters))

    def movie(self, movie: int) -> Movie:
        return self.send(movie_call(movie))

    def similar(self, movie: int, *, limit: int = 10) -> list[SimilarMovie]:
        return self.send(similar_call(movie, limit))

    def ratings(self, user: int, *, limit: int = 50, offset: int = 0) -> RatedPage:
        return self.send(ratings_call(user, limit, offset))

    def estimate(self, user: int, movie: int) -> EstimatedRating:
        return self.send(estimate_call(user, movie))


class AsyncClient:
    """The same for asyncio; use it as an asynchronous context manager."""

    def __init__(
        self, url: str, *, api_key: str | None = None, timeout_seconds: float = 10.0
    ) -> None:
        self._url = url.rstrip("/")
        self._identity = _identity(api_key)
        self._timeout = aiohttp.ClientTimeout(timeout_seconds)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(headers=self._identity, timeout=self._timeout)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def send(self, call: Call[T]) -> T:
        """The answer to any call."""
        async for attempt in stamina.retry_context(
            on=NotAnswered, attempts=_ATTEMPTS, wait_initial=0.5
        ):
            with attempt:
                return await self._send(call)
        raise AssertionError("stamina returns or raises")

    async def _send(self, call: Call[T]) -> T:
        assert self._session is not None, "use the client as a context manager"
        try:
            async with self._session.request(
                call.method, self._url + call.path, **call.options()
            ) as answer:
                content = await answer.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise NotAnswered(f"{self._url} does not answer: {error}") from error
        return call.read(answer.status, content)

    async def rate(self, user: int, movie: int, stars: float) -> Accepted:
        return await self.send(rate_call(user, movie, stars))

    async def rate_many(self, ratings: Sequence[RatingRequest]) -> BatchVerdict:
        return await self.send(rate_many_call(ratings))

    async def take_back(self, user: int, movie: int) -> Accepted:
        return await self.send(take_back_call(user, movie))

    async def recommendations(self, user: int, **filters: Any) -> list[RecommendedMovie]:
        return await self.send(recommendations_call(user, filters))

    async def recommendations_for_ratings(
        self, ratings: dict[int, float], *, limit: int = 10
    ) -> list[RecommendedMovie]:
        return await self.send(visitor_call(ratings, limit))

    async def recommendations_for_group(
        self, users: Sequence[int], *, limit: int = 10
    ) -> list[RecommendedMovie]:
        return await self.send(group_call(users, limit))

    async def search(self, query: str = "", **filters: Any) -> MoviePage:
        return await self.send(search_call(query, filters))

    async def movie(self, movie: int) -> Movie:
        return await self.send(movie_call(movie))

    async def similar(self, movie: int, *, limit: int = 10) -> list[SimilarMovie]:
        return await self.send(similar_call(movie, limit))

    async def ratings(self, user: int, *, limit: int = 50, offset: int = 0) -> RatedPage:
        return await self.send(ratings_call(user, limit, offset))

    async def estimate(self, user: int, movie: int) -> EstimatedRating:
        return await self.send(estimate_call(user, movie))


def _given(body: RecommendationRequest) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(body)
    return {name: value for name, value in found.items() if value is not None}


def _identity(api_key: str | None) -> dict[str, str]:
    return {"User-Agent": "recsys-client"} | ({"X-API-Key": api_key} if api_key else {})


def _text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _detail(content: bytes) -> str:
    """The sentence of a problem document; the beginning of anything else."""
    try:
        return str(msgspec.json.decode(content)["detail"])
    except (msgspec.DecodeError, KeyError, TypeError):
        return content[:200].decode("utf-8", "replace")
