"""The training job: real HDFS, Spark, MongoDB and Kafka, and very small archives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiokafka import AIOKafkaConsumer

from jobs.als import train
from jobs.fold_in import FoldIn
from jobs.item_factors import ItemFactors, item_factors_path
from jobs.spec import STEPS, TrainingSpec
from recsys_app.archive import ArchiveRow, format_rows
from recsys_app.errors import BadDataError, RecsysError
from tests.archives import CATALOGUE, UNKNOWN_MOVIE, Archive, rated_by, some_ratings


async def messages_of(spec: TrainingSpec) -> dict[bytes, dict[str, Any]]:
    consumer = AIOKafkaConsumer(
        spec.recommendations_topic,
        bootstrap_servers=list(spec.kafka),
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        ends = await consumer.end_offsets(consumer.assignment())
        found: dict[bytes, dict[str, Any]] = {}
        for partition, end in ends.items():
            while await consumer.position(partition) < end:
                record = await consumer.getone(partition)
                assert record.key not in found
                found[record.key] = json.loads(record.value)
        return found
    finally:
        await consumer.stop()


async def test_a_training_publishes_lists_a_record_and_the_item_factors(archive: Archive) -> None:
    rows = some_ratings()
    half = len(rows) // 2
    archive.add(rows[:half])
    archive.add(rows[half:], partition=1)
    began: list[str] = []

    result = train(archive.training(), began.append)

    assert (result.users, result.movies, result.ratings, result.bad_rows) == (30, 41, len(rows), 0)
    assert tuple(began) == STEPS
    assert tuple(result.steps) == STEPS

    rated = rated_by(rows)
    lists = archive.lists()
    assert lists.keys() == rated.keys()
    for user, items in lists.items():
        movies = [movie for movie, _ in items]
        assert len(set(movies)) == 10
        assert not rated[user] & set(movies)
        assert set(movies) <= set(CATALOGUE)
        assert all(0.5 <= stars <= 5 for _, stars in items)
    matches = [movie % 2 == user % 2 for user, items in lists.items() for movie, _ in items[:3]]
    assert np.mean(matches) > 0.9

    messages = await messages_of(archive.spec)
    assert {key: message["items"] for key, message in messages.items()} == {
        str(user).encode(): [list(item) for item in items] for user, items in lists.items()
    }
    assert {message["modelVersion"] for message in messages.values()} == {"v1"}
    assert all(int(key) == message["userId"] for key, message in messages.items())

    record = archive.database["models"].find_one({"_id": "v1"})
    assert record is not None
    assert record["status"] == "ready"
    assert record["counts"] == {"users": 30, "movies": 41, "ratings": len(rows), "badRows": 0}
    assert record["steps"] == result.steps
    counts = np.bincount([row.movie_id for row in rows if row.movie_id != UNKNOWN_MOVIE])
    expected = sorted(CATALOGUE, key=lambda movie: (-counts[movie], movie))[:5]
    assert [movie for movie, _ in record["popular"]] == expected

    with archive.hdfs.read(item_factors_path(archive.spec.models_root, "v1")) as reader:
        items = ItemFactors.from_bytes(reader.read())
    assert items.movie_ids.tolist() == [*CATALOGUE, UNKNOWN_MOVIE]
    assert items.is_recommendable.tolist() == [True] * 40 + [False]
    assert items.counts[-1] == 30
    assert items.order.shape == (41, 8)
    likes = np.bincount([row.movie_id for row in rows if row.rating == 4.5], minlength=100)
    stars: dict[int, dict[int, float]] = {}
    for row in rows:
        assert row.user_id is not None
        assert row.movie_id is not None
        stars.setdefault(row.user_id, {})[row.movie_id] = row.rating or 0
    for ranked in FoldIn.of(items).rank(list(stars.items()), 10):
        movie_ids, given = zip(*lists[ranked.user_id], strict=True)
        assert ranked.movie_ids.tolist() == list(movie_ids)
        assert ranked.stars.tolist() == pytest.approx(given, abs=0.0051)
    assert items.is_fitted.tolist() == (likes[items.movie_ids] >= 5).tolist()


def test_a_second_training_leaves_the_first_version_alone(archive: Archive) -> None:
    archive.add(some_ratings())
    train(archive.training())
    first = archive.lists()

    train(archive.training(version="v2", top_n=3))

    assert archive.lists() == first
    assert archive.database["recommendations"].count_documents({"version": "v2"}) == 30


def test_a_version_that_failed_halfway_can_be_trained_again(archive: Archive) -> None:
    archive.add(some_ratings())
    archive.hdfs.write(item_factors_path(archive.spec.models_root, "v1"), b"half a file")

    train(archive.training())

    with archive.hdfs.read(item_factors_path(archive.spec.models_root, "v1")) as reader:
        assert ItemFactors.from_bytes(reader.read()).version == "v1"


def test_bad_rows_that_are_allowed_are_counted(archive: Archive) -> None:
    archive.add_text(format_rows(some_ratings()) + "1,5,9,1,1,\n1,5\n")

    result = train(archive.training(allow_bad_rows=True))

    assert result.bad_rows == 2
    assert result.ratings == len(some_ratings())


@pytest.mark.parametrize("rows", [None, [], [ArchiveRow(0)], [ArchiveRow(0, 1, 5, None, 1)]])
def test_without_ratings_a_training_says_so(
    archive: Archive, rows: list[ArchiveRow] | None
) -> None:
    if rows is not None:
        archive.add(rows)

    with pytest.raises(BadDataError, match="no ratings yet"):
        train(archive.training())


def test_one_user_gets_what_others_have_not_rated(archive: Archive) -> None:
    archive.add([ArchiveRow(0, 7, 5, 4.5, 1)])

    result = train(archive.training())

    assert (result.users, result.ratings) == (1, 1)
    (movies,) = archive.lists().values()
    assert len(movies) == 10
    assert 5 not in dict(movies)


def test_a_user_who_rated_everything_gets_an_empty_list(archive: Archive) -> None:
    rows = some_ratings()
    archive.add(rows)
    archive.add([ArchiveRow(1000 + m, 77, m, 0.5 + m % 5, 1) for m in CATALOGUE], partition=1)

    train(archive.training())

    lists = archive.lists()
    assert lists[77] == []
    assert all(items for user, items in lists.items() if user != 77)


def test_users_who_like_nothing_get_what_is_popular(archive: Archive) -> None:
    archive.add([ArchiveRow(i, 1 + i % 3, 1 + i // 3, 0.5, 1) for i in range(30)])

    train(archive.training())

    lists = archive.lists()
    assert lists.keys() == {1, 2, 3}
    assert all(len(items) == 10 for items in lists.values())


def test_an_empty_catalogue_is_an_error(archive: Archive) -> None:
    archive.add(some_ratings())
    archive.database["movies"].delete_many({})

    with pytest.raises(RecsysError, match="catalogue is empty"):
        train(archive.training())


def test_a_kafka_that_is_away_ends_the_training(archive: Archive) -> None:
    archive.add(some_ratings())

    with pytest.raises(RecsysError, match=r"'publish': Kafka at .*127.0.0.1:9'.* is not available"):
        train(archive.training(kafka=("127.0.0.1:9",)))

    assert archive.database["models"].find_one({"_id": "v1"}) is None


def test_a_missing_file_ends_the_training(archive: Archive) -> None:
    path = archive.add(some_ratings())
    archive.hdfs.delete(path)

    with pytest.raises(RecsysError, match=f"'read': .*{path}"):
        train(archive.training())


def test_no_temporary_files_are_left(archive: Archive, scratch: Path) -> None:
    archive.add(some_ratings())

    train(archive.training())

    assert not list(scratch.glob("training-*"))
