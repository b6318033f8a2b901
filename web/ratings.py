"""Ratings, from people: one, many, or one taken back."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web
from msgspec import Raw, Struct
from multidict import CIMultiDict

from recsys_app.errors import BadDataError
from recsys_app.models import (
    KEY_PATTERN,
    Id,
    Rating,
    RatingRequest,
    idempotency_key,
    rating_request_decoder,
)
from recsys_app.resources import MAX_BATCH, Accepted, BatchVerdict, Verdict
from recsys_app.services.rating_service import RatingService
from recsys_app.stores.kafka import Position
from web.api import JSON, JsonBody, NoParams, Reply, Route, json_reply
from web.fast_path import FastConnection, Headers, head_of
from web.problems import read_body
from web.ready_response import ReadyResponse
from web.security_headers import DATA_HEADERS

MAX_BODY_BYTES = 4096
MAX_BATCH_BYTES = 2 * 2**20
NDJSON = "application/x-ndjson"

_ACCEPTED_HEADERS = CIMultiDict({**DATA_HEADERS, "Content-Type": JSON})
_ACCEPTED_HEAD = head_of("202 Accepted", _ACCEPTED_HEADERS)
_ACCEPTED = Reply("Kafka holds it on all in-sync replicas.", Accepted)

_raw_lines = msgspec.json.Decoder(list[Raw])


class RatingParams(Struct, frozen=True, forbid_unknown_fields=True):
    user_id: Id
    movie_id: Id


def routes(ratings: RatingService) -> list[Route[Any]]:
    one: JsonBody[RatingRequest] = JsonBody(RatingRequest, limit_bytes=MAX_BODY_BYTES)
    many: JsonBody[list[RatingRequest]] = JsonBody(list[RatingRequest], limit_bytes=MAX_BATCH_BYTES)

    async def accept(rating: Rating) -> web.Response:
        position = await ratings.send_rating(rating)
        body = _accepted(position)
        return ReadyResponse(status=202, body=body, headers=_ACCEPTED_HEADERS.copy())

    async def send_rating(_: NoParams, request: web.Request) -> web.Response:
        sent = await one.read(request)
        key = idempotency_key(request.headers.get("Idempotency-Key"))
        return await accept(Rating(sent.userId, sent.movieId, sent.rating, idempotencyKey=key))

    async def delete_rating(params: RatingParams, _: web.Request) -> web.Response:
        return await accept(Rating(params.user_id, params.movie_id, None))

    async def send_ratings(_: NoParams, request: web.Request) -> web.Response:
        body = await read_body(request, MAX_BATCH_BYTES, (JSON, NDJSON))
        lines = _lines(body, request.content_type)
        if len(lines) > MAX_BATCH:
            raise BadDataError(f"The batch has {len(lines)} ratings; send at most {MAX_BATCH}")
        read = [_read(line) for line in lines]
        good = [rating for rating in read if isinstance(rating, Rating)]
        positions = iter(await ratings.send_ratings(good))
        verdicts = [
            Verdict(number, "accepted", "", *next(positions))
            if isinstance(rating, Rating)
            else Verdict(number, "rejected", rating)
            for number, rating in enumerate(read, start=1)
        ]
        return json_reply(BatchVerdict(len(good), len(read) - len(good), verdicts))

    return [
        Route(
            method="POST",
            path="/send_rating",
            summary="Rate a movie",
            tag="Ratings",
            handler=send_rating,
            params=NoParams,
            body=one,
            request_headers={
                "Idempotency-Key": (
                    KEY_PATTERN,
                    "The same key within a day gets the same answer, and counts as one rating.",
                )
            },
            replies={202: _ACCEPTED},
            errors=(409, 503),
        ),
        Route(
            method="POST",
            path="/ratings",
            summary=f"Rate up to {MAX_BATCH:,} movies at once",
            tag="Ratings",
            handler=send_ratings,
            params=NoParams,
            body=many,
            other_bodies={NDJSON: "A rating on each line, each a JSON object."},
            replies={
                200: Reply(
                    "The verdict on each line; what is accepted, Kafka holds on all in-sync "
                    "replicas.",
                    BatchVerdict,
                )
            },
            errors=(503,),
        ),
        Route(
            method="DELETE",
            path="/ratings/{user_id}/{movie_id}",
            summary="Take a rating back",
            tag="Ratings",
            handler=delete_rating,
            params=RatingParams,
            replies={202: _ACCEPTED},
            errors=(503,),
        ),
    ]


class RatingShortcut:
    """One rating without an idempotency key."""

    route = "/send_rating"

    def __init__(self, ratings: RatingService) -> None:
        self._ratings = ratings

    def read(self, path: str, headers: Headers, body: bytes) -> Rating | None:
        is_plain = path == self.route and headers.get("Content-Type") == JSON
        if not is_plain or len(body) > MAX_BODY_BYTES:
            return None
        try:
            sent = rating_request_decoder.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None
        return Rating(sent.userId, sent.movieId, sent.rating)

    def begin(self, rating: Rating, connection: FastConnection) -> bool:
        return self._ratings.put_rating(rating, _Write(connection))


class _Write:
    """Answers with the position of a rating."""

    __slots__ = ("_connection",)

    def __init__(self, connection: FastConnection) -> None:
        self._connection = connection

    def done(self) -> bool:
        return False

    def set_result(self, position: Position, /) -> None:
        self._connection.answer(202, _ACCEPTED_HEAD, _accepted(position))

    def set_exception(self, error: BaseException, /) -> None:
        self._connection.give_back(error)


def _accepted(position: Position) -> bytes:
    return b'{"status":"accepted","partition":%d,"offset":%d}' % position


def _lines(body: bytes, content_type: str) -> list[bytes | Raw]:
    if content_type == NDJSON:
        return [line for line in body.splitlines() if line.strip()]
    return list(_raw_lines.decode(body))


def _read(line: bytes | Raw) -> Rating | str:
    """The rating on the line, or what is wrong with it."""
    try:
        sent = rating_request_decoder.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return str(error)
    return Rating(sent.userId, sent.movieId, sent.rating)
