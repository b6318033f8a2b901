"""HDFS that is down, slow, full, or does not say what it did."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path

import hdfs
import pytest

from recsys_app.stack import Stack
from recsys_app.stack.hdfs import NameNode
from tests.faults.load import Load
from tests.faults.proxy import HdfsProxy
from tests.faults.report import check, until_archived
from tests.faults.service import Service, until

full = pytest.mark.full


@pytest.fixture
async def proxy(stack: Stack) -> AsyncIterator[HdfsProxy]:
    async with HdfsProxy(stack) as proxy:
        yield proxy


@pytest.fixture
async def proxied(stack: Stack, tmp_path: Path, proxy: HdfsProxy) -> AsyncIterator[Service]:
    """An installation that reaches HDFS through the proxy only."""
    service = Service(stack, tmp_path, hdfs_url=proxy.url)
    yield service
    await asyncio.to_thread(service.close)


async def test_the_reply_to_a_rename_is_dropped(proxied: Service, proxy: HdfsProxy) -> None:
    """A rename that took place unseen is found, and its rows are not written again.

    Protected by: `self.forget(partition)` in `CSVWriter.write_lines`.
    """
    workers = await proxied.start(1)
    async with Load(workers) as load:
        await load.acknowledges(60)
        await until_archived(proxied, 60)  # the first rename of a partition only finds no directory
        proxy.drop_renames = 3
        await load.acknowledges(60)

        async def dropped() -> bool:
            return proxy.drop_renames == 0

        await until(dropped, 240, "no renames were dropped")
        since = time.monotonic()
    await check(proxied, load.sent, "reply to a rename dropped", since=since)


@full
async def test_the_connection_is_cut_in_a_body(proxied: Service, proxy: HdfsProxy) -> None:
    """Half a file never gets a name in the archive.

    Protected by: writing to a temporary name in `CSVWriter._create`; without it the half file is
    there for everybody to read.
    """
    workers = await proxied.start(1)
    async with Load(workers) as load:
        await load.acknowledges(30)
        proxy.cut_bodies = 3
        await load.acknowledges(60)

        async def cut() -> bool:
            return proxy.cut_bodies == 0

        await until(cut, 240, "no bodies were cut")
        since = time.monotonic()
    await check(proxied, load.sent, "connection cut in a body", since=since)


@full
async def test_a_worker_is_killed_while_it_creates_a_file(
    proxied: Service, proxy: HdfsProxy
) -> None:
    """What a killed worker has half written stays a temporary file.

    Protected by: writing to a temporary name in `CSVWriter._create`.
    """
    steady, victim = await proxied.start(2)
    async with Load([steady, victim]) as load:
        await load.acknowledges(30)
        proxy.cut_bodies = 1

        async def cut() -> bool:
            return proxy.cut_bodies == 0

        await until(cut, 240, "no body was cut")
        steady.kill()
        victim.kill()
        since = time.monotonic()
        steady.launch()
        victim.launch()
        await steady.ready()
        await load.acknowledges(30)
    await check(proxied, load.sent, "worker killed, temporary created", since=since)


@full
async def test_hdfs_is_slow(proxied: Service, proxy: HdfsProxy) -> None:
    """Every request takes 10 s, the client's own patience; ratings are accepted meanwhile.

    Protected by: retrying on `Unavailable` in `consume_ratings`.
    """
    workers = await proxied.start(1)
    async with Load(workers) as load:
        await load.acknowledges(30)
        proxy.delay_seconds = 10
        await asyncio.sleep(25)
        proxy.delay_seconds = 0
        since = time.monotonic()
        await load.acknowledges(30)
    await check(proxied, load.sent, "HDFS slow by 10 s", since=since)


async def test_the_datanode_is_killed(service: Service) -> None:
    """Ratings are accepted while nothing can be written, and archived afterwards.

    Protected by: retrying on `Unavailable` in `consume_ratings`.
    """
    workers = await service.start(1)
    datanode = service.stack.hdfs.datanode
    async with Load(workers) as load:
        await load.acknowledges(30)
        await asyncio.to_thread(datanode.kill)
        await load.acknowledges(60)
        await asyncio.to_thread(datanode.start)
        since = time.monotonic()
        await load.acknowledges(30)
    await check(service, load.sent, "DataNode killed", since=since)


@full
async def test_the_datanode_is_stopped(service: Service) -> None:
    """Connections stay open and nothing answers.

    Protected by: retrying on `Unavailable` in `consume_ratings`, which the timeouts of
    `HdfsFileStore` come to.
    """
    workers = await service.start(1)
    datanode = service.stack.hdfs.datanode
    async with Load(workers) as load:
        await load.acknowledges(30)
        await asyncio.to_thread(datanode.pause)
        try:
            await asyncio.sleep(20)
            await load.acknowledges(30)
        finally:
            await asyncio.to_thread(datanode.resume)
        since = time.monotonic()
    await check(service, load.sent, "DataNode stopped for 20 s", since=since)


@full
async def test_the_namenode_is_restarted(service: Service) -> None:
    """Protected by: retrying on `Unavailable` in `consume_ratings`."""
    workers = await service.start(1)
    namenode, datanode = service.stack.hdfs.namenode, service.stack.hdfs.datanode
    async with Load(workers) as load:
        await load.acknowledges(30)
        await asyncio.to_thread(namenode.kill)
        await load.acknowledges(60)
        await asyncio.to_thread(namenode.start)
        await asyncio.to_thread(datanode.wait_ready)
        since = time.monotonic()
        await load.acknowledges(30)
    await check(service, load.sent, "NameNode restarted", since=since)


@full
async def test_the_namenode_is_in_safe_mode(service: Service) -> None:
    """HDFS answers and can be read, and refuses to write.

    Protected by: retrying on `Unavailable` in `consume_ratings`, as which `HdfsFileStore._run`
    raises what HDFS refuses.
    """
    workers = await service.start(1)
    namenode = service.stack.hdfs.namenode
    async with Load(workers) as load:
        await load.acknowledges(30)
        await asyncio.to_thread(_safe_mode, namenode, "enter")
        await load.acknowledges(60)
        await asyncio.to_thread(_safe_mode, namenode, "leave")
        since = time.monotonic()
        await load.acknowledges(30)
    await check(service, load.sent, "NameNode in safe mode", since=since)


def _safe_mode(namenode: NameNode, what: str) -> None:
    *java, _ = namenode.command()
    done = subprocess.run(
        [*java, "org.apache.hadoop.hdfs.tools.DFSAdmin", "-safemode", what],
        env={**os.environ, **namenode.environment()},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"Safe mode is {'ON' if what == 'enter' else 'OFF'}" in done.stdout, done


@full
async def test_a_worker_is_asked_to_end_while_hdfs_is_down(service: Service) -> None:
    """SIGTERM ends a worker within 10 s although it cannot write, and nothing is lost.

    Protected by: for the time, the daemon threads of `HdfsFileStore`, and behind them the timer in
    `agents.worker.Worker.stop`; for the ratings, acknowledging after `consume` in
    `consume_batches`, and behind it `_fill_gap`.
    """
    service.environment["RECSYS_HDFS_TIMEOUT_SECONDS"] = "60"  # what a thread waits for by itself
    (worker,) = await service.start(1)
    datanode = service.stack.hdfs.datanode
    async with Load([worker]) as load:
        await load.acknowledges(30)
        await asyncio.to_thread(datanode.pause)
        try:
            await load.acknowledges(30)
            await worker.terminate(10)
        finally:
            await asyncio.to_thread(datanode.resume)
        since = time.monotonic()
        worker.launch()
        await worker.ready()
        await load.acknowledges(30)
    await check(service, load.sent, "SIGTERM while the DataNode is stopped", since=since)


@full
async def test_a_quota_is_exceeded(service: Service) -> None:
    """A directory that is full is waited for.

    Protected by: retrying on `Unavailable` in `consume_ratings`, as which `HdfsFileStore._run`
    raises what HDFS refuses.
    """
    workers = await service.start(1)
    client = hdfs.InsecureClient(service.stack.hdfs_url, user="root")
    async with Load(workers) as load:
        await load.acknowledges(60)
        await asyncio.to_thread(_set_quota, client, service.root, 1)
        await load.acknowledges(60)
        await asyncio.to_thread(_set_quota, client, service.root, 2**62)
        since = time.monotonic()
        await load.acknowledges(30)
    await check(service, load.sent, "quota exceeded", since=since)


def _set_quota(client: hdfs.InsecureClient, path: str, names: int) -> None:
    answer = client._session.put(
        f"{client.url}/webhdfs/v1{path}",
        params={"op": "SETQUOTA", "namespacequota": names, "user.name": "root"},
        timeout=10,
    )
    answer.raise_for_status()
