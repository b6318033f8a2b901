"""Recommendations for a wish: filtered, explained, for a visitor or a group; and movies alike."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from recsys_app.errors import Unavailable
from recsys_app.models import FIFTIETHS, MAX_RATING, MIN_RATING, Movie, ScoredMovie
from recsys_app.resources import (
    EstimatedRating,
    RatedMovie,
    Reason,
    RecommendedMovie,
    SimilarMovie,
    Source,
)
from recsys_app.services.movie_index import MovieFilter
from recsys_app.services.movie_service import MovieService

_REASONS_MOST = 3


class StarredMovies(Protocol):
    """Movies, best first, and their stars times 100."""

    @property
    def movie_ids(self) -> Sequence[int]: ...
    @property
    def fiftieths(self) -> Sequence[int]: ...


class Contribution(Protocol):
    @property
    def movie_id(self) -> int: ...
    @property
    def stars(self) -> float: ...
    @property
    def share(self) -> float: ...


class Explanation(Protocol):
    @property
    def because(self) -> Sequence[Contribution]: ...


class Likeness(Protocol):
    @property
    def movie_id(self) -> int: ...
    @property
    def similarity(self) -> float: ...
    @property
    def support(self) -> int: ...


class Model(Protocol):
    """What a version of the model in memory can answer."""

    def recommend_group(
        self, members: Sequence[Mapping[int, float]], n: int
    ) -> list[ScoredMovie]: ...
    def explain(
        self, ratings: Mapping[int, float], movie_ids: Sequence[int]
    ) -> Mapping[int, Explanation]: ...
    def similar_movies(self, movie_id: int, n: int) -> Sequence[Likeness] | None: ...
    def predict_stars(self, ratings: Mapping[int, float], movie_id: int) -> float | None: ...


class Served(Protocol):
    """The version that readers get."""

    @property
    def version(self) -> str: ...
    @property
    def popular(self) -> StarredMovies: ...
    @property
    def model(self) -> Model | None: ...


class Rated(Protocol):
    @property
    def movie_id(self) -> int: ...
    @property
    def stars(self) -> float: ...
    @property
    def timestamp(self) -> int: ...


class RatingsOfUser(Protocol):
    @property
    def ratings(self) -> Sequence[Rated]: ...
    @property
    def stars(self) -> Mapping[int, float]: ...


class RatingReader(Protocol):
    async def of_user(self, user_id: int) -> RatingsOfUser: ...


class Chosen(NamedTuple):
    """A list, where it comes from, and by which version of the model."""

    movies: list[RecommendedMovie]
    source: Source
    model_version: str


class DiscoveryService:
    """Answers from the model in memory what no list made in advance can answer."""

    def __init__(
        self, *, served: Callable[[], Served], ratings: RatingReader, movies: MovieService
    ) -> None:
        self._served = served
        self._ratings = ratings
        self._movies = movies

    async def recommend_to_users(
        self, user_ids: Sequence[int], limit: int, wanted: MovieFilter, *, explain: bool
    ) -> Chosen:
        """What suits these users together and none of them has rated.

        Raises:
            Unavailable: Redis does not answer.
        """
        found = await asyncio.gather(*map(self._ratings.of_user, dict.fromkeys(user_ids)))
        return await self.recommend([each.stars for each in found], limit, wanted, explain=explain)

    async def recommend(
        self,
        members: Sequence[Mapping[int, float]],
        limit: int,
        wanted: MovieFilter,
        *,
        explain: bool,
    ) -> Chosen:
        """What suits people with these ratings (movie to stars); popular movies without a model."""
        served = self._served()
        rated = {movie_id: stars for member in members for movie_id, stars in member.items()}
        model = served.model
        if model is None or not rated:
            items = [i for i in self._popular(served) if i.movieId not in rated]
            return Chosen(self._described(items, limit, wanted), "popular", served.version)
        known = len(self._movies.movies)
        items = await asyncio.to_thread(model.recommend_group, members, known)
        movies = self._described(items, limit, wanted)
        if explain:
            movies = self._explained(movies, model, rated)
        return Chosen(movies, "model", served.version)

    def popular(self, wanted: MovieFilter) -> list[RecommendedMovie]:
        """The movies that most people rated, with their average stars."""
        return self._described(self._popular(self._served()), None, wanted)

    async def similar(self, movie_id: int, limit: int) -> list[SimilarMovie] | None:
        """The movies that the same people like; None if nobody has rated this one yet.

        Raises:
            Unavailable: no model is loaded yet.
        """
        model = _loaded(self._served())
        alike = await asyncio.to_thread(model.similar_movies, movie_id, 2 * limit)
        if alike is None:
            return None
        known = ((self._movies.movies.get(each.movie_id), each) for each in alike)
        return [
            SimilarMovie(
                movie.movieId,
                movie.title,
                movie.year,
                movie.genres,
                round(min(each.similarity, 1.0), 3),
                each.support,
            )
            for movie, each in known
            if movie is not None
        ][:limit]

    async def estimate(self, user_id: int, movie_id: int) -> EstimatedRating | None:
        """The stars that the user is predicted to give; None if nobody has rated the movie.

        Raises:
            Unavailable: no model is loaded yet, or Redis does not answer.
        """
        served = self._served()
        model = _loaded(served)
        rated = (await self._ratings.of_user(user_id)).stars
        stars = model.predict_stars(rated, movie_id)
        if stars is None:
            return None
        return EstimatedRating(
            user_id, movie_id, _in_bounds(stars), rated.get(movie_id), served.version
        )

    async def ratings_of(self, user_id: int) -> list[RatedMovie]:
        """What the user has rated, the newest first."""
        found = (await self._ratings.of_user(user_id)).ratings
        newest_first = sorted(found, key=lambda each: (-each.timestamp, each.movie_id))
        return [self._rated(each) for each in newest_first]

    def _rated(self, rating: Rated) -> RatedMovie:
        movie = self._movies.movies.get(rating.movie_id)
        title, year, genres = (movie.title, movie.year, movie.genres) if movie else (None, None, [])
        return RatedMovie(rating.movie_id, rating.stars, rating.timestamp, title, year, genres)

    def _popular(self, served: Served) -> list[ScoredMovie]:
        """The popular movies, then the rest of the catalogue, so that no wish goes unanswered."""
        listed = served.popular
        found = {
            movie_id: stars / FIFTIETHS
            for movie_id, stars in zip(listed.movie_ids, listed.fiftieths, strict=True)
        }
        neutral = (MIN_RATING + MAX_RATING) / 2
        rest = (movie_id for movie_id in self._movies.movies if movie_id not in found)
        return [
            *(ScoredMovie(*item) for item in found.items()),
            *(ScoredMovie(movie_id, neutral) for movie_id in rest),
        ]

    def _described(
        self, items: Sequence[ScoredMovie], limit: int | None, wanted: MovieFilter
    ) -> list[RecommendedMovie]:
        found: list[RecommendedMovie] = []
        for item in items:
            movie: Movie | None = self._movies.movies.get(item.movieId)
            if movie is not None and wanted(movie):
                stars = _in_bounds(item.rating)
                found.append(
                    RecommendedMovie(movie.movieId, movie.title, movie.year, movie.genres, stars)
                )
                if len(found) == limit:
                    break
        return found

    def _explained(
        self, movies: Sequence[RecommendedMovie], model: Model, rated: Mapping[int, float]
    ) -> list[RecommendedMovie]:
        reasons = model.explain(rated, [movie.movieId for movie in movies])
        return [
            RecommendedMovie(
                m.movieId,
                m.title,
                m.year,
                m.genres,
                m.rating,
                self._reasons(reasons[m.movieId].because) if m.movieId in reasons else [],
            )
            for m in movies
        ]

    def _reasons(self, parts: Sequence[Contribution]) -> list[Reason]:
        known = ((self._movies.movies.get(part.movie_id), part) for part in parts[:_REASONS_MOST])
        return [
            Reason(part.movie_id, movie.title, part.stars, round(min(part.share, 1.0), 3))
            for movie, part in known
            if movie is not None
        ]


def _in_bounds(stars: float) -> float:
    return round(min(max(stars, MIN_RATING), MAX_RATING) * FIFTIETHS) / FIFTIETHS


def _loaded(served: Served) -> Model:
    if served.model is None:
        raise Unavailable("the model", "none is trained and loaded yet")
    return served.model
