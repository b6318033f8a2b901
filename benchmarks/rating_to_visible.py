"""How long a rating takes until the next answer follows it.

Sends ratings to a running service at a steady pace, each of a film at the head of its user's list,
and asks for some of these lists again until the film is gone. From the 202 to that answer:

    python benchmarks/rating_to_visible.py --url http://127.0.0.1:6066 --per-second 200
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from dataclasses import dataclass, field

import aiohttp
import numpy as np

POLL_SECONDS = 0.01
GIVE_UP_SECONDS = 30.0


@dataclass
class Measured:
    accepted: list[float] = field(default_factory=list)
    """Seconds to the 202."""
    visible: list[float] = field(default_factory=list)
    """Seconds from the 202 to the changed answer."""
    refused: int = 0
    never: int = 0


async def head_of_list(session: aiohttp.ClientSession, user: int) -> list[int] | None:
    """None if the service has no answer."""
    async with session.get(f"/recommendations/{user}?limit=10") as answer:
        if answer.status != 200:
            return None
        return [movie["movieId"] for movie in await answer.json()]


async def rate(session: aiohttp.ClientSession, user: int, watch: bool, found: Measured) -> None:
    head = await head_of_list(session, user) if watch else None
    watch = bool(head)
    movie = random.choice(head) if head else random.randint(1, 5000)
    rating = {"userId": user, "movieId": movie, "rating": random.choice((3.0, 4.0, 5.0))}
    began = time.perf_counter()
    async with session.post("/send_rating", json=rating) as answer:
        accepted = time.perf_counter()
        if answer.status != 202:
            found.refused += 1
            return
    found.accepted.append(accepted - began)
    while watch:
        head = await head_of_list(session, user)
        if head is not None and movie not in head:
            found.visible.append(time.perf_counter() - accepted)
            return
        if time.perf_counter() - accepted > GIVE_UP_SECONDS:
            found.never += 1
            return
        await asyncio.sleep(POLL_SECONDS)


async def measure(url: str, per_second: float, seconds: float, watched: float) -> Measured:
    found = Measured()
    async with aiohttp.ClientSession(url) as session, asyncio.TaskGroup() as group:
        began = time.perf_counter()
        for number in range(int(per_second * seconds)):
            await asyncio.sleep(max(0, began + number / per_second - time.perf_counter()))
            # Each user once: a list then changes for one reason only. Every other one is new.
            user = number // 2 + 1 if number % 2 else 1_000_000 + random.randrange(10**8)
            group.create_task(rate(session, user, random.random() < watched, found))
    return found


def tell(name: str, seconds: list[float]) -> None:
    if not seconds:
        print(f"{name}: nothing was measured")
        return
    p50, p95, p99 = (1000 * np.percentile(seconds, q) for q in (50, 95, 99))
    print(
        f"{name}: {len(seconds)} measured, p50 {p50:.0f} ms, p95 {p95:.0f} ms, p99 {p99:.0f} ms, "
        f"most {1000 * max(seconds):.0f} ms"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:6066")
    parser.add_argument("--per-second", type=float, default=200)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--watched", type=float, default=0.1, help="share of ratings to follow")
    options = parser.parse_args()
    found = asyncio.run(measure(options.url, options.per_second, options.seconds, options.watched))
    tell("rating to 202", found.accepted)
    tell("202 to changed answer", found.visible)
    print(f"refused: {found.refused}, not visible in {GIVE_UP_SECONDS:g} s: {found.never}")


if __name__ == "__main__":
    main()
