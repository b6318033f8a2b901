"""Lists from the executors to MongoDB and Kafka, a batch of users at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
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

from jobs.item_factors import ItemFactors
from jobs.ranking import RankedList, UserBlock, rank_users
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
    batches: Iterable[pa.RecordBatch], spec: TrainingSpec, items: Broadcast[ItemFactors]
) -> Iterator[pa.RecordBatch]:
    """Ranks and publishes the users of a Spark partition; yields the numbers of lists written."""
    with ListPublisher(spec) as publisher:
        for batch in batches:
            lists = rank_users(_user_block(batch, items.value), items.value, spec.top_n)
            revisions = batch.column("revision").to_pylist()
            messages = map(partial(_message, spec.version), lists, revisions)
            for count in publisher.publish(messages):
                yield pa.RecordBatch.from_pydict({"lists": pa.array([count], pa.int64())})


def publish_lists(spec: TrainingSpec, lists: Iterable[tuple[RankedList, int]]) -> int:
    """Publishes lists, each with the revision of its user's ratings, from this process; returns
    how many there were."""
    messages = (_message(spec.version, ranked, revision) for ranked, revision in lists)
    with ListPublisher(spec) as publisher:
        return sum(publisher.publish(messages))


def _user_block(batch: pa.RecordBatch, items: ItemFactors) -> UserBlock:
    rated = batch.column("rated")
    return UserBlock(
        user_ids=batch.column("userId").to_numpy(zero_copy_only=False),
        order=_matrix(batch.column("order"), items.order.shape[1]),
        stars=_matrix(batch.column("stars"), items.stars.shape[1]),
        bias=batch.column("user_bias").to_numpy(zero_copy_only=False).astype(np.float32),
        rated=[row.values.to_numpy(zero_copy_only=False) for row in rated],
    )


def _matrix(column: pa.ListArray, width: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """The rows of the column; zeros where it is null."""
    matrix = np.zeros((len(column), width), dtype=np.float32)
    matrix[column.is_valid().to_numpy(zero_copy_only=False)] = (
        column.flatten().to_numpy(zero_copy_only=False).reshape(-1, width) if width else 0
    )
    return matrix


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
