"""A script that loads a file of ratings into Kafka with confluent-kafka: FILE SERVER TOPIC TIMES.

Prints how many it sent and the seconds of CPU and wall that took, without the start of Python.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import orjson
from confluent_kafka import Producer


def main() -> None:
    file, server, topic, times = sys.argv[1:]
    lines = Path(file).read_bytes().splitlines()
    failed: list[object] = []

    def delivered(error: object, _: object) -> None:
        if error is not None:
            failed.append(error)

    settings = {"bootstrap.servers": server, "acks": "all", "linger.ms": 5}
    producer = Producer(
        {**settings, "queue.buffering.max.messages": 1_000_000, "partitioner": "murmur2_random"}
    )
    producer.produce(topic, b"warm")
    producer.flush()
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(int(times)):
        for line in lines:
            rating = orjson.loads(line)
            key = b"%d" % rating["userId"]
            producer.produce(topic, line, key, on_delivery=delivered)
        producer.poll(0)
    producer.flush()
    assert not failed, failed[0]
    sent = len(lines) * int(times)
    print(sent, time.process_time() - cpu, time.perf_counter() - wall)


if __name__ == "__main__":
    main()
