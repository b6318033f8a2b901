"""The catalogue that a training reads from MongoDB, and the record that it leaves there."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from jobs.item_factors import ItemFactors
from jobs.new_films import Traits
from jobs.ranking import top_n
from jobs.spec import TrainingResult, TrainingSpec
from recsys_app.errors import RecsysError

_MONGODB_TIMEOUT_MILLISECONDS = 30_000


def mongodb_client(spec: TrainingSpec) -> MongoClient[dict[str, Any]]:
    return MongoClient(
        spec.mongodb_uri, serverSelectionTimeoutMS=_MONGODB_TIMEOUT_MILLISECONDS, tz_aware=True
    )


def read_catalogue(client: MongoClient[dict[str, Any]], database: str) -> NDArray[np.int32]:
    """The ids of the films in the catalogue, ascending.

    Raises:
        RecsysError: the catalogue is empty or MongoDB does not answer.
    """
    try:
        movies = client[database]["movies"].find({}, {"_id": 1})
        ids = np.array(sorted(movie["_id"] for movie in movies), dtype=np.int32)
    except PyMongoError as error:
        raise RecsysError(f"MongoDB did not give the movie catalogue: {error}") from error
    if not len(ids):
        raise RecsysError("The movie catalogue is empty, so nothing can be recommended. Load one.")
    return ids


def read_traits(client: MongoClient[dict[str, Any]], database: str) -> list[Traits]:
    """Genres and year of the films in the catalogue.

    Raises:
        RecsysError: MongoDB does not answer.
    """
    try:
        movies = client[database]["movies"].find({}, {"genres": 1, "year": 1})
        return [Traits(m["_id"], m.get("genres") or (), m.get("year")) for m in movies]
    except PyMongoError as error:
        raise RecsysError(f"MongoDB did not give the movie catalogue: {error}") from error


def popular_movies(items: ItemFactors, n: int) -> list[tuple[int, float]]:
    """The `n` recommendable films that most users rated, with their average stars, shrunken."""
    counts = np.where(items.is_recommendable, items.counts, -np.inf).astype(np.float32)
    (columns,) = top_n(counts[None, :], n)
    stars = items.mean + items.item_bias[columns]
    return list(zip(items.movie_ids[columns].tolist(), np.round(stars, 2).tolist(), strict=True))


def register_step(
    client: MongoClient[dict[str, Any]], database: str, version: str, step: str
) -> None:
    """Notes what the run is at, for whoever waits for it; MongoDB may well not answer."""
    with suppress(PyMongoError):
        client[database]["models"].update_one({"_id": version}, {"$set": {"step": step}})


def register_model(
    client: MongoClient[dict[str, Any]],
    database: str,
    result: TrainingResult,
    popular: list[tuple[int, float]],
) -> None:
    """Leaves the record of a model that is ready to be served.

    Raises:
        RecsysError: MongoDB does not take it.
    """
    record = {
        "createdAt": datetime.now(UTC),
        "status": "ready",
        "parameters": asdict(result.parameters),
        "counts": {
            "users": result.users,
            "movies": result.movies,
            "ratings": result.ratings,
            "badRows": result.bad_rows,
        },
        "steps": result.steps,
        "popular": [list(pair) for pair in popular],
        "metrics": result.metrics,
    }
    try:
        models = client[database]["models"]
        models.update_one({"_id": result.version}, {"$set": record}, upsert=True)
    except PyMongoError as error:
        raise RecsysError(f"MongoDB did not take the record of the model: {error}") from error
