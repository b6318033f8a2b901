"""What every answer tells the browser not to do."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web
from multidict import CIMultiDict

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Server": "recsys",
}
_PAGE_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"
DATA_HEADERS = {
    **_ALWAYS,
    "Content-Security-Policy": _DATA_POLICY,
    "Cache-Control": "no-store",
}
"""What an answer of JSON has; one that comes with them is left as it is."""

_BY_TLS = {"Strict-Transport-Security": "max-age=63072000"}  # two years
_NOTHING: dict[str, str] = {}


async def add_security_headers(request: web.Request, response: web.StreamResponse) -> None:
    """A signal handler for `on_response_prepare`, so that streams and files have them too."""
    if "Content-Security-Policy" not in response.headers:
        _add_headers(response)
    add_transport_security(request, response.headers)


def add_transport_security(request: web.BaseRequest, headers: CIMultiDict[str]) -> None:
    """Has the browser come by TLS only, if it came so, also to a proxy in front."""
    headers.update(transport_security(request.headers, is_tls=request.secure))


def transport_security(headers: Mapping[str, str], *, is_tls: bool) -> Mapping[str, str]:
    """What the answer to a request with these headers has for that."""
    return _BY_TLS if is_tls or headers.get("X-Forwarded-Proto") == "https" else _NOTHING


def _add_headers(response: web.StreamResponse) -> None:
    headers = response.headers
    headers.update(_ALWAYS)
    is_page = response.content_type == "text/html"
    headers["Content-Security-Policy"] = _PAGE_POLICY if is_page else _DATA_POLICY
    if is_page:
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
    elif not isinstance(response, web.FileResponse):
        headers.setdefault("Cache-Control", "no-store")
