"""Everybody's ratings in Redis: what the fold-in solves from, a round trip away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, cast

from recsys_app.stores.redis import revision_key
from recsys_app.stores.redis_connection import Argument, Script, connect, redis_errors

_APPLY = """
local newest = tonumber(redis.call('GET', KEYS[2]) or '-1')
for i = 3, #ARGV, 3 do
  local sequence = tonumber(ARGV[i + 1])
  local held = redis.call('HGET', KEYS[1], ARGV[i])
  if not held or tonumber(string.match(held, '^%d+')) < sequence then
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1] .. ARGV[i + 2])
  end
  if sequence > newest then newest = sequence end
end
if ARGV[1] == '1' then redis.call('SET', KEYS[2], string.format('%.0f', newest)) end
if ARGV[2] == '1' then return redis.call('HGETALL', KEYS[1]) end
"""

_ADVANCE = """
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
"""


class RatingChange(NamedTuple):
    """A rating on its way into a user's ratings."""

    movie_id: int
    stars: float | None
    """None takes the user's rating of the movie back."""
    timestamp: int
    """Seconds since 1970-01-01 UTC."""
    sequence: int
    """Orders the ratings of a user; see `sequence_number`."""


class UserRating(NamedTuple):
    movie_id: int
    stars: float
    timestamp: int
    """Seconds since 1970-01-01 UTC."""


class UserRatings(NamedTuple):
    """What a user has rated, by the newest word on each movie."""

    ratings: list[UserRating]
    revision: int
    """The sequence number of the newest word, which may have taken a rating back."""

    @property
    def stars(self) -> dict[int, float]:
        """Movie to stars."""
        return {rating.movie_id: rating.stars for rating in self.ratings}


NOTHING_RATED = UserRatings([], -1)


def ratings_key(prefix: str, user_id: int) -> str:
    """A hash: movie to `<sequence number>:<half stars>:<seconds>`, no half stars once it is taken
    back, so that a late older word changes nothing."""
    return f"{prefix}ratings:{{{user_id}}}"


class RedisRatingStore:
    """The ratings of every user, and up to which offset of each partition they are in."""

    def __init__(self, url: str, *, prefix: str = "", timeout_seconds: float = 2.0) -> None:
        self._redis = connect(url, timeout_seconds=timeout_seconds)
        self._prefix = prefix
        self._positions = f"{prefix}ratings-position"
        self._apply = Script(self._redis, _APPLY)
        self._advance = Script(self._redis, _ADVANCE)

    async def close(self) -> None:
        await self._redis.aclose()

    async def apply(self, changes: Mapping[int, Sequence[RatingChange]]) -> dict[int, UserRatings]:
        """Takes in the users' changes, in any order and any number of times, and returns all that
        these users have rated, in one round trip."""
        answers = await self._run(changes, b"1", b"1")
        return {
            user_id: _user_ratings(_pairs(answer))
            for user_id, answer in zip(changes, answers, strict=True)
        }

    async def fill(self, changes: Mapping[int, Sequence[RatingChange]]) -> None:
        """Takes in a part of the users' ratings, which `announce` makes known once all are in."""
        await self._run(changes, b"0", b"0")

    async def announce(self, revisions: Mapping[int, int]) -> None:
        """From here on, the users' lists of lower revisions are outdated."""
        async with redis_errors(), self._redis.pipeline(transaction=False) as pipeline:
            for user_id, revision in revisions.items():
                pipeline.set(revision_key(self._prefix, user_id), revision)
            await pipeline.execute()

    async def of_user(self, user_id: int) -> UserRatings:
        """What the user has rated; `NOTHING_RATED` if Redis knows of nothing."""
        async with redis_errors():
            held = await self._redis.hgetall(ratings_key(self._prefix, user_id))
        return _user_ratings(cast(dict[bytes, bytes], held).items())

    async def positions(self, partitions: Sequence[int]) -> list[int | None]:
        """The sequence numbers up to which, without it, each partition's ratings are here; None if
        Redis is new or was emptied."""
        if not partitions:  # of a worker that has none, which Redis takes for an error
            return []
        async with redis_errors():
            held = await self._redis.hmget(self._positions, [str(number) for number in partitions])
        return [None if value is None else int(value) for value in held]

    async def set_position(self, partition: int, position: int) -> None:
        """Kept beside the ratings, so that a Redis that loses these loses its position, too."""
        async with redis_errors():
            await self._redis.hset(self._positions, str(partition), position)

    async def advance(self, positions: Mapping[int, int]) -> set[int]:
        """Moves each partition on; those that have lost their position stay so, and are returned:
        Redis was emptied meanwhile."""
        async with redis_errors(), self._redis.pipeline(transaction=False) as pipeline:
            for partition, position in positions.items():
                await self._advance.queue(
                    pipeline, keys=[self._positions], arguments=[partition, position]
                )
            answers = await pipeline.execute()
        return {number for number, moved in zip(positions, answers, strict=True) if not moved}

    async def _run(
        self, changes: Mapping[int, Sequence[RatingChange]], announce: bytes, answer: bytes
    ) -> list[list[bytes]]:
        async with redis_errors(), self._redis.pipeline(transaction=False) as pipeline:
            for user_id, of_user in changes.items():
                arguments: list[Argument] = [announce, answer]
                for change in of_user:
                    arguments += (change.movie_id, change.sequence, _value(change))
                keys = [ratings_key(self._prefix, user_id), revision_key(self._prefix, user_id)]
                await self._apply.queue(pipeline, keys=keys, arguments=arguments)
            return list(await pipeline.execute()) if changes else []


def _value(change: RatingChange) -> str:
    half_stars = "" if change.stars is None else round(change.stars * 2)
    return f":{half_stars}:{change.timestamp}"


def _pairs(answer: Sequence[bytes]) -> Iterable[tuple[bytes, bytes]]:
    return zip(answer[::2], answer[1::2], strict=True)


def _user_ratings(held: Iterable[tuple[bytes, bytes]]) -> UserRatings:
    ratings, revision = [], NOTHING_RATED.revision
    for movie, value in held:
        sequence, half_stars, timestamp = value.split(b":")
        revision = max(revision, int(sequence))
        if half_stars:
            ratings.append(UserRating(int(movie), int(half_stars) / 2, int(timestamp)))
    return UserRatings(ratings, revision)
