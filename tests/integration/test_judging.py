"""`recsys evaluate` and `recsys tune` as people run them, on real servers and Spark."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jobs.judging_spec import StepProgress, unseen
from jobs.spec import Given, TrainingSpec
from recsys_app.application import Components
from recsys_app.archive import ArchiveRow
from recsys_app.models import Movie
from recsys_app.services.lease import TRAINING
from recsys_app.stack import Stack
from recsys_app.stores.mongo import MongoLeaseStore
from recsys_app.stores.mongo_tuning import MongoTuningStore
from tests.archives import CATALOGUE
from tests.service import Service

SETTINGS = "rank=8 iterations=2 min_likes=1 stars_rank=4 stars_iterations=3"


def two_tastes(users: int = 60) -> list[ArchiveRow]:
    """Odd users see and like odd films above all, even ones even films."""
    chance = np.random.default_rng(1)
    rows: list[ArchiveRow] = []
    for user in range(1, users + 1):
        own = [film for film in CATALOGUE if film % 2 == user % 2]
        others = [film for film in CATALOGUE if film % 2 != user % 2]
        films = [*chance.choice(own, 13, replace=False), *chance.choice(others, 3, replace=False)]
        for film in chance.permutation(films).tolist():
            stars = 4.5 if film % 2 == user % 2 else 1.5
            rows.append(ArchiveRow(len(rows), user, film, stars, 1_700_000_000 + len(rows)))
    return rows


@pytest.fixture
async def service(stack: Stack, tmp_path: Path) -> AsyncIterator[Service]:
    """An installation whose archive has the ratings of two tastes."""
    name = f"judged{uuid.uuid4().hex[:8]}"
    service = Service(
        stack, name=name, home=tmp_path, topic_partitions=2, train_parameters=SETTINGS
    )
    parts = service.components()
    await parts.prepare()
    await parts.movie_store.put_many(Movie(film, f"Film {film}", 2000) for film in CATALOGUE)
    rows = two_tastes()
    for partition in (0, 1):
        mine = [row for row in rows if row.user_id is not None and row.user_id % 2 == partition]
        numbered = [row._replace(offset=offset) for offset, row in enumerate(mine)]
        await parts.writer.write_to_csv(partition, numbered)
    yield service
    await parts.close()


def same_ratings(folder: Path) -> Path:
    folder.mkdir()
    ratings = ["userId,movieId,rating,timestamp"]
    ratings += [f"{r.user_id},{r.movie_id},{r.rating},{r.timestamp}" for r in two_tastes()]
    (folder / "ratings.csv").write_text("\n".join(ratings) + "\n")
    movies = [f"{film},Film {film} (2000),Drama" for film in CATALOGUE]
    (folder / "movies.csv").write_text("movieId,title,genres\n" + "\n".join(movies) + "\n")
    return folder


def lists_of(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Of the first split, by model, the figures of all lengths and columns."""
    return {row["model"]: row["scores"] for row in report["splits"][0]["lists"]}


async def test_the_archive_and_a_folder_are_judged_alike(service: Service, tmp_path: Path) -> None:
    of_archive, of_folder = tmp_path / "archive", tmp_path / "folder"
    options = ("--split", "temporal", "--k", "5", "--k", "10", "--output")

    archived = service.recsys("evaluate", *options, str(of_archive), timeout=900)
    folder = same_ratings(tmp_path / "set")
    read = service.recsys("evaluate", "--data", str(folder), *options, str(of_folder), timeout=900)

    assert archived.returncode == 0, archived.stderr
    assert read.returncode == 0, read.stderr
    assert "0/10 reading the ratings" in archived.stderr
    assert "9/10 temporal: EASE on 4 and more" in archived.stderr
    assert "10/10 done" in archived.stderr
    reports = [json.loads((path / "report.json").read_text()) for path in (of_archive, of_folder)]
    assert [report["source"] for report in reports] == ["the archive", "set"]
    assert [report["ratings"] for report in reports] == [960, 960]
    assert reports[0]["parameters"]["rank"] == 8
    found, same = map(lists_of, reports)
    assert len(found) == 7
    for model in set(found) - {"Recsys", "explicit ALS"}:  # Spark adds in any order
        assert found[model] == same[model]
    ours, popular = found["Recsys"]["liked"], found["popularity"]["liked"]
    assert ours["ndcg@5"]["mean"] > popular["ndcg@5"]["mean"]
    assert same["Recsys"]["liked"]["ndcg@5"]["mean"] > popular["ndcg@5"]["mean"]
    assert ours["recall@10"]["mean"] >= ours["recall@5"]["mean"]
    stars = {row["model"]: row["rmse"]["mean"] for row in reports[0]["splits"][0]["stars"]}
    assert stars["Recsys"] < stars["biases"]
    parts = service.components()
    assert await parts.models.newest_number() == 0
    await parts.close()
    assert "Recsys" in archived.stdout
    assert (of_archive / "report.html").read_text().startswith("<!doctype html>")


async def test_what_cannot_be_judged_is_said_in_a_sentence(
    service: Service, tmp_path: Path
) -> None:
    parts = service.components()
    await MongoLeaseStore(parts.mongo).acquire(TRAINING, "somebody else", 60)
    busy = service.recsys("evaluate", "--output", str(tmp_path / "out"))
    assert busy.returncode == 1
    assert busy.stderr.startswith("recsys: A training or an erasure runs")

    missing = service.recsys("evaluate", "--data", str(tmp_path / "nowhere"))
    assert missing.returncode == 1
    assert "There is no folder or zip" in missing.stderr
    assert not (service.home / "evaluation").exists()
    await parts.close()


async def settings_of_a_training(parts: Components) -> Given:
    return await parts.judging.on_archive(parameters_of, lambda training: training, unseen)


def parameters_of(spec: TrainingSpec, progress: StepProgress) -> Given:
    return spec.parameters


@pytest.mark.full
async def test_a_winner_becomes_the_setting_only_if_it_is_better_beyond_noise(
    service: Service,
) -> None:
    parts = service.components()
    # Lists of popular films alone, which a search can only improve on.
    before = {"settings": {"popularity_floor": 1.0}, "tunedAt": datetime.now(UTC), "ratings": 9}
    await MongoTuningStore(parts.mongo).put({**before, "lead": [0.1, 0.1, 0.1]})

    tried = service.recsys("tune", "--try", "popularity_floor=0.1", "--dry-run", timeout=900)
    assert tried.returncode == 0, tried.stderr
    assert "better beyond noise" in tried.stdout
    assert "The settings stay as they are" in tried.stdout
    assert (await settings_of_a_training(parts))["popularity_floor"] == 1

    found = service.recsys("tune", "--try", "popularity_floor=0.1,1.0", timeout=900)
    assert found.returncode == 0, found.stderr
    assert "Trainings take these settings from now on" in found.stdout
    report = json.loads((service.home / "tuning.json").read_text())
    assert report["winner"] == {"popularity_floor": 0.1}
    assert report["lead"]["low"] > 0
    assert {trial["iterations"] for trial in report["trials"]} == {1, 2}
    taken = await settings_of_a_training(parts)
    assert taken["popularity_floor"] == 0.1
    assert taken["rank"] == 8  # as the operator has given it
    assert "popularity_floor 0.1" in service.recsys("tune", "--show").stdout

    noise = service.recsys("tune", "--try", "seed=2,3", timeout=900)
    assert noise.returncode == 0, noise.stderr
    assert "The settings stay as they are" in noise.stdout
    assert await settings_of_a_training(parts) == taken

    assert service.recsys("tune", "--reset").returncode == 0
    assert "popularity_floor" not in await settings_of_a_training(parts)
    await parts.close()
