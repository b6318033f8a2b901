"""What HDFS holds, compared with what people were told; read without the service's own code."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

import hdfs

from tests.faults.load import Sent
from tests.faults.service import Service

HEADER = "userId,movieId,rating,timestamp,offset,idempotencyKey"
ROWS: list[Row] = []
"""What each fault did; printed when the tests have ended."""


@dataclass(frozen=True)
class Row:
    """A line of the table of faults."""

    fault: str
    recovery_seconds: float
    sent: int
    acknowledged: int
    lost: int
    doubled: int


@dataclass
class Archive:
    """Every row of every file, as it lies there."""

    positions: dict[tuple[int, int, int], list[list[str]]] = field(default_factory=dict)
    """The rows of each (epoch, partition, offset)."""
    partial: list[str] = field(default_factory=list)
    """Files and rows that are not whole."""

    def doubled(self) -> int:
        return sum(len(rows) - 1 for rows in self.positions.values())

    def where(self) -> dict[int, list[tuple[int, int, int]]]:
        """The positions of each movie."""
        found: dict[int, list[tuple[int, int, int]]] = {}
        for position, rows in self.positions.items():
            for row in rows:
                if row[1]:
                    found.setdefault(int(row[1]), []).append(position)
        return found


def read_archive(hdfs_url: str, root: str) -> Archive:
    """All files below the root, but the temporary ones."""
    client = hdfs.InsecureClient(hdfs_url, timeout=20)
    archive = Archive()
    if client.status(root, strict=False) is None:
        return archive
    for folder, _, files in client.walk(root):
        if "/_" in folder:
            continue
        for name in files:
            path = f"{folder}/{name}"
            epoch, partition = (int(part.partition("=")[2]) for part in folder.split("/")[-2:])
            with client.read(path) as reader:
                _read_file(archive, path, (epoch, partition), reader.read().decode())
    return archive


def _read_file(archive: Archive, path: str, where: tuple[int, int], content: str) -> None:
    header, *lines = content.split("\n")
    if header != HEADER or not lines or lines[-1]:
        archive.partial.append(path)
    before = -1
    for line in lines[:-1]:
        cells = line.split(",")
        if len(cells) != 6 or not cells[4].isdigit() or int(cells[4]) <= before:
            archive.partial.append(f"{path}: {line}")
            continue
        before = int(cells[4])
        archive.positions.setdefault((*where, before), []).append(cells)


class Partial(AssertionError):
    """Somebody could have read a file that is not whole."""


async def wait_until_archived(service: Service, sent: Sent, *, seconds: float = 240) -> Archive:
    """The archive once it has every acknowledged rating, or as it is when the time is over.

    Raises:
        Partial: at any look a file was not whole.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            archive = await asyncio.to_thread(read_archive, service.stack.hdfs_url, service.root)
        except (hdfs.HdfsError, OSError):  # HDFS is what was broken
            if time.monotonic() > deadline:
                raise
        else:
            if archive.partial:
                raise Partial(archive.partial[:5])
            if sent.acknowledged.keys() <= archive.where().keys() or time.monotonic() > deadline:
                return archive
        await asyncio.sleep(0.5)


async def until_archived(service: Service, rows: int, *, seconds: float = 240) -> Archive:
    """The archive once it has so many rows."""
    async with asyncio.timeout(seconds):
        while True:
            archive = await asyncio.to_thread(read_archive, service.stack.hdfs_url, service.root)
            if len(archive.positions) >= rows:
                return archive
            await asyncio.sleep(0.5)


async def check(service: Service, sent: Sent, fault: str, *, since: float) -> Row:
    """Waits until the service has come back, and compares.

    I1 nothing acknowledged is lost, I2 nothing is there twice, I3 each user's ratings are in order,
    I4 no file is partial, I5 it came back by itself: this function only waits.

    Args:
        since: when what was broken was whole again (monotonic); recovery is counted from there.
    """
    archive = await wait_until_archived(service, sent)
    recovery = time.monotonic() - since
    await asyncio.sleep(2)  # so that a late writer can do its harm
    archive = await wait_until_archived(service, sent)
    where = archive.where()
    lost = [movie for movie in sent.acknowledged if movie not in where]
    elsewhere = {
        movie: (told, where[movie])
        for movie, told in sent.acknowledged.items()
        if movie in where and told not in [position[1:] for position in where[movie]]
    }
    twice = {movie: where[movie] for movie in sent.ratings if len(where.get(movie, ())) > 1}
    doubled = archive.doubled() + len(twice)
    row = Row(fault, recovery, len(sent.ratings), len(sent.acknowledged), len(lost), doubled)
    ROWS.append(row)
    logs = "\n".join(f"== {w.name}\n{w.log_tail(15)}" for w in service.workers)
    assert not lost, f"{row}: lost {lost[:10]}\n{logs}"
    assert not doubled, f"{row}: {list(twice.items())[:5]}\n{logs}"
    assert not elsewhere, f"{row}: not where the answer said: {list(elsewhere.items())[:5]}"
    for user, movies in sent.order.items():
        places = [where[movie][0] for movie in movies]
        assert places == sorted(places), f"{row}: user {user}'s ratings changed their order"
    assert sent.acknowledged, f"{row}: nothing was acknowledged\n{logs}"
    return row


def table() -> list[str]:
    """The rows as a Markdown table."""
    lines = [
        "| fault | recovery | sent | acknowledged | lost | doubled |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {row.fault} | {row.recovery_seconds:.1f} s | {row.sent} | {row.acknowledged} "
        f"| {row.lost} | {row.doubled} |"
        for row in ROWS
    ]
    return lines
