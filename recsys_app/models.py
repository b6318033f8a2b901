"""The messages on the topics, and what the catalogue and the caches hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NamedTuple, Protocol

import msgspec
from msgspec import Meta, Struct

MAX_ID = 2**31 - 1
"""The largest id that Spark's ALS takes: a signed 32-bit integer."""

MIN_RATING, MAX_RATING = 0.5, 5.0

Id = Annotated[int, Meta(ge=1, le=MAX_ID)]
Stars = Annotated[float, Meta(ge=MIN_RATING, le=MAX_RATING, multiple_of=0.5)]
Seconds = Annotated[int, Meta(ge=0, le=2**53)]
"""Seconds since 1970-01-01 UTC."""


KEY_PATTERN = r"^[A-Za-z0-9_.:-]{1,64}$"
IdempotencyKey = Annotated[str, Meta(pattern=KEY_PATTERN)]


class RatingRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `POST /send_rating`."""

    userId: Id
    movieId: Id
    rating: Stars


class Rating(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """One person's stars for one movie, as it travels on the topic `ratings`.

    A rating of null takes the person's earlier rating of the movie back. Without a timestamp, the
    time at which Kafka took the message counts.
    """

    userId: Id
    movieId: Id
    rating: Stars | None
    timestamp: Seconds | None = None
    idempotencyKey: IdempotencyKey | None = None


OFFSETS_PER_EPOCH = 2**40


def sequence_number(epoch: int, offset: int) -> int:
    """Orders a partition's ratings over all epochs of the archive; from 1 on, 0 being before all.

    Exact as a double as well."""
    return epoch * OFFSETS_PER_EPOCH + offset + 1


Headers = Sequence[tuple[str, bytes]]
"""Of a message in Kafka."""


class Message(Protocol):
    """What is asked of a message that Kafka holds; aiokafka's own ones have it too."""

    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Headers: ...


class Record(NamedTuple):
    """A message as Kafka holds it; its topic and partition are known from where it was read."""

    offset: int
    timestamp: int
    """Milliseconds since 1970-01-01 UTC."""
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


class DeadLetter(Struct, frozen=True):
    """A message that could not be processed, as it is kept on a dead-letter topic."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    reason: str
    key: bytes | None
    value: bytes | None


class Movie(Struct, frozen=True):
    """A movie of the catalogue."""

    movieId: Id
    title: str
    year: int | None = None
    genres: list[str] = []


class ScoredMovie(Struct, frozen=True, array_like=True, gc=False):
    """A recommended movie with its predicted stars."""

    movieId: Id
    rating: float


class Recommendations(Struct, frozen=True, omit_defaults=True):
    """One user's list, best first, by one version of the model: the topic `recommendations`."""

    userId: Id
    modelVersion: str
    items: list[ScoredMovie]
    revision: int = 0
    """The sequence number of the newest of the user's ratings that the list takes into account."""
    ratedAt: int = 0
    """When Kafka took the oldest rating that this list is the first to follow: milliseconds since
    1970-01-01 UTC; 0 if the list follows no new rating."""


FIFTIETHS = 50
"""Of a star in a star."""


class CachedList(NamedTuple):
    """A list as the cache and the service hold it: two short arrays."""

    model_version: str
    movie_ids: Sequence[int]
    """Best first."""
    fiftieths: Sequence[int]
    """Predicted stars times 50: finer than any prediction, and each fits a byte."""
    revision: int = 0


def to_cached(version: str, items: Sequence[ScoredMovie], revision: int = 0) -> CachedList:
    movie_ids = [item.movieId for item in items]
    stars = [item.rating for item in items]
    if stars and not MIN_RATING <= min(stars) <= max(stars) <= MAX_RATING:
        stars = [min(max(each, MIN_RATING), MAX_RATING) for each in stars]
    return CachedList(version, movie_ids, [round(each * FIFTIETHS) for each in stars], revision)


def idempotency_key(header: str | None) -> str | None:
    """The key that the header `Idempotency-Key` holds.

    Raises:
        msgspec.ValidationError: it holds something else.
    """
    if header is None:
        return None
    try:
        return msgspec.convert(header, IdempotencyKey)
    except msgspec.ValidationError:
        raise msgspec.ValidationError(
            f"Idempotency-Key is {header[:80]!r}; use 1 to 64 letters, digits or any of _.:-"
        ) from None


rating_request_decoder = msgspec.json.Decoder(RatingRequest)
rating_decoder = msgspec.json.Decoder(Rating)
recommendations_decoder = msgspec.json.Decoder(Recommendations)
