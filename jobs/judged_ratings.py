"""Ratings as arrays, and their division into what a model may know and what is held out."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.evaluation import Mask
from jobs.item_factors import Floats, Ints
from jobs.new_films import Traits
from recsys_app.datasets.movielens import open_dataset
from recsys_app.errors import BadDataError


@dataclass(frozen=True)
class RatingArrays:
    """One entry per user and film, ordered by user, each user's oldest first."""

    users: Ints
    movies: Ints
    stars: Floats
    timestamps: NDArray[np.int64]

    @classmethod
    def of(cls, table: pa.Table) -> RatingArrays:
        """The ratings in a table of userId, movieId, rating, timestamp and sequence.

        Of a user's ratings of one time, the lower sequence counts as the earlier. Of several of one
        film, the highest sequence counts.
        """
        users, movies, stars, timestamps, sequence = (
            table.column(name).to_numpy()
            for name in ("userId", "movieId", "rating", "timestamp", "sequence")
        )
        newest = np.lexsort((sequence, movies, users))
        same = (np.diff(users[newest]) == 0) & (np.diff(movies[newest]) == 0)
        newest = newest[np.append(~same, True)]
        order = newest[np.lexsort((sequence[newest], timestamps[newest], users[newest]))]
        return cls(users[order], movies[order], stars[order], timestamps[order])

    def __len__(self) -> int:
        return len(self.users)

    def where(self, mask: Mask) -> RatingArrays:
        return RatingArrays(
            self.users[mask], self.movies[mask], self.stars[mask], self.timestamps[mask]
        )

    def table(self) -> pa.Table:
        """userId int, movieId int, rating float, as the fits read them."""
        columns = {"userId": self.users, "movieId": self.movies, "rating": self.stars}
        return pa.table({name: pa.array(column) for name, column in columns.items()})


class DatasetRatings(NamedTuple):
    """What a data set on the disk holds."""

    name: str
    ratings: RatingArrays
    catalogue: Ints
    """The ids of its films, ascending."""
    films: list[Traits]
    """What is known of them beside ratings."""
    notes: list[str]
    """What a reader of figures should know about the set."""


def read_dataset(path: str) -> DatasetRatings:
    """The ratings and films of a MovieLens folder or zip.

    A rating without a time counts as newer than all that have one, in the order of the file.

    Raises:
        ConfigurationError: there is no set at the path.
        BadDataError: a file is damaged, or holds no usable rating.
    """
    dataset = open_dataset(Path(path))
    films = [Traits(movie.movieId, movie.genres, movie.year) for movie in dataset.movies()]
    catalogue = np.unique(np.array([film.movie_id for film in films], dtype=np.int32))
    users, movies, stars, times = array("i"), array("i"), array("f"), array("q")
    unusable: list[BadDataError] = []
    for rating in dataset.ratings(unusable.append):
        users.append(rating.userId)
        movies.append(rating.movieId)
        stars.append(rating.rating or 0.0)
        times.append(-1 if rating.timestamp is None else rating.timestamp)
    if not users:
        first = f"; the first trouble: {unusable[0]}" if unusable else ""
        raise BadDataError(f"{dataset.name} has no usable rating{first}")
    timestamps = np.frombuffer(times, dtype=np.int64)
    without_time = timestamps < 0
    timestamps = np.where(without_time, timestamps.max() + 1, timestamps)
    table = pa.table(
        {
            "userId": np.frombuffer(users, dtype=np.int32),
            "movieId": np.frombuffer(movies, dtype=np.int32),
            "rating": np.frombuffer(stars, dtype=np.float32),
            "timestamp": timestamps,
            "sequence": np.arange(len(users)),
        }
    )
    ratings = RatingArrays.of(table)
    notes = _notes(len(users), len(ratings), unusable, int(without_time.sum()))
    return DatasetRatings(dataset.name, ratings, catalogue, films, notes)


def _notes(read: int, kept: int, unusable: list[BadDataError], without_time: int) -> list[str]:
    notes = []
    if unusable:
        notes.append(f"{len(unusable)} unusable rows are left out; the first: {unusable[0]}.")
    if kept < read:
        notes.append(f"{read - kept} ratings are older words of a user on the same film.")
    if without_time:
        notes.append(
            f"{without_time} of {read} ratings have no time: they count as the newest, in the "
            "order of the file."
        )
    return notes


class KnownUser(NamedTuple):
    """A user who is judged: what a model may know of them, and what it should foresee."""

    user_id: int
    movies: Ints
    stars: Floats
    held_movies: Ints
    held_stars: Floats

    @property
    def ratings(self) -> dict[int, float]:
        """Film to stars, of what may be known."""
        return dict(zip(self.movies.tolist(), self.stars.tolist(), strict=True))


@dataclass(frozen=True)
class Split:
    """Ratings to fit on, and users to judge by."""

    known: RatingArrays
    held_out: RatingArrays
    users: list[KnownUser]

    @classmethod
    def of(cls, ratings: RatingArrays, is_held_out: Mask, *, most_users: int, seed: int) -> Split:
        """The split by this mask; of its users with something held out, so many by lot.

        Raises:
            BadDataError: nothing is held out.
        """
        known, held = ratings.where(~is_held_out), ratings.where(is_held_out)
        ids = np.unique(held.users)
        if not len(ids):
            raise BadDataError("Nothing can be held out: no user has rated two films or more.")
        if len(ids) > most_users:
            ids = np.sort(np.random.default_rng(seed).choice(ids, most_users, replace=False))
        return cls(known, held, list(_users(ids, known, held)))


def _users(ids: Ints, known: RatingArrays, held: RatingArrays) -> Iterator[KnownUser]:
    def parts(of: RatingArrays) -> Iterator[tuple[Ints, Floats]]:
        starts = np.searchsorted(of.users, ids)
        ends = np.searchsorted(of.users, ids, side="right")
        for start, end in zip(starts, ends, strict=True):
            yield of.movies[start:end], of.stars[start:end]

    for user, mine, theirs in zip(ids.tolist(), parts(known), parts(held), strict=True):
        yield KnownUser(user, *mine, *theirs)
