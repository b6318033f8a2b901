"""The movie catalogue, in memory and ready to be sent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Protocol

import orjson

from recsys_app.models import FIFTIETHS, Movie
from recsys_app.services.movie_index import MovieIndex

_STARS = [b"%.2f}" % (fiftieths / FIFTIETHS) for fiftieths in range(5 * FIFTIETHS + 1)]


class MovieStore(Protocol):
    async def all(self) -> list[Movie]: ...
    async def revision(self) -> int: ...


class MovieService:
    """The catalogue, held in memory and refreshed when MongoDB's has changed."""

    def __init__(self, store: MovieStore) -> None:
        self._store = store
        self._revision: int | None = None
        self._movies: dict[int, Movie] = {}
        self._index = MovieIndex([])
        self._fragments: dict[int, bytes] = {}

    async def get_all_movies(self) -> list[Movie]:
        """Every movie of the catalogue, as MongoDB has it now."""
        return await self._store.all()

    async def refresh(self) -> bool:
        """Takes up a changed catalogue; whether there was one."""
        revision = await self._store.revision()
        if revision == self._revision:
            return False
        movies = await self._store.all()
        # A large catalogue takes a second: the event loop goes on meanwhile.
        fragments, index = await asyncio.to_thread(_prepare, movies)
        self._movies = {movie.movieId: movie for movie in movies}
        self._fragments, self._index, self._revision = fragments, index, revision
        return True

    @property
    def movies(self) -> dict[int, Movie]:
        """The catalogue as last refreshed, by id."""
        return self._movies

    @property
    def index(self) -> MovieIndex:
        """The search over the catalogue as last refreshed."""
        return self._index

    def to_json(self, movie_ids: Sequence[int], fiftieths: Sequence[int], limit: int) -> bytes:
        """The first `limit` of the movies that the catalogue has, as a JSON array, each with its
        stars (fiftieths, 25 … 250) as `rating`."""
        return b"[" + b",".join(self._parts(movie_ids, fiftieths, limit)) + b"]"

    def _parts(
        self, movie_ids: Sequence[int], fiftieths: Sequence[int], limit: int
    ) -> Iterable[bytes]:
        fragments = self._fragments
        for movie_id, stars in zip(movie_ids, fiftieths, strict=True):
            fragment = fragments.get(movie_id)
            if fragment is not None:
                yield fragment + _STARS[stars]
                limit -= 1
                if not limit:
                    return


def _prepare(movies: Sequence[Movie]) -> tuple[dict[int, bytes], MovieIndex]:
    return {movie.movieId: _fragment(movie) for movie in movies}, MovieIndex(movies)


def _fragment(movie: Movie) -> bytes:
    """The movie as a JSON object that still lacks its rating and its closing brace."""
    details = {
        "movieId": movie.movieId,
        "title": movie.title,
        "year": movie.year,
        "genres": movie.genres,
    }
    return orjson.dumps(details)[:-1] + b',"rating":'
