"""Two versions side by side: who gets which."""

from __future__ import annotations

from hashlib import blake2b
from typing import Annotated

from msgspec import Meta, Struct

from recsys_app.models import Id

Share = Annotated[float, Meta(gt=0, lt=1)]


class Experiment(Struct, frozen=True):
    """Some users get the challenger, the others the control; every reader knows it from MongoDB."""

    control: str
    challenger: str
    share: Share
    """Of the users, who get the challenger."""
    name: str
    """Decides, with the user's id, who is who: another experiment divides the users anew."""
    since: int
    """Milliseconds since 1970-01-01 UTC."""

    def version_for(self, user_id: int) -> str:
        """The version that the user gets, the same in every process and for as long as it runs."""
        digest = blake2b(f"{self.name}:{user_id}".encode(), digest_size=8).digest()
        is_challenged = int.from_bytes(digest) < self.share * 2**64
        return self.challenger if is_challenged else self.control


class Shown(Struct, frozen=True):
    """A list as a user was shown it: the topic `shown`."""

    userId: Id
    modelVersion: str
    experiment: str
    movieIds: list[Id]
