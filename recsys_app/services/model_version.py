"""How versions of the model are named: `v1`, `v2`, …"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import count

from recsys_app.errors import BadDataError

_VERSION = re.compile(r"v([1-9]\d{0,8})")

NO_MODEL = "none"
"""What stands for the version before the first training."""


def version_name(number: int) -> str:
    return f"v{number}"


@lru_cache(maxsize=64)
def version_number(version: str) -> int:
    """The number in a version's name.

    Raises:
        BadDataError: it is no name of a version.
    """
    match = _VERSION.fullmatch(version)
    if match is None:
        raise BadDataError(f"{version[:40]!r} is no version of the model, such as v12")
    return int(match[1])


SLOTS = 3
"""In the cache, for each user: two versions may be served side by side while a third is trained."""


def slot_of(version: str) -> int:
    """Which of a user's slots in the cache holds the lists of this version."""
    return version_number(version) % SLOTS


def next_number(newest: int, in_use: Iterable[int]) -> int:
    """The next run's number: its lists fill a slot of the cache that no version in use has."""
    taken = {number % SLOTS for number in in_use}
    return next(number for number in count(newest + 1) if number % SLOTS not in taken)
