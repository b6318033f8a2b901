"""A user's list in few bytes, as it lies in Redis.

`<version> <revision> `, then a byte w, the number of bytes of an id (2, 3 or 4), then the lower 16
bits of each id, then the w - 2 bytes above them of each id, then the fiftieths of stars of each, a
byte each. All little-endian. The text in front is what the script that stores lists looks at.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from recsys_app.models import CachedList

_UPPER = {2: "", 3: "B", 4: "H"}


def pack(listed: CachedList) -> bytes:
    """The list as Redis holds it."""
    ids, count = listed.movie_ids, len(listed.movie_ids)
    widest = max(ids, default=0)
    width = 2 if widest < 2**16 else 3 if widest < 2**24 else 4
    upper = [movie_id >> 16 for movie_id in ids] if width > 2 else []
    lower = [movie_id & 0xFFFF for movie_id in ids] if width > 2 else ids
    return b"%s %d %c%s%s%s" % (
        listed.model_version.encode(),
        listed.revision,
        width,
        struct.pack(f"<{count}H", *lower),
        struct.pack(f"<{len(upper)}{_UPPER[width] or 'B'}", *upper),
        bytes(listed.fiftieths),
    )


def unpack(value: bytes) -> CachedList | None:
    """The list; None if it is written as another release does."""
    try:
        version, revision, body = value.split(b" ", 2)
        width = body[0]
        upper = _UPPER[width]
        count, rest = divmod(len(body) - 1, width + 1)
        if rest:
            return None
        ids: Sequence[int] = struct.unpack_from(f"<{count}H", body, 1)
        if upper:
            high = struct.unpack_from(f"<{count}{upper}", body, 1 + 2 * count)
            ids = [low | up << 16 for low, up in zip(ids, high, strict=True)]
        stars = body[1 + width * count :]
        return CachedList(version.decode(), ids, stars, int(revision))
    except (ValueError, IndexError, KeyError):
        return None
