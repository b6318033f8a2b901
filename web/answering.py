"""What happens around every request, whatever it asks for."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from structlog.contextvars import bind_contextvars

from recsys_app.logs import REQUEST_ID as CURRENT
from web.access import ADMITTED, ANONYMOUS, CALLER, Judge
from web.fast_path import GivenBack, RequestObserver, given_back
from web.problems import problem_of
from web.request_id import REQUEST_ID, request_id_of

log = logging.getLogger(__name__)

UNMATCHED = "unmatched"
"""Stands for every address that there is not, of which strangers can invent any number."""


class RequestTracing(Protocol):
    def request(self, name: str, headers: Mapping[str, str]) -> AbstractContextManager[None]: ...


def answering(
    *,
    observer: RequestObserver,
    judge: Judge = lambda *_: ADMITTED,
    tracing: RequestTracing | None = None,
    log_every: bool = False,
) -> Middleware:
    """A middleware, and the only one: as a chain of five, the same took a third more of the CPU.

    A request gets a name, its own if usable, which stands in every log line that it causes and in
    its answer. What a handler raises becomes a problem document.

    Args:
        observer: is told of every request, by its route's template.
        judge: says who may pass.
        tracing: opens a span around each request.
        log_every: also log the requests that did not fail, by address without the query.
    """

    async def answer(
        request: web.Request, handler: Handler, before: GivenBack | None
    ) -> web.StreamResponse:
        try:
            verdict = judge(request, _known(request)) if before is None else before.verdict
            if verdict.caller is not None:
                request[CALLER] = verdict.caller
                bind_contextvars(caller=verdict.caller)
            if verdict.is_anonymous:
                request[ANONYMOUS] = True
            if verdict.refusal is not None:
                return verdict.refusal
            if before is not None and before.error is not None:
                raise before.error.with_traceback(before.traceback)
            return await handler(request)
        except Exception as error:
            found = problem_of(error, request)
            if found is None:
                raise
            return found

    async def traced(
        request: web.Request, handler: Handler, before: GivenBack | None
    ) -> web.StreamResponse:
        assert tracing
        with tracing.request(f"{request.method} {route_of(request)}", request.headers):
            return await answer(request, handler, before)

    inner = traced if tracing else answer

    @web.middleware
    async def around(request: web.Request, handler: Handler) -> web.StreamResponse:
        before = given_back(request)
        began = time.perf_counter() if before is None else before.began
        request_id = request_id_of(request.headers)
        CURRENT.set(request_id)  # of this request's own task
        status = 500
        try:
            response = await inner(request, handler, before)
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
    return _known(request) or UNMATCHED


def _known(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return "" if resource is None else resource.canonical
