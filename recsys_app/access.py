"""API keys: who may call, and what for."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from recsys_app.errors import ConfigurationError

Scope = Literal["read", "write", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
SHORTEST_SECRET = 16

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,40}")


@dataclass(frozen=True)
class ApiKey:
    """A key as the service remembers it: never the secret itself."""

    name: str
    scopes: frozenset[Scope]
    digest: bytes = field(repr=False)


def parse_api_keys(text: str) -> tuple[ApiKey, ...]:
    """The keys in `name:scope+scope:secret, …`.

    Raises:
        ConfigurationError: an entry is not of that form; the message never shows a secret.
    """
    keys: list[ApiKey] = []
    for number, entry in enumerate(filter(None, map(str.strip, text.split(","))), start=1):
        name, _, rest = entry.partition(":")
        scopes, _, secret = rest.partition(":")
        if not _NAME.fullmatch(name) or not secret:
            raise ConfigurationError(
                f"RECSYS_API_KEYS: entry {number} has to be name:scopes:secret, such as "
                "shop:read+write:… (letters, digits, '_', '.' and '-' in the name)."
            )
        asked = frozenset(scope for scope in SCOPES if scope in scopes.split("+"))
        if not scopes or len(asked) != len(scopes.split("+")):
            raise ConfigurationError(
                f"RECSYS_API_KEYS: the scopes of {name} have to be one or more of "
                f"{', '.join(SCOPES)}, joined by '+', each once."
            )
        if len(secret) < SHORTEST_SECRET:
            raise ConfigurationError(
                f"RECSYS_API_KEYS: the secret of {name} is shorter than {SHORTEST_SECRET} "
                "characters; make one with `openssl rand -hex 24`."
            )
        keys.append(ApiKey(name, asked, _digest(secret)))
    if len({key.name for key in keys}) < len(keys):
        raise ConfigurationError("RECSYS_API_KEYS: two keys have the same name.")
    return tuple(keys)


def find_key(keys: Sequence[ApiKey], secret: str) -> ApiKey | None:
    """The key with this secret, in a time that tells nothing of how nearly another matches."""
    digest = _digest(secret)
    found = None
    for key in keys:  # all of them, whichever it is
        if hmac.compare_digest(key.digest, digest):
            found = key
    return found


def _digest(secret: str) -> bytes:
    # The secrets are random and long, so that a fast hash is enough.
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()
