"""aiokafka's `getmany`, CSV and WebHDFS, with nothing around: no group, no checks, no retries.

    python -m benchmarks.references.raw_archive KAFKA TOPIC RECORDS HDFS ROWS

Each round takes what is there of every partition, up to ROWS together, as the archive does, and
writes it by the same requests: a temporary file, its length, a rename.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests
import uvloop
from aiokafka import AIOKafkaConsumer
from hdfs import InsecureClient

from benchmarks.meter import Meter
from recsys_app.models import rating_decoder

HEADER = "userId,movieId,rating,timestamp,offset,idempotencyKey\n"
STARS = {half / 2: f"{half / 2:g}" for half in range(1, 11)}


def to_csv(messages: Sequence[Any]) -> bytes:
    decode = rating_decoder.decode
    rows = [
        f"{r.userId},{r.movieId},{STARS[r.rating]},{m.timestamp // 1000},{m.offset},"
        for m in messages
        for r in [decode(m.value)]
    ]
    return (HEADER + "\n".join(rows) + "\n").encode()


def write(client: InsecureClient, folder: str, name: int, content: bytes) -> None:
    temporary = f"{folder}/_tmp/{uuid.uuid4()}"
    client.write(temporary, data=content)
    assert client.status(temporary)["length"] == len(content)
    client.rename(temporary, f"{folder}/{name:020d}.csv")


async def main() -> None:
    kafka, topic, records, hdfs, rows = *sys.argv[1:3], int(sys.argv[3]), sys.argv[4], sys.argv[5]
    meter = Meter(records)
    client = InsecureClient(hdfs, user="recsys", session=requests.Session())
    root = f"/raw/{uuid.uuid4()}"
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=kafka,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=2**20,
    )
    loop, pool = asyncio.get_running_loop(), ThreadPoolExecutor(4)
    await consumer.start()
    for partition in range(4):
        client.makedirs(f"{root}/{partition}")
    while True:
        found: dict[Any, list[Any]] = {}
        wanted = int(rows)
        while wanted > 0:
            fetched = await consumer.getmany(timeout_ms=1000, max_records=wanted)
            if not fetched:
                break
            for where, messages in fetched.items():
                found.setdefault(where, []).extend(messages)
                wanted -= len(messages)
        writes = [
            loop.run_in_executor(
                pool,
                write,
                client,
                f"{root}/{where.partition}",
                messages[0].offset,
                to_csv(messages),
            )
            for where, messages in found.items()
        ]
        await asyncio.gather(*writes)
        meter.add(sum(map(len, found.values())))


if __name__ == "__main__":
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    uvloop.run(main())
