"""What happens around every request, whatever it asks for."""

from __future__ import annotations

import logging
import random
import re
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from recsys_app.logs import REQUEST_ID as CURRENT
from web.problems import problem_of

log = logging.getLogger(__name__)

REQUEST_ID = "X-Request-ID"
_USABLE = re.compile(r"[A-Za-z0-9._-]{1,64}")

UNMATCHED = "unmatched"
"""Stands for every address that there is not, of which strangers can invent any number."""


class RequestObserver(Protocol):
    def on_request(self, method: str, route: str, status: int, seconds: float) -> None: ...


class RequestTracing(Protocol):
    def request(self, name: str, headers: Mapping[str, str]) -> AbstractContextManager[None]: ...


def answering(
    *,
    observer: RequestObserver,
    refuse: Callable[[web.Request], web.Response | None] = lambda _: None,
    tracing: RequestTracing | None = None,
    log_every: bool = False,
) -> Middleware:
    """A middleware, and the only one: as a chain of five, the same took a third more of the CPU.

    A request gets a name, its own if usable, which stands in every log line that it causes and in
    its answer. What a handler raises becomes a problem document.

    Args:
        observer: is told of every request, by its route's template.
        refuse: the answer to one who may not have another; None for who may.
        tracing: opens a span around each request.
        log_every: also log the requests that did not fail, by address without the query.
    """

    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            refusal = refuse(request)
            return await handler(request) if refusal is None else refusal
        except Exception as error:
            found = problem_of(error, request)
            if found is None:
                raise
            return found

    async def traced(request: web.Request, handler: Handler) -> web.StreamResponse:
        assert tracing
        with tracing.request(f"{request.method} {route_of(request)}", request.headers):
            return await answer(request, handler)

    inner = traced if tracing else answer

    @web.middleware
    async def around(request: web.Request, handler: Handler) -> web.StreamResponse:
        began = time.perf_counter()
        given = request.headers.get(REQUEST_ID)
        # Unlike any other, but no secret: a random number without the system call that uuid makes.
        request_id = (
            given if given and _USABLE.fullmatch(given) else f"{random.getrandbits(128):032x}"
        )
        CURRENT.set(request_id)  # of this request's own task
        status = 500
        try:
            response = await inner(request, handler)
            status = response.status
        except web.HTTPException as error:
            status = error.status
            raise
        finally:
            seconds = time.perf_counter() - began
            observer.on_request(request.method, route_of(request), status, seconds)
        if log_every or status >= 500:
            milliseconds = seconds * 1000
            log.info("%s %s: %d in %.1f ms", request.method, request.path, status, milliseconds)
        if not response.prepared:
            response.headers[REQUEST_ID] = request_id
        return response

    return around


def route_of(request: web.Request) -> str:
    """The template of the route that the request matched, such as `/recommendations/{user_id}`."""
    resource = request.match_info.route.resource
    return UNMATCHED if resource is None else resource.canonical
