"""aiokafka's `getmany`, a decoder and Redis, with nothing around: no group, no checks, no retries.

    python -m benchmarks.references.raw_cache KAFKA TOPIC RECORDS REDIS

Each round takes what is there of every partition, up to 500 lists together, as the cache's agent
does, and stores it by the same calls of the same script.
"""

from __future__ import annotations

import gc
import sys
import uuid
from typing import Any

import uvloop
from aiokafka import AIOKafkaConsumer

from benchmarks.meter import Meter
from recsys_app.models import recommendations_decoder
from recsys_app.stores.redis import RedisRecommendationStore


async def main() -> None:
    kafka, topic, records, redis = *sys.argv[1:3], int(sys.argv[3]), sys.argv[4]
    meter = Meter(records)
    store = RedisRecommendationStore(redis, ttl_seconds=3600, prefix=f"{uuid.uuid4()}:")
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=kafka,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=2**20,
    )
    await consumer.start()
    while True:
        fetched: dict[Any, list[Any]] = await consumer.getmany(timeout_ms=1000, max_records=500)
        for messages in fetched.values():
            lists = [recommendations_decoder.decode(message.value) for message in messages]
            await store.put_many([(0, each) for each in lists])
            meter.add(len(lists))


if __name__ == "__main__":
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    uvloop.run(main())
