"""Routes: each declared once, for the decoding of its requests and for the OpenAPI document."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec
from aiohttp import web
from msgspec import Struct, inspect

from recsys_app.errors import BadDataError
from web.problems import read_body

P = TypeVar("P", bound=Struct)
B = TypeVar("B")

JSON = "application/json"
_LONGEST_INT = 19


class NoParams(Struct, frozen=True, forbid_unknown_fields=True):
    """For a route that takes nothing from the address."""


class Reply(NamedTuple):
    """One way in which a route answers, as the document describes it."""

    description: str
    body: Any = None
    """The type of the JSON body; None for another media type or for no body."""
    media_type: str = JSON
    headers: Mapping[str, str] = {}
    """Header to its description."""


class JsonBody(Generic[B]):
    """A JSON body of one type and of at most so many bytes."""

    def __init__(self, type_: Any, *, limit_bytes: int) -> None:
        self.type = type_
        self._limit = limit_bytes
        self._decoder = msgspec.json.Decoder(type_)

    async def read(self, request: web.Request) -> B:
        """The decoded body.

        Raises:
            msgspec.MsgspecError: it is not as the type says; the message names the field.
            web.HTTPException: another content type, or too long.
        """
        decoded: B = self._decoder.decode(await read_body(request, self._limit, (JSON,)))
        return decoded


class Parameters(Generic[P]):
    """Decodes the parameters in the path and the query of an address into a struct."""

    def __init__(self, struct: type[P]) -> None:
        self.struct = struct
        described = inspect.type_info(struct)
        assert isinstance(described, inspect.StructType)
        self._parsers = {f.encode_name: _parser(f.type) for f in described.fields}

    def read(self, request: web.Request) -> P:
        """The parameters of a request.

        Raises:
            BadDataError: one is unknown, given twice, missing or out of bounds; the message names
                it.
        """
        given: dict[str, Any] = {
            name: self._parsers[name](text) for name, text in request.match_info.items()
        }
        if "?" in request.raw_path:
            self._read_query(request, given)
        try:
            return msgspec.convert(given, self.struct)
        except msgspec.ValidationError as error:
            raise BadDataError(_sentence(error, given, request)) from None

    def _read_query(self, request: web.Request, given: dict[str, Any]) -> None:
        query = request.query
        for name in query:
            parser = self._parsers.get(name)
            if parser is None or name in request.match_info:
                known = ", ".join(n for n in self._parsers if n not in request.match_info)
                raise BadDataError(
                    f"There is no parameter {name[:40]!r} here"
                    + (f"; there are {known}" if known else "")
                )
            values = query.getall(name)
            if isinstance(parser, _ListParser):
                given[name] = [parser(text) for text in values]
            elif len(values) > 1:
                raise BadDataError(f"{name} is given {len(values)} times; give it once")
            else:
                given[name] = parser(values[0])


@dataclass(frozen=True, kw_only=True)
class Route(Generic[P]):
    """An address, a method, and all that can be said and answered there."""

    method: str
    path: str
    """As in aiohttp and OpenAPI alike: `/movies/{movie_id}`."""
    summary: str
    tag: str
    handler: Callable[[P, web.Request], Awaitable[web.StreamResponse]]
    params: type[P]
    body: JsonBody[Any] | None = None
    other_bodies: Mapping[str, str] = field(default_factory=dict)
    """Media type to description, of bodies that are not JSON."""
    request_headers: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Header, which may be left out, to its pattern and description."""
    replies: Mapping[int, Reply]
    errors: tuple[int, ...] = ()
    """Statuses that come with a problem document, beside those that follow from the rest."""

    def to_aiohttp(self) -> web.RouteDef:
        read, handler = Parameters(self.params).read, self.handler

        async def handle(request: web.Request) -> web.StreamResponse:
            return await handler(read(request), request)

        # A GET route of aiohttp answers HEAD as well; a stream has no end to wait for.
        allow_head = {"allow_head": JSON in self._media_types} if self.method == "GET" else {}
        return web.RouteDef(self.method, self.path, handle, allow_head)

    @property
    def _media_types(self) -> set[str]:
        return {reply.media_type for reply in self.replies.values()}


def json_reply(
    value: object, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    return web.Response(
        status=status, body=msgspec.json.encode(value), headers=headers, content_type=JSON
    )


class _ListParser:
    """Marks a parameter that may be given more than once."""

    def __init__(self, parse: Callable[[str], object]) -> None:
        self._parse = parse

    def __call__(self, text: str) -> object:
        return self._parse(text)


def _parser(kind: inspect.Type) -> Callable[[str], object]:
    match kind:
        case inspect.Metadata():  # a type with a description
            return _parser(kind.type)
        case inspect.UnionType():
            (given,) = (each for each in kind.types if not isinstance(each, inspect.NoneType))
            return _parser(given)
        case inspect.ListType():
            return _ListParser(_parser(kind.item_type))
        case inspect.IntType():
            return _whole_number
        case inspect.BoolType():
            return _boolean
        case _:
            return str


def _whole_number(text: str) -> object:
    """The number; any other text as it is, for the check of the struct to refuse."""
    plain = text.isascii() and text.isdigit() and len(text) <= _LONGEST_INT
    return int(text) if plain else text


def _boolean(text: str) -> object:
    return {"true": True, "false": False}.get(text, text)


def _sentence(
    error: msgspec.ValidationError, given: Mapping[str, Any], request: web.Request
) -> str:
    """msgspec's message, with the parameter's name and what was given in front."""
    message, at, place = str(error).partition(" - at `$.")
    if not at:
        return message
    name = place.rstrip("`").partition("[")[0]
    shown = name.replace("_", " ") if name in request.match_info else name
    return f"{shown} is {str(given[name])[:40]!r}: {message}"
