"""Movies that people asked not to be recommended again, in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class HiddenMovieStore(Protocol):
    async def put(self, user_id: int, movie_id: int, *, is_hidden: bool) -> None: ...
    async def revision(self) -> int: ...
    async def changed_since(self, revision: int) -> Mapping[int, frozenset[int]]: ...


class HiddenMovies:
    """Knows at once, without asking anybody, what a user has hidden.

    MongoDB keeps it; what another worker wrote is known here after the next refresh.
    """

    def __init__(self, store: HiddenMovieStore) -> None:
        self._store = store
        self._revision = 0
        self._of_user: dict[int, frozenset[int]] = {}

    def of_user(self, user_id: int) -> frozenset[int]:
        return self._of_user.get(user_id, frozenset())

    async def hide(self, user_id: int, movie_id: int) -> None:
        """Never recommends the movie to the user again."""
        await self._store.put(user_id, movie_id, is_hidden=True)
        self._of_user[user_id] = self.of_user(user_id) | {movie_id}

    async def show(self, user_id: int, movie_id: int) -> None:
        """May recommend the movie to the user again."""
        await self._store.put(user_id, movie_id, is_hidden=False)
        self._of_user[user_id] = self.of_user(user_id) - {movie_id}

    async def refresh(self) -> None:
        """Takes up what other workers have written."""
        revision = await self._store.revision()
        if revision != self._revision:
            self._of_user.update(await self._store.changed_since(self._revision))
            self._revision = revision
