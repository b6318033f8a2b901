"""Connections to Redis: to one server, or to a cluster."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from redis import asyncio as aioredis
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import RedisClusterException, RedisError

from recsys_app.errors import Unavailable

Argument = bytes | int | str


@asynccontextmanager
async def redis_errors() -> AsyncIterator[None]:
    """Raises `Unavailable` for what redis-py raises."""
    try:
        yield
    except (RedisError, RedisClusterException, OSError, TimeoutError) as error:
        raise Unavailable("Redis", error) from error


def connect(url: str, *, timeout_seconds: float, **options: Any) -> aioredis.Redis:
    """A client of the server at `url`, which connects when it is first used.

    If the address has `cluster=true` in its query or several hosts, such as
    `redis://one:6379,two:6379`, a client of that Redis Cluster, which has the same methods.
    """
    options |= {"socket_timeout": timeout_seconds, "socket_connect_timeout": timeout_seconds}
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    login, at, hosts = parts.netloc.rpartition("@")
    first, *others = hosts.split(",")
    if "cluster" not in query and not others:
        return aioredis.Redis.from_url(url, **options)
    if query.pop("cluster", "true").lower() not in ("1", "true", "yes"):
        plain = urlunsplit((*parts[:3], urlencode(query), ""))
        return aioredis.Redis.from_url(plain, **options)
    one = urlunsplit((parts.scheme, login + at + first, "", urlencode(query), ""))
    more = [ClusterNode(*_host_and_port(host)) for host in others]
    cluster = aioredis.RedisCluster.from_url(one, startup_nodes=more, **options)
    return cast(aioredis.Redis, cluster)


def _host_and_port(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return (host, int(port)) if host else (text, 6379)


def is_cluster(redis: aioredis.Redis) -> bool:
    return isinstance(redis, aioredis.RedisCluster)


async def read_many(redis: aioredis.Redis, keys: Sequence[str]) -> list[bytes | None]:
    """MGET; on a cluster one for each slot, all sent at once."""
    if is_cluster(redis):
        cluster = cast(Any, redis)
        return cast(list[bytes | None], await cluster.mget_nonatomic(keys))
    return cast(list[bytes | None], await redis.mget(keys))


class ManyReader:
    """MGET on a connection of its own, one call at a time: what redis-py does around a command
    costs more than the command."""

    def __init__(self, redis: aioredis.Redis) -> None:
        self._redis = redis
        self._connection: AbstractConnection | None = None

    async def read(self, keys: Sequence[str]) -> list[bytes | None]:
        if is_cluster(self._redis):
            return await read_many(self._redis, keys)
        try:
            if self._connection is None:
                pool: Any = self._redis.connection_pool
                self._connection = cast(AbstractConnection, await pool.get_connection())
            await self._connection.send_command("MGET", *keys)
            return cast(list[bytes | None], await self._connection.read_response())
        except ConnectionLost:  # an idle connection that the server closed, most often
            await self._forget()
            return await read_many(self._redis, keys)
        except BaseException:
            await self._forget()
            raise

    async def _forget(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.disconnect(nowait=True)
            await self._redis.connection_pool.release(connection)


class Script:
    """A Lua script, to be sent in pipelines."""

    def __init__(self, redis: aioredis.Redis, source: str) -> None:
        self._source = source
        self._script = None if is_cluster(redis) else redis.register_script(source)

    async def queue(
        self, pipeline: Any, *, keys: Sequence[str], arguments: Sequence[Argument]
    ) -> None:
        """Adds a call to the pipeline. The keys of one call are in one slot."""
        if self._script is None:
            # redis-py loads no scripts onto the nodes of a cluster before a pipeline.
            pipeline.eval(self._source, len(keys), *keys, *arguments)
        else:
            await self._script(keys=keys, args=arguments, client=pipeline)
