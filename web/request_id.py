"""The name of a request, which stands in every log line that it causes and in its answer."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping

REQUEST_ID = "X-Request-ID"
_USABLE = re.compile(r"[A-Za-z0-9._-]{1,64}")


def request_id_of(headers: Mapping[str, str]) -> str:
    """The caller's own name for the request if it is usable, else a new one."""
    given = headers.get(REQUEST_ID)
    if given and _USABLE.fullmatch(given):
        return given
    # Unlike any other, but no secret: a random number without the system call that uuid makes.
    return f"{random.getrandbits(128):032x}"
