"""Every answer that is not a success, as a problem document (RFC 9457)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from http import HTTPStatus

import msgspec
from aiohttp import web

from recsys_app.errors import BadDataError, Unavailable
from recsys_app.services.idempotent_answers import RequestInProgress

log = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 1


class Problem(msgspec.Struct, frozen=True):
    """Why a request was not answered as asked (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    """A sentence for the person who sent the request."""


def problem(status: int, detail: str, headers: dict[str, str] | None = None) -> web.Response:
    """A problem document; `detail` is a sentence for the person who sent the request."""
    return web.Response(
        status=status,
        body=msgspec.json.encode(Problem("about:blank", HTTPStatus(status).phrase, status, detail)),
        headers=headers,
        content_type="application/problem+json",
    )


def problem_of(error: Exception, request: web.Request) -> web.Response | None:
    """The problem document for what a handler raised; None for an answer that is no failure."""
    match error:
        case web.HTTPException() if error.status < 400:
            return None
        case web.HTTPException():
            kept = {k: v for k, v in error.headers.items() if k in ("Allow", "Retry-After")}
            return problem(error.status, _sentence(error, request), kept)
        case msgspec.MsgspecError() | UnicodeDecodeError() | BadDataError():
            return problem(400, str(error))
        case RequestInProgress():
            return problem(409, str(error), {"Retry-After": str(RETRY_AFTER_SECONDS)})
        case Unavailable():
            log.warning("%s %s: %s", request.method, request.path, error)
            sentence = f"{error.dependency} does not answer. Try again later."
            return problem(503, sentence, {"Retry-After": str(RETRY_AFTER_SECONDS)})
        case _:
            log.error("%s %s failed", request.method, request.path, exc_info=error)
            return problem(500, "This is a mistake of ours; it was logged.")


def _sentence(error: web.HTTPException, request: web.Request) -> str:
    match error:
        case web.HTTPNotFound() if request.match_info.http_exception is error:
            return f"There is no {request.path}."
        case web.HTTPMethodNotAllowed():
            allowed = " and ".join(sorted(error.allowed_methods))
            return f"{request.path} takes {allowed}, not {request.method}."
        case web.HTTPRequestEntityTooLarge():
            return error.text or error.reason
        case _:
            return error.text or error.reason


async def read_body(request: web.Request, limit_bytes: int, content_types: Sequence[str]) -> bytes:
    """The body, which is of one of these types and at most so long.

    Raises:
        web.HTTPException: it is not.
        BadDataError: it does not come whole.
    """
    if request.content_type not in content_types:
        raise web.HTTPUnsupportedMediaType(
            text=f"The content type is {request.content_type}; send {' or '.join(content_types)}."
        )
    too_long = f"The body is longer than the {limit_bytes} bytes that this address takes."
    if (request.content_length or 0) > limit_bytes:
        raise web.HTTPRequestEntityTooLarge(limit_bytes, 0, text=too_long)
    try:
        body = await request.content.read(limit_bytes + 1)
        while len(body) <= limit_bytes and (more := await request.content.read(limit_bytes)):
            body += more
    except (web.RequestPayloadError, ConnectionError):
        raise BadDataError("The body breaks off, or is not encoded as its headers say") from None
    if len(body) > limit_bytes:
        raise web.HTTPRequestEntityTooLarge(limit_bytes, 0, text=too_long)
    return body
