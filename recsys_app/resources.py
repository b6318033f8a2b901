"""What the HTTP API takes and gives: the bodies, for the views and for the client alike."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from recsys_app.models import MAX_RATING, MIN_RATING, Id, Movie, Stars

Estimate = Annotated[float, Meta(ge=MIN_RATING, le=MAX_RATING)]
"""Predicted stars, not a multiple of a half."""

Source = Literal["model", "popular"]
MAX_LIMIT = 100
Limit = Annotated[int, Meta(ge=1, le=MAX_LIMIT, description="How many at most.")]
Offset = Annotated[int, Meta(ge=0, le=10_000_000, description="How many to pass over.")]
Year = Annotated[int, Meta(ge=1800, le=2200)]
Genre = Annotated[str, Meta(min_length=1, max_length=40)]

MAX_BATCH = 10_000
MAX_EXCLUDED = 500
MAX_EXCLUDED_IN_ADDRESS = 100
"""The server takes addresses of 8,190 bytes."""
MAX_VISITOR_RATINGS = 1000
MAX_GROUP = 50


class Accepted(Struct, frozen=True):
    """A rating that Kafka holds on all in-sync replicas, and where."""

    status: Literal["accepted"]
    partition: int
    offset: int


class Verdict(Struct, frozen=True, omit_defaults=True):
    """What became of one line of a batch."""

    line: int
    """Counted from 1."""
    status: Literal["accepted", "rejected"]
    detail: str = ""
    """Why it was rejected."""
    partition: int | None = None
    offset: int | None = None


class BatchVerdict(Struct, frozen=True):
    """What became of a batch of ratings."""

    accepted: int
    rejected: int
    verdicts: list[Verdict]


class Reason(Struct, frozen=True):
    """One of the person's own ratings that speaks for a recommended movie."""

    movieId: Id
    title: str
    rating: Stars
    share: Annotated[float, Meta(ge=0, le=1)]
    """Of all that speaks for the movie."""


class RecommendedMovie(Struct, frozen=True):
    """A recommended movie with the stars that the person is predicted to give it."""

    movieId: Id
    title: str
    year: int | None
    genres: list[str]
    rating: Estimate
    because: list[Reason] | UnsetType = UNSET
    """With `explain`: the ratings that speak for it most, the strongest first."""


class SimilarMovie(Struct, frozen=True):
    """A movie that the same people like."""

    movieId: Id
    title: str
    year: int | None
    genres: list[str]
    similarity: Annotated[float, Meta(ge=-1, le=1)]
    """The cosine of the two movies' factors, the lower the less supports it."""
    support: Annotated[int, Meta(ge=0)] = 0
    """How many ratings the rarer of the two movies has."""


class GenreCount(Struct, frozen=True):
    """A genre and how many movies of the catalogue have it."""

    genre: str
    movies: int


class MoviePage(Struct, frozen=True):
    """A part of a list of movies."""

    items: list[Movie]
    total: int
    next: int | None
    """The offset of the next page; null on the last."""


class PopularPage(Struct, frozen=True):
    """A part of the popular movies; `rating` is the average."""

    items: list[RecommendedMovie]
    total: int
    next: int | None


class RatedMovie(Struct, frozen=True):
    """A rating that counts, with what the catalogue knows of the movie."""

    movieId: Id
    rating: Stars
    timestamp: int
    """Seconds since 1970-01-01 UTC."""
    title: str | None
    """Null if the catalogue does not have the movie."""
    year: int | None
    genres: list[str]


class RatedPage(Struct, frozen=True):
    """A part of somebody's ratings, the newest first."""

    items: list[RatedMovie]
    total: int
    next: int | None


class HiddenMovieList(Struct, frozen=True):
    """The movies that are never recommended to somebody, since they said so."""

    userId: Id
    movies: list[Movie]


class NewUser(Struct, frozen=True):
    """An id that nobody has."""

    userId: Id


class EstimatedRating(Struct, frozen=True):
    """The stars that somebody is predicted to give a movie."""

    userId: Id
    movieId: Id
    rating: Estimate
    rated: Stars | None
    """What they gave it, if they did."""
    modelVersion: str


class VisitorRating(Struct, frozen=True, forbid_unknown_fields=True):
    movieId: Id
    rating: Stars


class RecommendationRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """For a visitor (`ratings`) or a group of users (`users`); one of the two."""

    ratings: Annotated[list[VisitorRating], Meta(max_length=MAX_VISITOR_RATINGS)] | None = None
    users: Annotated[list[Id], Meta(min_length=1, max_length=MAX_GROUP)] | None = None
    limit: Limit = 10
    genre: Genre | None = None
    exclude: Annotated[list[Id], Meta(max_length=MAX_EXCLUDED)] = []
    year_from: Year | None = None
    year_to: Year | None = None
    explain: bool = False


class Readiness(Struct, frozen=True):
    """Whether the worker can do its work."""

    status: Literal["ready", "not ready"]
    down: list[str]
    """The dependencies that do not answer."""
    dependencies: dict[str, str]
    """Each with `up` or the reason why not."""


class Liveness(Struct, frozen=True):
    status: Literal["alive"]


class RatingFlow(Struct, frozen=True):
    """Ratings on their way from Kafka to the archive."""

    total: int | None = None
    """How many messages Kafka took in all."""
    perSecond: float | None = None
    """Over the last seconds; null until it was looked twice."""
    lag: int | None = None
    """How many of them the agents have not acknowledged."""


class ArchiveSize(Struct, frozen=True):
    files: int | None = None
    bytes: int | None = None


class CacheSize(Struct, frozen=True):
    keys: int | None = None
    bytes: int | None = None


class TrainingRun(Struct, frozen=True):
    """One run of the training."""

    version: str
    status: str
    startedAt: str
    """ISO 8601, UTC."""
    steps: dict[str, float]
    """Each step's seconds; empty until the run has ended."""
    counts: dict[str, int]
    metrics: dict[str, float]
    """Measures of quality; empty where none were taken."""
    cause: str | None
    """Why it failed, if it did."""


class Pipeline(Struct, frozen=True):
    """What was measured of the way from a rating to a recommendation; null is not known."""

    modelVersion: str
    movies: int
    ratings: RatingFlow
    archive: ArchiveSize
    cache: CacheSize
    trainings: list[TrainingRun] | None
    """The newest first."""
    down: list[str]
    """The servers that did not tell."""


class ErasureReceipt(Struct, frozen=True):
    """Stands for a request to be forgotten."""

    receipt: str
    progress: str
    """The address that tells how far it is."""


class ErasureProgress(Struct, frozen=True):
    """How far an erasure is."""

    receipt: str
    state: Literal["requested", "rewritten", "erased"]
    requestedAt: str
    """ISO 8601, UTC."""
    erasedAt: str | None
    archivedRatings: int | None
    """How many the archive held, once it has been rewritten."""
    modelTrainedWithout: bool
    """Whether the model that is served knows nothing of the user's ratings."""
