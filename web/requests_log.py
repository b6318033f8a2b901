"""A name for each request, in every log line that it causes and in its answer."""

from __future__ import annotations

import logging
import random
import re
import time

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from recsys_app.logs import REQUEST_ID as CURRENT

log = logging.getLogger(__name__)

REQUEST_ID = "X-Request-ID"
_USABLE = re.compile(r"[A-Za-z0-9._-]{1,64}")


def logged_requests(*, every_request: bool) -> Middleware:
    """A middleware that binds the request's id, the caller's if usable, and logs the answer.

    Args:
        every_request: also log the requests that did not fail, by address without the query.
    """

    @web.middleware
    async def log_request(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get(REQUEST_ID)
        usable = given is not None and _USABLE.fullmatch(given)
        # Unlike any other, but no secret: a random number without the system call that uuid makes.
        request_id = given if given and usable else f"{random.getrandbits(128):032x}"
        began = time.perf_counter()
        token = CURRENT.set(request_id)
        try:
            response = await handler(request)
            if every_request or response.status >= 500:
                milliseconds = (time.perf_counter() - began) * 1000
                log.info(
                    "%s %s: %d in %.1f ms",
                    request.method,
                    request.path,
                    response.status,
                    milliseconds,
                )
        finally:
            CURRENT.reset(token)
        if not response.prepared:
            response.headers[REQUEST_ID] = request_id
        return response

    return log_request
