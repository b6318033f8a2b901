"""Archives of made-up ratings, for trainings of every size."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

from hdfs import InsecureClient
from pymongo import MongoClient

from benchmarks.harness import scratch, stack
from jobs.generating import Volume
from recsys_app.archive import HEADER, file_name, partition_directory

PARTITIONS = 4
ROWS_PER_FILE = 50_000


class Archived(NamedTuple):
    """An archive in HDFS, with its catalogue in a database of the same name."""

    name: str
    folder: Path
    """The set as CSV files on this machine."""
    root: str
    files: tuple[str, ...]
    length: int
    """Bytes."""
    volume: Volume


@cache
def archived(ratings: int) -> Archived:
    """So many ratings, as the archive's agent would have left them."""
    volume = Volume(ratings)
    folder = scratch(f"ratings-{ratings}")
    if not (folder / "ratings.csv").exists():
        command = (sys.executable, "-m", "recsys_app", "generate", str(folder))
        subprocess.run([*command, "--ratings", str(ratings)], check=True, stdout=sys.stderr)
    name = f"training-{ratings}"
    client = InsecureClient(stack().hdfs_url, user="recsys")
    client.delete(f"/{name}", recursive=True)
    root = f"/{name}/ratings"
    files, length = _write(client, folder / "ratings.csv", root)
    with MongoClient(stack().mongodb_uri) as mongodb:
        mongodb.drop_database(name)
        films = ({"_id": film} for film in range(1, volume.films + 1))
        mongodb[name]["movies"].insert_many(films)
    return Archived(name, folder, root, files, length, volume)


def _write(client: InsecureClient, ratings: Path, root: str) -> tuple[tuple[str, ...], int]:
    waiting: list[list[str]] = [[] for _ in range(PARTITIONS)]
    offsets = [0] * PARTITIONS
    files, length = [], 0

    def flush(partition: int) -> None:
        nonlocal length
        content = HEADER + "".join(waiting[partition])
        first = offsets[partition] - len(waiting[partition])
        path = f"{partition_directory(root, 0, partition)}/{file_name(first)}"
        client.write(path, content.encode())
        files.append(path)
        length += len(content)
        waiting[partition].clear()

    with ratings.open() as lines:
        next(lines)
        for line in lines:
            user, movie, stars, time = line.rstrip().split(",")
            partition = int(user) % PARTITIONS
            row = f"{user},{movie},{float(stars):g},{time},{offsets[partition]},\n"
            waiting[partition].append(row)
            offsets[partition] += 1
            if len(waiting[partition]) == ROWS_PER_FILE:
                flush(partition)
    for partition in range(PARTITIONS):
        if waiting[partition]:
            flush(partition)
    return tuple(sorted(files)), length
