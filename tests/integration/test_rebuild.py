"""A backup of HDFS is restored, and everything else is made again from it by one command."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hdfs import InsecureClient

from recsys_app.stack import Stack
from tests.service import Service

USER, HIDDEN = 1, 3
USERS, MOVIES = 30, 60


def write_dataset(folder: Path) -> Path:
    """Two tastes: people of even and of odd ids like movies of even and of odd ids."""
    folder.mkdir()
    movies = "".join(
        f"{movie},Movie {movie} (1999),Drama|Comedy\n" for movie in range(1, MOVIES + 1)
    )
    (folder / "movies.csv").write_text("movieId,title,genres\n" + movies)
    ratings = [
        f"{user},{movie},{5 if (user + movie) % 2 == 0 else 1},{1_700_000_000 + movie}\n"
        for user in range(1, USERS + 1)
        for movie in range(1, MOVIES + 1)
        if (user * movie) % 3
    ]
    (folder / "ratings.csv").write_text("userId,movieId,rating,timestamp\n" + "".join(ratings))
    return folder


@pytest.fixture(scope="module")
def lost(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """An installation with data, a person who has hidden a movie, and a fourth model."""
    home = tmp_path_factory.mktemp("lost")
    dataset = write_dataset(home / "dataset")
    ratings = len((dataset / "ratings.csv").read_text().splitlines()) - 1
    with Service(stack, name="lost", home=home, roles="web,agents", save_seconds=0.5) as service:
        assert service.recsys("load", str(dataset)).returncode == 0
        rating = {"userId": USER, "movieId": 2, "rating": 0.5}
        assert service.post("/send_rating", json=rating).status_code == 202
        # A worker takes up a changed catalogue within seconds.
        service.wait_until(lambda: service.put(f"/users/{USER}/hidden/{HIDDEN}").ok)
        hdfs = InsecureClient(stack.hdfs_url, user="recsys")
        hdfs.write("/lost/models/v4/item_factors", data=b"of another day")
        copy = "/lost/ratings/_documents/hidden.jsonl"
        service.wait_until(lambda: b'"_id": 1,' in read(hdfs, copy))
        archived = home / "archived.csv"

        def complete() -> bool:
            service.recsys("export", str(archived))
            return len(lines(archived)) == ratings + 1

        service.wait_until(complete)
        yield service


def read(hdfs: InsecureClient, path: str) -> bytes:
    if hdfs.status(path, strict=False) is None:
        return b""
    with hdfs.read(path) as reader:
        content: bytes = reader.read()
        return content


def lines(csv: Path) -> list[str]:
    return sorted(csv.read_text().splitlines()[1:])


def back_up_and_restore(stack: Stack, folder: Path) -> None:
    """As `docs/operations.md` says: from a snapshot, by the client that comes with Recsys, while
    the workers go on; and back under another name."""
    hdfs = InsecureClient(stack.hdfs_url, user="recsys")
    hdfs.allow_snapshot("/lost")
    hdfs.create_snapshot("/lost", "monday")
    (folder / "hdfscli.cfg").write_text(
        f"[global]\ndefault.alias = here\n[here.alias]\nurl = {stack.hdfs_url}\nuser = recsys\n"
    )
    for command in (
        ["download", "/lost/.snapshot/monday", str(folder / "backup")],
        ["upload", str(folder / "backup"), "/found"],
    ):
        subprocess.run(
            [Path(sys.executable).parent / "hdfscli", *command, "--silent", "--threads=4"],
            env=os.environ | {"HDFSCLI_CONFIG": str(folder / "hdfscli.cfg")},
            check=True,
        )
    hdfs.delete_snapshot("/lost", "monday")
    hdfs.disallow_snapshot("/lost")


def answer(service: Service, path: str) -> Any:
    found = service.get(path)
    assert found.ok, found.text
    return found.json()


@pytest.mark.timeout(1200)
def test_hdfs_alone_is_enough(stack: Stack, lost: Service, tmp_path: Path) -> None:
    back_up_and_restore(stack, tmp_path)
    found = Service(stack, name="found", home=tmp_path / "found", roles="web,agents")
    found.home.mkdir()
    done = found.recsys("rebuild", timeout=900)
    assert done.returncode == 0, done.stderr
    assert "Model v5 is active" in done.stdout  # v1 to v4 are in HDFS
    with found:
        found.wait_until(lambda: found.get("/readyz").json().get("model") == "v5")
        assert answer(found, f"/users/{USER}/ratings") == answer(lost, f"/users/{USER}/ratings")
        assert answer(found, f"/users/{USER}/hidden") == answer(lost, f"/users/{USER}/hidden")
        assert answer(found, "/movies/60") == answer(lost, "/movies/60")
        reply = found.get(f"/recommendations/{USER}")
        assert reply.headers["X-Recommendation-Source"] == "model"
        rated = {each["movieId"] for each in answer(found, f"/users/{USER}/ratings")["items"]}
        recommended = {each["movieId"] for each in reply.json()}
        assert len(recommended) == 10
        assert not recommended & (rated | {HIDDEN})

        rating = {"userId": USER, "movieId": 6, "rating": 5}
        assert found.post("/send_rating", json=rating).status_code == 202
        before, after = lost.home / "archived.csv", tmp_path / "after.csv"

        def archived() -> bool:
            found.recsys("export", str(after))
            return len(lines(after)) == len(lines(before)) + 1

        found.wait_until(archived)
        assert set(lines(before)) < set(lines(after))


async def test_what_is_there_stays(stack: Stack, lost: Service) -> None:
    parts = lost.components()
    told = [done async for done in parts.rebuilding.rebuild()]
    await parts.close()
    assert "MongoDB: 0 movies, 0 datasets, 0 hidden restored." in told
    assert not [done for done in told if "epoch" in done]


@pytest.mark.timeout(300)
def test_a_topic_with_too_few_partitions_is_refused(
    stack: Stack, lost: Service, tmp_path: Path
) -> None:
    few = Service(
        stack, name="few", home=tmp_path, archive_root="/lost/ratings", topic_partitions=2
    )
    done = few.recsys("rebuild")
    assert done.returncode == 1
    assert "set RECSYS_TOPIC_PARTITIONS to 4 or more" in done.stderr


@pytest.mark.timeout(300)
def test_without_an_archive_there_is_nothing_to_rebuild_from(stack: Stack, tmp_path: Path) -> None:
    done = Service(stack, name="nothing", home=tmp_path).recsys("rebuild")
    assert done.returncode == 1
    assert "no archive" in done.stderr
