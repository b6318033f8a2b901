"""The main job, from a folder of MovieLens to a person's recommendations, on real servers."""

from __future__ import annotations

import asyncio
import csv
import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

from recsys_app.application import Components
from recsys_app.services.model_version import slot_of
from recsys_app.stack import Stack
from tests.movielens import movielens_folder
from tests.service import Service

USERS, MOVIES, RATINGS = 610, 9742, 100_836


async def test_a_real_set_becomes_recommendations_for_everybody(
    stack: Stack, tmp_path: Path
) -> None:
    folder = movielens_folder()
    with Service(stack, name="mainjob", home=tmp_path, train_interval_seconds=100_000) as service:
        parts = service.components()

        loaded = service.recsys("load", str(folder))
        assert loaded.returncode == 0, loaded.stderr
        assert f"{MOVIES} movies and {RATINGS} ratings are loaded" in loaded.stderr
        await parts.loading.wait_until_archived(waiting=lambda missing: None)
        exported = tmp_path / "export.csv"
        assert service.recsys("export", str(exported)).returncode == 0
        assert _ratings(exported) == _ratings(folder / "ratings.csv")
        await _check_order(parts)

        trained = service.recsys("train", timeout=900)
        assert trained.returncode == 0, trained.stderr
        version = await parts.models.active_version()
        assert version is not None
        assert await parts.models.count_lists(version) == USERS

        async def everybody_is_cached() -> bool:
            return await _cached(parts, version, folder) == USERS

        async def model_is_served() -> bool:
            return bool(service.get("/readyz").json()["model"] == version)

        await _until(everybody_is_cached)
        await _until(model_is_served)
        assert await _agreement(parts, version, folder) > 0.999
        answer = service.get("/recommendations/1")
        assert answer.headers["X-Recommendation-Source"] == "model"
        assert answer.headers["X-Model-Version"] == version
        titles = _titles(folder)
        rated = {
            int(row["movieId"]) for row in _rows(folder / "ratings.csv") if row["userId"] == "1"
        }
        assert len(answer.json()) == 10
        for movie in answer.json():
            assert movie["title"] in titles[movie["movieId"]]
            assert movie["movieId"] not in rated
            assert 0.5 <= movie["rating"] <= 5

        explained = service.recsys("recommend", "1", "--explain", "--json")
        assert explained.returncode == 0, explained.stderr
        for movie in json.loads(explained.stdout):
            assert {reason["movieId"] for reason in movie["because"]} <= rated
            assert len(movie["similar"]) == 3
            assert all(each["support"] > 0 for each in movie["similar"])

        sent = service.post("/send_rating", json={"userId": 1, "movieId": 2, "rating": 4.5})
        assert sent.status_code == 202
        await parts.loading.wait_until_archived(waiting=lambda missing: None)
        archived = await parts.writer.last_row(sent.json()["partition"])
        assert archived is not None
        assert (archived.offset, archived.user_id, archived.movie_id, archived.rating) == (
            sent.json()["offset"],
            1,
            2,
            4.5,
        )
        await parts.close()


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _ratings(path: Path) -> Counter[tuple[str, ...]]:
    return Counter(
        (row["userId"], row["movieId"], f"{float(row['rating']):g}", row["timestamp"])
        for row in _rows(path)
    )


def _titles(folder: Path) -> dict[int, set[str]]:
    """By movie, the title in the file and what it is with its article in front."""
    titles = {}
    for row in _rows(folder / "movies.csv"):
        bare = row["title"].strip().rpartition(" (")[0]
        name, _, article = bare.rpartition(", ")
        titles[int(row["movieId"])] = {bare, f"{article} {name}"}
    return titles


async def _check_order(parts: Components) -> None:
    """Every partition's offsets are whole and in order."""
    offsets: dict[str, list[int]] = {}
    for path in await parts.writer.list_files():
        rows = await parts.writer.read_file(path)
        offsets.setdefault(path.rpartition("/")[0], []).extend(row.offset for row in rows)
    assert len(offsets) == 4
    for found in offsets.values():
        assert found == list(range(len(found)))


async def _agreement(parts: Components, version: str, folder: Path) -> float:
    """The mean share that the first ten of a list of the training and of the fold-in have in
    common."""
    stars: dict[int, dict[int, float]] = {}
    for row in _rows(folder / "ratings.csv"):
        stars.setdefault(int(row["userId"]), {})[int(row["movieId"])] = float(row["rating"])
    await parts.recommendations.refresh()
    model = parts.recommendations.served.model
    assert model is not None
    shares = []
    for found in model.recommend([(user, of_user, 0) for user, of_user in stars.items()]):
        trained = await parts.models.list_of(version, found.userId)
        assert trained is not None
        folded_in = {item.movieId for item in found.items[:10]}
        shares.append(len(folded_in & set(trained.movie_ids[:10])) / 10)
    return sum(shares) / len(shares)


async def _cached(parts: Components, version: str, folder: Path) -> int:
    """How many users have a list of this version in Redis."""
    users = {int(row["userId"]) for row in _rows(folder / "ratings.csv")}
    lists = [(await parts.cache.get(user, slot_of(version))).list for user in users]
    return sum(found is not None and found.model_version == version for found in lists)


async def _until(condition: Callable[[], Awaitable[bool]], seconds: float = 240) -> None:
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.2)
