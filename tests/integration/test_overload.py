"""Fifty times the load that the service is told to sustain: it refuses, and loses nothing."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from pathlib import Path

import aiohttp
import pytest
import requests

from recsys_app.stack import Stack
from tests.service import Service

SECRET = "overload-0123456789"
HEADERS = {"X-API-Key": SECRET}
SUSTAINED = 20
"""Requests a second that the key may send."""
GROWTH_BYTES = 150 * 10**6


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seconds", [3, pytest.param(60, marks=pytest.mark.full)])
async def test_every_accepted_rating_is_archived(
    stack: Stack, tmp_path: Path, seconds: int
) -> None:
    service = Service(
        stack,
        name=f"overload{seconds}",
        home=tmp_path,
        roles="web,agents",
        api_keys=f"load:read+write:{SECRET}",
        host="127.0.0.1",
        requests_per_second_by_key=SUSTAINED,
        requests_per_second_by_address=0,
    )
    with service:
        before = await asyncio.to_thread(memory, service)
        statuses = await offer(service.url, per_second=50 * SUSTAINED, seconds=seconds)
        assert set(statuses) <= {202, 429, 503}, statuses
        assert statuses[429] > statuses[202] > 0, statuses
        parts = service.components()
        await parts.loading.wait_until_archived(waiting=lambda missing: None)
        rows = [
            row.movie_id
            for path in await parts.writer.list_files()
            for row in await parts.writer.read_file(path)
        ]
        await parts.close()
        assert len(rows) == len(set(rows)) == statuses[202]
        await asyncio.sleep(10)  # into the next window, in which the key may ask again
        assert await asyncio.to_thread(memory, service) < before + GROWTH_BYTES


async def offer(url: str, *, per_second: int, seconds: int) -> Counter[int]:
    """Sends so many ratings a second, each of another movie, however the earlier ones fare."""
    statuses: Counter[int] = Counter()
    connector = aiohttp.TCPConnector(limit=200)

    async def send(session: aiohttp.ClientSession, movie: int) -> None:
        rating = {"userId": movie % 50 + 1, "movieId": movie, "rating": 4.5}
        async with session.post(f"{url}/send_rating", json=rating, headers=HEADERS) as answer:
            statuses[answer.status] += 1
            if answer.status in (429, 503):
                assert int(answer.headers["Retry-After"]) >= 1

    async with aiohttp.ClientSession(connector=connector) as session:
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for movie in range(1, per_second * seconds + 1):
                group.create_task(send(session, movie))
                ahead = began + movie / per_second - time.monotonic()
                if ahead > 0:
                    await asyncio.sleep(ahead)
    return statuses


def memory(service: Service) -> float:
    """Bytes that the worker holds, as it tells Prometheus."""
    text = requests.get(f"{service.url}/metrics", headers=HEADERS, timeout=60).text
    (line,) = [
        line for line in text.splitlines() if line.startswith("process_resident_memory_bytes ")
    ]
    return float(line.split()[1])
