"""Which worker has which partitions, as Kafka's group coordinator tells it."""

from __future__ import annotations

import asyncio

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocol

from tests.faults.service import Service


async def partitions(service: Service) -> dict[str, set[int]]:
    """The partitions of the topic of ratings that each member of the group has; none of anybody
    while the members change."""
    admin = AIOKafkaAdminClient(bootstrap_servers=service.stack.kafka_url)
    await admin.start()
    try:
        (answer,) = await admin.describe_consumer_groups([service.name])
    finally:
        await admin.close()
    _, _, state, _, _, members, *_ = answer.groups[0]
    if state != "Stable":
        return {}
    shares = {}
    for member, *_, assignment in members:
        topics = ConsumerProtocol.ASSIGNMENT.decode(assignment).assignment if assignment else []
        shares[member] = {
            number for topic, numbers in topics if topic == service.topic for number in numbers
        }
    return shares


async def until_spread(service: Service, workers: int, *, seconds: float = 60) -> None:
    """Returns once so many workers share the four partitions evenly."""
    shares: dict[str, set[int]] = {}
    try:
        async with asyncio.timeout(seconds):
            while sorted(map(len, shares.values())) != [4 // workers] * workers or set().union(
                *shares.values()
            ) != {0, 1, 2, 3}:
                await asyncio.sleep(0.2)
                shares = await partitions(service)
    except TimeoutError:
        raise AssertionError(f"{workers} workers share the partitions so: {shares}") from None
