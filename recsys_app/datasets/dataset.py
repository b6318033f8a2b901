"""What every set of movies and ratings offers to whoever loads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from recsys_app.errors import BadDataError
from recsys_app.models import Movie, Rating

OnBadRow = Callable[[BadDataError], None]


class Dataset(Protocol):
    """Movies and ratings that can be read again and again, one at a time."""

    @property
    def name(self) -> str:
        """What people call the set."""
        ...

    @property
    def fingerprint(self) -> str:
        """A short id that stays while the content stays."""
        ...

    @property
    def size_hint(self) -> int:
        """About how many ratings there are: for a progress bar, not for arithmetic."""
        ...

    def movies(self) -> Iterator[Movie]:
        """Each movie of the set."""
        ...

    def ratings(self, on_bad_row: OnBadRow | None = None) -> Iterator[Rating]:
        """Each rating of the set, in the order in which it is stored.

        A row that cannot be used is handed to `on_bad_row` and left out.

        Raises:
            BadDataError: such a row, when there is no `on_bad_row`.
        """
        ...
