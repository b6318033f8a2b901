"""A data set that is like MovieLens in what makes it heavy, of any size, made by Spark."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import SparkSession

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BLOCK = 500
"""Users whose ratings are drawn together, from a stream of random numbers of their own."""

_TASTES = 8
_FIRST, _LAST = 820_454_400, 1_735_689_600
"""Ratings are from 1996 to 2024."""
_YEAR = 31_557_600
_LEAST = 20
_SCHEMA = "userId int, movieId int, rating float, timestamp long"
_GENRES = """
    Action Adventure Animation Children Comedy Crime Documentary Drama Fantasy Film-Noir Horror
    Musical Mystery Romance Sci-Fi Thriller War Western
""".split()  # noqa: SIM905  # a list of words, to be read as one


@dataclass(frozen=True)
class Volume:
    """How much to make: users and films grow with the ratings as they do from ml-1m to ml-32m."""

    ratings: int
    seed: int = 1

    @property
    def users(self) -> int:
        """One for every 143 ratings."""
        return max(1, self.ratings // 143)

    @property
    def films(self) -> int:
        return max(200, round(3.4 * math.sqrt(self.ratings)))

    @property
    def blocks(self) -> int:
        return -(-self.users // BLOCK)


@dataclass(frozen=True)
class Films:
    """What films are like; everybody rates the same ones."""

    seed: int
    count: int

    @cached_property
    def tables(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Logarithm of popularity, quality in stars, release in seconds, and (films, tastes)."""
        chance = np.random.default_rng([self.seed, 0])
        # Between Zipf's law and the log-normal: the head is flatter than the tail.
        rank = chance.permutation(self.count) + 1
        popularity = -1.7 * np.log(rank + 0.02 * self.count)
        quality = 0.45 * chance.standard_normal(self.count) + 0.08 * (
            popularity - popularity.mean()
        )
        release = _LAST - (_LAST - _FIRST) * 1.6 * chance.beta(0.9, 1.6, self.count)
        tastes = chance.standard_normal((self.count, _TASTES)) / np.sqrt(_TASTES)
        return popularity, quality, release, tastes


def generate(spark: SparkSession, volume: Volume, folder: Path) -> None:
    """Leaves `ratings.csv` and `movies.csv` in the folder, as MovieLens sets have them; the same
    for the same volume, wherever and on how many cores it is made."""
    folder.mkdir(parents=True, exist_ok=True)
    blocks = spark.range(volume.blocks, numPartitions=min(volume.blocks, _tasks(spark)))
    parts = folder / "_parts"
    rows = blocks.mapInArrow(partial(_rate, volume), _SCHEMA)
    rows.write.mode("overwrite").csv(parts.absolute().as_uri())
    with (folder / "ratings.csv.part").open("wb") as whole:
        whole.write(b"userId,movieId,rating,timestamp\n")
        for part in sorted(parts.glob("part-*.csv")):
            with part.open("rb") as file:
                shutil.copyfileobj(file, whole, 2**20)
    shutil.rmtree(parts)
    (folder / "movies.csv").write_text("".join(_movie_lines(volume)))
    (folder / "ratings.csv.part").replace(folder / "ratings.csv")


def _tasks(spark: SparkSession) -> int:
    return 4 * spark.sparkContext.defaultParallelism


def _rate(volume: Volume, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    films = Films(volume.seed, volume.films)
    for batch in batches:
        for block in batch.column("id").to_pylist():
            yield block_of_ratings(volume, films, block)


def block_of_ratings(volume: Volume, films: Films, block: int) -> pa.RecordBatch:
    """Everything that the users of a block rate: those of a user in the order of time."""
    chance = np.random.default_rng([volume.seed, 1, block])
    first, last = block * BLOCK, min((block + 1) * BLOCK, volume.users)
    counts = _counts(chance, volume, first, last)
    found = [_user(chance, films, count) for count in counts]
    movies, stars, times = (np.concatenate(column) for column in zip(*found, strict=True))
    columns = {
        "userId": pa.array(np.repeat(np.arange(first + 1, last + 1), counts).astype(np.int32)),
        "movieId": pa.array(movies.astype(np.int32)),
        "rating": pa.array(stars.astype(np.float32)),
        "timestamp": pa.array(times.astype(np.int64)),
    }
    return pa.RecordBatch.from_pydict(columns)


def _counts(chance: np.random.Generator, volume: Volume, first: int, last: int) -> Ints:
    """How many ratings each user has: many have few, few have many, and all blocks together have
    exactly what was asked for."""
    whole = volume.ratings * last // volume.users - volume.ratings * first // volume.users
    least = min(_LEAST, whole // (last - first))
    shares = chance.lognormal(0, 1.2, last - first)
    rest = whole - least * (last - first)
    drawn = least + np.floor(rest * shares / shares.sum()).astype(np.int64)
    counts: Ints = np.minimum(drawn, volume.films // 2)
    while missing := whole - int(counts.sum()):
        open_ = np.flatnonzero(counts < volume.films // 2)[:missing]
        counts[open_] += 1
    return counts


def _user(chance: np.random.Generator, films: Films, count: int) -> tuple[Ints, Floats, Floats]:
    """Films, stars and times of one user, who comes at some time and stays for a while.

    Which films: without replacement, by popularity, age at that time, and taste (the Gumbel-top-k
    trick of Vieira 2014). How many stars: by quality, taste, and the person's own level and drift.
    """
    popularity, quality, release, tastes = films.tables
    begin = _FIRST + (_LAST - _FIRST) * chance.beta(1.4, 1.1)
    stay = min(chance.exponential(0.4 * _YEAR), _LAST - begin)
    taste = 1.5 * chance.standard_normal(_TASTES)
    affinity = tastes @ taste
    age = (begin + stay - release) / _YEAR
    wish = popularity + 0.9 * affinity - 0.04 * np.maximum(age, 0)
    wish += np.where(age < 0, -30, 0) + chance.gumbel(size=len(wish))
    chosen = np.argpartition(-wish, count - 1)[:count]
    times = np.floor(begin + stay * np.sort(chance.random(count)))
    drift = 0.3 * chance.standard_normal() * (times - begin) / _YEAR
    level = 3.1 + 0.45 * chance.standard_normal()
    liking = level + quality[chosen] + 0.35 * affinity[chosen] + drift
    liking += 0.65 * chance.standard_normal(count)
    return chosen + 1, np.clip(np.round(liking * 2) / 2, 0.5, 5.0), times


def _movie_lines(volume: Volume) -> Iterator[str]:
    yield "movieId,title,genres\n"
    _, _, release, tastes = Films(volume.seed, volume.films).tables
    for film in range(volume.films):
        year = 1970 + int(release[film] / _YEAR)
        strongest = np.argsort(-np.abs(tastes[film]))[:2]
        genres = {_GENRES[2 * taste + (tastes[film, taste] > 0)] for taste in strongest}
        yield f"{film + 1},Film {film + 1} ({year}),{'|'.join(sorted(genres))}\n"
