"""Messages that nobody should have sent, between good ones."""

from __future__ import annotations

import asyncio
import base64
import json

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from tests.faults.report import read_archive
from tests.faults.service import Service, until

POISON: dict[str, bytes | None] = {
    "not JSON": b"five stars",
    "null": None,
    "wrong UTF-8": b'{"userId":1,"movieId":2,"rating":4.5,"idempotencyKey":"\xff"}',
    "NaN": b'{"userId":1,"movieId":2,"rating":NaN}',
    "id 2^31": b'{"userId":2147483648,"movieId":2,"rating":4.5}',
    "1 MB": b"[" + b"1," * 523_000 + b"1]",
    "unknown field": b'{"userId":1,"movieId":2,"rating":4.5,"stars":5}',
    "a list": b"[1,2,4.5]",
}


async def test_poison_becomes_dead_letters_and_its_neighbours_are_untouched(
    service: Service,
) -> None:
    """Each bad message is kept with its reason, position and bytes, and can be sent again.

    Protected by: catching what `_to_rating` raises in `rating_service._format`, and by the size
    that `topic_specs` allows the letters.
    """
    await service.start(1)
    sent = await _send_between_good_ones(service)

    async def archived() -> bool:
        archive = await asyncio.to_thread(read_archive, service.stack.hdfs_url, service.root)
        return len(archive.positions) == 2 * len(POISON) + 1

    await until(archived, 240, "not everything was archived")
    archive = await asyncio.to_thread(read_archive, service.stack.hdfs_url, service.root)
    assert not archive.partial
    assert not archive.doubled()
    for movie, offset in sent["good"].items():
        ((user, archived_movie, *_),) = archive.positions[0, 0, offset]
        assert (user, archived_movie) == ("1", str(movie))
    for offset in sent["bad"].values():
        assert archive.positions[0, 0, offset] == [["", "", "", "", str(offset), ""]]

    letters = await _letters(service)
    assert {letter["offset"]: letter["value"] for letter in letters} == {
        offset: None if POISON[name] is None else base64.b64encode(POISON[name] or b"").decode()
        for name, offset in sent["bad"].items()
    }
    assert all(letter["reason"] and letter["partition"] == 0 for letter in letters)

    listed = await service.recsys("dead-letters", "list")
    assert f"{len(POISON)} dead letters" in listed.stdout, listed.stderr
    position = f"{service.topic}-0-{sent['bad']['NaN']}"
    assert position in listed.stdout
    again = await service.recsys("dead-letters", "resubmit", position)
    assert again.returncode == 0, again.stderr
    assert "(sent again)" in (await service.recsys("dead-letters", "list")).stdout
    missing = await service.recsys("dead-letters", "resubmit", "ratings-0-999")
    assert missing.returncode == 1
    assert "There is no dead letter ratings-0-999" in missing.stderr


async def _send_between_good_ones(service: Service) -> dict[str, dict[object, int]]:
    """The offsets of the good messages by their movies, of the bad ones by their names."""
    sent: dict[str, dict[object, int]] = {"good": {}, "bad": {}}
    async with AIOKafkaProducer(
        bootstrap_servers=service.stack.kafka_url, max_request_size=2**21
    ) as producer:

        async def send(value: bytes | None) -> int:
            record = await producer.send_and_wait(service.topic, value, key=b"1", partition=0)
            return int(record.offset)

        for movie, (name, value) in enumerate(POISON.items(), start=1):
            sent["good"][movie] = await send(b'{"userId":1,"movieId":%d,"rating":4.5}' % movie)
            sent["bad"][name] = await send(value)
        sent["good"][99] = await send(b'{"userId":1,"movieId":99,"rating":4.5}')
    return sent


async def _letters(service: Service) -> list[dict[str, object]]:
    where = TopicPartition(service.dead_letters, 0)
    letters: list[dict[str, object]] = []
    async with AIOKafkaConsumer(bootstrap_servers=service.stack.kafka_url) as consumer:
        consumer.assign([where])
        await consumer.seek_to_beginning(where)
        end = (await consumer.end_offsets([where]))[where]
        while await consumer.position(where) < end:
            for record in (await consumer.getmany(where, timeout_ms=500)).get(where, []):
                letters.append(json.loads(record.value))
    return letters
