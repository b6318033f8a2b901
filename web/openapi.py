"""The OpenAPI 3.1 document, made from the routes themselves."""

from __future__ import annotations

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from web.access import PUBLIC
from web.api import JSON, JsonBody, Reply, Route
from web.problems import Problem

_REFERENCE = "#/components/schemas/{name}"
_PATH_PARAMETER = re.compile(r"{(\w+)}")

_HEADERS_OF_ERRORS = {
    401: {"WWW-Authenticate": "How to send a key."},
    429: {"Retry-After": "Seconds to wait before trying again."},
    503: {"Retry-After": "Seconds to wait before trying again."},
}

Document = dict[str, Any]
Schemas = dict[Any, dict[str, Any]]
"""A type to its JSON Schema, or to a reference to it."""


def openapi_document(routes: Sequence[Route[Any]], *, version: str) -> Document:
    """What is at `/openapi.json`: every route with its parameters, bodies and answers."""
    types = list(dict.fromkeys(kind for route in routes for kind in _types(route)))
    schemas, components = msgspec.json.schema_components(types, ref_template=_REFERENCE)
    schema_of: Schemas = dict(zip(types, schemas, strict=True))
    paths: Document = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(
            route, schema_of, components
        )
    parameters = {route.params.__name__ for route in routes}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Recsys",
            "version": version,
            "summary": "Movie recommendations that follow each rating.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "tags": [{"name": tag} for tag in dict.fromkeys(route.tag for route in routes)],
        "paths": paths,
        "components": {
            "schemas": {k: v for k, v in sorted(components.items()) if k not in parameters}
        },
    }


def _types(route: Route[Any]) -> list[Any]:
    bodies = [reply.body for reply in route.replies.values() if reply.body is not None]
    return [route.params, Problem, *bodies, *([route.body.type] if route.body else [])]


def _operation(route: Route[Any], schema_of: Schemas, components: Document) -> Document:
    operation: Document = {
        "operationId": route.handler.__name__,
        "summary": route.summary,
        "tags": [route.tag],
        "responses": {
            **{str(status): _response(reply, schema_of) for status, reply in route.replies.items()},
            **{str(status): _problem(status, schema_of) for status in _error_statuses(route)},
        },
    }
    if parameters := [*_parameters(route, components), *_header_parameters(route)]:
        operation["parameters"] = parameters
    if route.body:
        operation["requestBody"] = _request_body(route, route.body, schema_of)
    return operation


def _error_statuses(route: Route[Any]) -> list[int]:
    # Any address can get a parameter that it does not know, and too many requests at a time.
    of_body = {413, 415} if route.body else set()
    # Without a key that fits (where keys are set), or by a name that is not this machine's.
    of_access = {401, 403, 421} - ({401, 403} if route.path in PUBLIC else set())
    return sorted({400, 429, *of_body, *of_access, *route.errors})


def _parameters(route: Route[Any], components: Document) -> list[Document]:
    described = components[route.params.__name__]
    required = described.get("required", [])
    in_path = _PATH_PARAMETER.findall(route.path)
    return [
        {
            "name": name,
            "in": "path" if name in in_path else "query",
            "required": name in required,
            "schema": (plain := _without_null(schema)),
            **({"description": text} if (text := plain.pop("description", "")) else {}),
        }
        for name, schema in described["properties"].items()
    ]


def _header_parameters(route: Route[Any]) -> list[Document]:
    return [
        {
            "name": name,
            "in": "header",
            "required": False,
            "schema": {"type": "string", "pattern": pattern},
            "description": description,
        }
        for name, (pattern, description) in route.request_headers.items()
    ]


def _without_null(schema: Document) -> Document:
    """An address has no null: a parameter that may be null may be left out."""
    kept = {key: value for key, value in schema.items() if key not in ("anyOf", "default")}
    if schema.get("default") is not None:
        kept["default"] = schema["default"]
    for option in schema.get("anyOf", []):
        if option != {"type": "null"}:
            kept |= option
    return kept


def _request_body(route: Route[Any], body: JsonBody[Any], schema_of: Schemas) -> Document:
    content = {JSON: {"schema": schema_of[body.type]}}
    for media_type, description in route.other_bodies.items():
        content[media_type] = {"schema": {"type": "string", "description": description}}
    return {"required": True, "content": content}


def _response(reply: Reply, schema_of: Schemas) -> Document:
    response: Document = {"description": reply.description}
    if reply.body is not None:
        response["content"] = {reply.media_type: {"schema": schema_of[reply.body]}}
    elif reply.media_type != JSON:
        response["content"] = {reply.media_type: {"schema": {"type": "string"}}}
    if reply.headers:
        response["headers"] = _headers(reply.headers)
    return response


def _problem(status: int, schema_of: Schemas) -> Document:
    response: Document = {
        "description": HTTPStatus(status).phrase,
        "content": {"application/problem+json": {"schema": schema_of[Problem]}},
    }
    if headers := _HEADERS_OF_ERRORS.get(status):
        response["headers"] = _headers(headers)
    return response


def _headers(described: Any) -> Document:
    return {
        name: {"description": text, "schema": {"type": "string"}}
        for name, text in described.items()
    }
