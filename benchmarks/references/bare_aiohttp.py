"""Bare aiohttp under uvloop: PORT constant FILE | PORT redis URL | PORT kafka SERVER TOPIC LINGER.

`constant` answers with the bytes of a file; `redis` with those of one GET by redis-py with its C
parser; `kafka` takes a rating as JSON and answers once aiokafka says that all replicas have it.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import uvloop
from aiohttp import web
from aiokafka import AIOKafkaProducer
from redis.asyncio import Redis

Handler = Callable[[web.Request], Awaitable[web.Response]]
_JSON = {"Content-Type": "application/json"}


class Sent(msgspec.Struct):
    userId: int
    movieId: int
    rating: float


def constant(file: str) -> Handler:
    body = Path(file).read_bytes()

    async def handle(_: web.Request) -> web.Response:
        return web.Response(body=body, headers=_JSON)

    return handle


def from_redis(url: str) -> Handler:
    redis = Redis.from_url(url)

    async def handle(request: web.Request) -> web.Response:
        body = await redis.get("reference:" + request.match_info["user_id"])
        return web.Response(body=body, headers=_JSON)

    return handle


def to_kafka(app: web.Application, server: str, topic: str, linger_ms: str) -> Handler:
    decode = msgspec.json.Decoder(Sent).decode
    producer: AIOKafkaProducer

    async def start(_: web.Application) -> None:
        nonlocal producer
        producer = AIOKafkaProducer(
            bootstrap_servers=server, acks="all", linger_ms=int(linger_ms), max_batch_size=2**18
        )
        await producer.start()

    async def handle(request: web.Request) -> web.Response:
        body = await request.read()
        sent = decode(body)
        where = await producer.send_and_wait(topic, body, b"%d" % sent.userId)
        answer = b'{"partition":%d,"offset":%d}' % (where.partition, where.offset)
        return web.Response(status=202, body=answer, headers=_JSON)

    async def stop(_: web.Application) -> None:
        await producer.stop()

    app.on_startup.append(start)
    app.on_cleanup.append(stop)
    return handle


def main() -> None:
    port, kind, *arguments = sys.argv[1:]
    app = web.Application()
    match kind:
        case "constant":
            app.router.add_get("/recommendations/{user_id}", constant(*arguments))
        case "redis":
            app.router.add_get("/recommendations/{user_id}", from_redis(*arguments))
        case "kafka":
            app.router.add_post("/send_rating", to_kafka(app, *arguments))
    uvloop.install()
    web.run_app(app, host="127.0.0.1", port=int(port), access_log=None, print=None)


if __name__ == "__main__":
    main()
