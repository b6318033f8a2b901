"""Very small archives in HDFS, and what goes with them, for tests of the training."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from hdfs import InsecureClient
from pymongo.database import Database

from jobs.spec import Given, TrainingSpec
from recsys_app.archive import ArchiveRow, file_name, format_rows, partition_directory

SMALL: Given = {"rank": 8, "iterations": 5, "stars_rank": 4, "stars_iterations": 3}
CATALOGUE = range(1, 41)
UNKNOWN_MOVIE = 99
"""Rated by many, and not in the catalogue."""


@dataclass
class Archive:
    """A new archive in HDFS, a new database and a new topic."""

    hdfs: InsecureClient
    database: Database[dict[str, Any]]
    spec: TrainingSpec
    root: str
    files: list[str] = field(default_factory=list)

    def add(self, rows: Iterable[ArchiveRow], *, epoch: int = 0, partition: int = 0) -> str:
        """Writes a file of these rows; returns its path."""
        return self.add_text(format_rows(rows), epoch=epoch, partition=partition)

    def add_text(self, content: str, *, epoch: int = 0, partition: int = 0) -> str:
        name = file_name(len(self.files) * 1000)
        path = f"{partition_directory(self.root, epoch, partition)}/{name}"
        self.hdfs.write(path, content.encode())
        self.files.append(path)
        return path

    def training(self, **changes: Any) -> TrainingSpec:
        return replace(self.spec, files=tuple(self.files), **changes)

    def lists(self) -> dict[int, list[tuple[int, float]]]:
        """The users' lists as MongoDB has them."""
        found = self.database["recommendations"].find({"version": self.spec.version})
        return {entry["userId"]: [tuple(item) for item in entry["items"]] for entry in found}


def some_ratings(users: int = 30, *, seed: int = 1) -> list[ArchiveRow]:
    """Two tastes: odd users like odd movies, even ones even movies; all rate the unknown movie."""
    rng = np.random.default_rng(seed)
    rows: list[ArchiveRow] = []
    for user in range(1, users + 1):
        movies = rng.choice(list(CATALOGUE), size=15, replace=False).tolist()
        for movie in [*movies, UNKNOWN_MOVIE]:
            stars = 4.5 if movie % 2 == user % 2 else 1.5
            rows.append(ArchiveRow(len(rows), user, movie, stars, 1_700_000_000 + len(rows)))
    return rows


def rated_by(rows: Iterable[ArchiveRow]) -> Mapping[int, set[int]]:
    rated: dict[int, set[int]] = {}
    for row in rows:
        if row.user_id is not None and row.movie_id is not None:
            rated.setdefault(row.user_id, set()).add(row.movie_id)
    return rated
