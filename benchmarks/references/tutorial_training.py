"""A training as tutorials write it: Spark's defaults, everything through the driver.

    python -m benchmarks.references.tutorial_training SPEC

SPEC is JSON: ratings (a glob of CSV files with a header), rank, iterations, kafka, topic, mongodb.
It is spared what would only be slow: the schema is given, the batches are large, JSON is orjson's.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys

import orjson
from aiokafka import AIOKafkaProducer
from pymongo import MongoClient
from pyspark.ml.recommendation import ALS
from pyspark.sql import SparkSession

_SCHEMA = (
    "userId int, movieId int, rating float, timestamp long, offset long, idempotencyKey string"
)


def main(spec: dict[str, object]) -> None:
    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master("local[*]").config("spark.driver.memory", spec["memory"])
    spark = builder.config("spark.ui.showConsoleProgress", "false").getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    ratings = spark.read.csv(str(spec["ratings"]), header=True, schema=_SCHEMA)
    als = ALS(
        rank=spec["rank"], maxIter=spec["iterations"], regParam=0.1, coldStartStrategy="drop",
        userCol="userId", itemCol="movieId", ratingCol="rating",
    )  # fmt: skip
    model = als.fit(ratings.select("userId", "movieId", "rating"))
    rows = model.recommendForAllUsers(100).collect()
    documents = [
        {"userId": row.userId, "items": [[item.movieId, item.rating] for item in row[1]]}
        for row in rows
    ]
    with MongoClient(spec["mongodb"]) as client:
        client.get_default_database()["tutorial"].insert_many(documents)
    asyncio.run(_send(spec, documents))
    spark.stop()


async def _send(spec: dict[str, object], documents: list[dict[str, object]]) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=spec["kafka"], linger_ms=20, max_batch_size=262_144
    )
    await producer.start()
    for document in documents:
        document.pop("_id")
        key = str(document["userId"]).encode()
        await producer.send(spec["topic"], orjson.dumps(document), key)
    await producer.stop()  # which sends what waits


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
