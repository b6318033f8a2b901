"""Who may call which address: API keys, their scopes, and how fast they may come."""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

from aiohttp import web
from multidict import CIMultiDictProxy

from recsys_app.access import ApiKey, Scope, find_key
from web.problems import problem

CALLER = web.RequestKey("caller", str)
"""The name of the key that a request came with; absent if it came without one."""

ANONYMOUS = web.RequestKey("anonymous", bool)
"""Set if keys are asked for and the request came without one."""

FAILURES_PER_SECOND = 1.0
"""Wrong keys that an address may send on average."""

PUBLIC = frozenset(("/", "/livez", "/readyz", "/docs", "/openapi.json", "/favicon.ico"))
PUBLIC_FOLDERS = ("/static/",)
ADMIN_ONLY = ("/erasures", "/trainings", "/models")
_PORT = re.compile(r":\d+$")
_LOOPBACK_NAMES = frozenset(("localhost", "127.0.0.1", "[::1]"))


class Asked(Protocol):
    """What the walls look at of a request."""

    @property
    def method(self) -> str: ...
    @property
    def headers(self) -> CIMultiDictProxy[str]: ...
    @property
    def host(self) -> str: ...
    @property
    def remote(self) -> str | None: ...


class Verdict(NamedTuple):
    """What the walls say to a request."""

    refusal: web.Response | None = None
    """The answer to one who may not have another."""
    caller: str | None = None
    is_anonymous: bool = False


ADMITTED = Verdict()

Judge = Callable[[Asked, str], Verdict]
"""Says who may pass, of a request and its route's template; asked once for each request, since it
counts them."""


class Limiter(Protocol):
    def hit(self, caller: str, per_second: float) -> float | None: ...


class LimitObserver(Protocol):
    def on_limited(self, by: str) -> None: ...


def required_scope(method: str, route: str) -> Scope | None:
    """What a key needs for a route, by its template; None if nothing."""
    if route in PUBLIC or route.startswith(PUBLIC_FOLDERS):
        return None
    if route.startswith(ADMIN_ONLY) or (method == "DELETE" and route == "/users/{user_id}"):
        return "admin"
    return "read" if method in ("GET", "HEAD") else "write"


def walls(
    *,
    keys: Sequence[ApiKey],
    limiter: Limiter,
    observer: LimitObserver,
    per_second_by_key: float,
    per_second_by_address: float,
    trusted_proxies: int,
) -> Judge:
    """Refuses those who may not pass.

    Without any key, the service listens on loopback only; whoever calls a name that is not the
    machine's own was sent by a page from elsewhere (DNS rebinding).

    Args:
        keys: of those who may call.
        limiter: counts requests.
        observer: is told of every request that came too fast.
        per_second_by_key: how many requests a key may send on average; 0 for any number.
        per_second_by_address: the same for an address.
        trusted_proxies: how many proxies in front add to X-Forwarded-For.
    """

    def limited(kind: str, caller: str, per_second: float) -> web.Response | None:
        seconds = limiter.hit(f"{kind}:{caller}", per_second)
        if seconds is None:
            return None
        observer.on_limited(kind)
        wait = {"Retry-After": str(math.ceil(seconds))}
        return problem(429, f"Too many requests; try again in {math.ceil(seconds)} s.", wait)

    def by_key(request: Asked, route: str) -> Verdict:
        scope = required_scope(request.method, route)
        secret = _secret(request)
        if secret is None:
            needed = None if scope is None else _unauthorized("This address needs an API key.")
            return Verdict(needed, is_anonymous=True)
        key = find_key(keys, secret)
        if key is None:
            address = address_of(request, trusted_proxies)
            late = limited("failure", address, FAILURES_PER_SECOND)
            return Verdict(late or _unauthorized("No API key is like the one you sent."))
        if scope is not None and scope not in key.scopes:
            lacking = problem(403, f"The key {key.name} lacks the scope {scope}.")
            return Verdict(lacking, key.name)
        return Verdict(limited("key", key.name, per_second_by_key), key.name)

    def judge(request: Asked, route: str) -> Verdict:
        if per_second_by_address:
            address = address_of(request, trusted_proxies)
            late = limited("address", address, per_second_by_address)
            if late:
                return Verdict(late)
        if not keys and not _is_loopback(request.host):
            sentence = "Without API keys this service answers to localhost only."
            return Verdict(problem(421, sentence))
        return by_key(request, route) if keys and not _is_preflight(request) else ADMITTED

    return judge


def address_of(request: Asked, trusted_proxies: int) -> str:
    """The caller's address, of which an IPv6 one counts as its network of 2⁶⁴."""
    forwarded = ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")
    text = request.remote or ""
    if trusted_proxies and len(forwarded) >= trusted_proxies:
        text = forwarded[-trusted_proxies].strip()
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return "unknown"
    if address.version == 6 and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return text


def _secret(request: Asked) -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    return request.headers.get("X-API-Key")


def _unauthorized(detail: str) -> web.Response:
    return problem(401, detail, {"WWW-Authenticate": 'Bearer realm="recsys"'})


def _is_preflight(request: Asked) -> bool:
    return request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers


@lru_cache(maxsize=64)
def _is_loopback(host: str) -> bool:
    return _PORT.sub("", host) in _LOOPBACK_NAMES
