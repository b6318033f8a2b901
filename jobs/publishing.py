"""Lists from the executors to MongoDB and Kafka, a batch of users at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice, pairwise
from types import TracebackType
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from pymongo import MongoClient, ReplaceOne
from pymongo.errors import PyMongoError
from pyspark.broadcast import Broadcast

from jobs.fold_in import FoldIn
from jobs.ranking import RankedList, UserBlock, rank_users
from jobs.rating_blocks import Block
from jobs.registry import mongodb_client
from jobs.spec import TrainingSpec
from recsys_app.errors import RecsysError
from recsys_app.models import Recommendations, ScoredMovie

USERS_PER_WRITE = 500

_KAFKA_TIMEOUT_SECONDS = 60


class ListPublisher:
    """Writes users' lists to MongoDB and, when they are there, to Kafka; used as a context."""

    def __init__(self, spec: TrainingSpec) -> None:
        self._spec = spec
        self._runner = asyncio.Runner()
        self._mongodb: MongoClient[dict[str, Any]] | None = None
        self._producer: AIOKafkaProducer | None = None

    def __enter__(self) -> ListPublisher:
        self._runner.__enter__()
        self._mongodb = mongodb_client(self._spec)
        try:
            self._runner.run(self._start_producer())
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._producer:
            self._runner.run(self._producer.stop())
        if self._mongodb:
            self._mongodb.close()
        self._runner.close()

    def publish(self, lists: Iterable[Recommendations]) -> Iterator[int]:
        """The number of lists in each write, as it is done.

        Writing the same lists again (Spark repeats a failed task) changes nothing in MongoDB; a
        reader of the topic sees the same list twice.
        """
        remaining = iter(lists)
        while messages := list(islice(remaining, USERS_PER_WRITE)):
            self._write(messages)
            self._runner.run(self._send(messages))
            yield len(messages)

    def _write(self, messages: Sequence[Recommendations]) -> None:
        assert self._mongodb is not None
        collection = self._mongodb[self._spec.mongodb_database]["recommendations"]
        documents = [_document(message) for message in messages]
        try:
            collection.bulk_write(
                [ReplaceOne({"_id": d["_id"]}, d, upsert=True) for d in documents], ordered=False
            )
        except PyMongoError as error:
            raise RecsysError(f"MongoDB did not take the recommendations: {error}") from error

    async def _start_producer(self) -> None:
        self._producer = AIOKafkaProducer(
            bootstrap_servers=list(self._spec.kafka),
            acks="all",
            enable_idempotence=True,
            linger_ms=20,
            max_batch_size=262_144,
            **self._spec.kafka_security.options(),
        )
        try:
            await asyncio.wait_for(self._producer.start(), _KAFKA_TIMEOUT_SECONDS)
        except (KafkaError, TimeoutError) as error:
            raise RecsysError(f"Kafka at {self._spec.kafka} is not available: {error}") from error

    async def _send(self, messages: Sequence[Recommendations]) -> None:
        assert self._producer is not None
        topic = self._spec.recommendations_topic
        try:
            sent = [
                await self._producer.send(
                    topic, key=str(message.userId).encode(), value=msgspec.json.encode(message)
                )
                for message in messages
            ]
            await asyncio.wait_for(asyncio.gather(*sent), _KAFKA_TIMEOUT_SECONDS)
        except (KafkaError, TimeoutError) as error:
            raise RecsysError(f"Kafka did not take the recommendations: {error!r}") from error


def publish_partition(
    batches: Iterable[pa.RecordBatch], spec: TrainingSpec, fold_in: Broadcast[FoldIn]
) -> Iterator[pa.RecordBatch]:
    """Folds in, ranks and publishes the users of a Spark partition, whose ratings come as `userId,
    movieId, rating, sequence`, ordered by user; yields the numbers of lists written."""
    found = list(batches)
    if not found:
        return
    users, movies, stars, sequence = (
        pa.Table.from_batches(found)[name].to_numpy()
        for name in ("userId", "movieId", "rating", "sequence")
    )
    ratings = Block.of_ordered(users, movies, stars)
    revisions = np.maximum.reduceat(sequence, ratings.starts[:-1])
    with ListPublisher(spec) as publisher:
        for first in range(0, len(ratings.rows), USERS_PER_WRITE):
            chosen = slice(first, first + USERS_PER_WRITE)
            block = _user_block(ratings, chosen, fold_in.value)
            lists = rank_users(block, fold_in.value.items, spec.top_n)
            messages = map(partial(_message, spec.version), lists, revisions[chosen].tolist())
            for count in publisher.publish(messages):
                yield pa.RecordBatch.from_pydict({"lists": pa.array([count], pa.int64())})


def _user_block(ratings: Block, chosen: slice, fold_in: FoldIn) -> UserBlock:
    """What the model makes of some of the users."""
    bounds = pairwise(ratings.starts[chosen.start : chosen.stop + 1])
    known = [fold_in.known_of(ratings.columns[a:b], ratings.values[a:b]) for a, b in bounds]
    return fold_in.block_of(ratings.rows[chosen], known)


def _message(version: str, ranked: RankedList, revision: int) -> Recommendations:
    stars = np.round(ranked.stars.astype(float), 2).tolist()
    items = [ScoredMovie(*pair) for pair in zip(ranked.movie_ids.tolist(), stars, strict=True)]
    return Recommendations(ranked.user_id, version, items, revision)


def _document(message: Recommendations) -> dict[str, Any]:
    return {
        "_id": f"{message.modelVersion}:{message.userId}",
        "version": message.modelVersion,
        "userId": message.userId,
        "revision": message.revision,
        "items": [[item.movieId, item.rating] for item in message.items],
    }
