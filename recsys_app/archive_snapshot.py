"""Snapshots of the archive in HDFS: names and manifests, without any I/O.

    <root>/_snapshots/<number, 20 digits>/manifest.json     which archive files it stands for
                                          ratings/*.parquet the last word of each user on each movie
                                          keys/*.parquet    the first row of each idempotency key
    <root>/_snapshots/_writing/<number>                     one that is not whole yet
    <root>/_expired.json                                    up to where archive files were deleted

A snapshot stands for whole files of the archive: of each partition, those up to a certain one.
What it holds and the files after that one give exactly what all files give.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from recsys_app.archive import FilePlace
from recsys_app.errors import BadDataError

MANIFEST = "manifest.json"
TABLES = ("ratings", "keys")

Through = dict[str, int]
"""By `epoch/partition`: the first offset of the last file."""


class Manifest(msgspec.Struct, frozen=True):
    """What a snapshot stands for."""

    through: Through
    source_bytes: int
    """The archive files together, a measure of how much it is."""


class Snapshot(NamedTuple):
    """A whole snapshot."""

    path: str
    number: int
    manifest: Manifest


class NewSnapshot(NamedTuple):
    """A snapshot that a training is to write."""

    path: str
    temporary: str
    manifest: str


def snapshots_directory(root: str) -> str:
    return f"{root}/_snapshots"


def writing_directory(root: str) -> str:
    return f"{snapshots_directory(root)}/_writing"


def expired_path(root: str) -> str:
    return f"{root}/_expired.json"


def snapshot_number(name: str) -> int | None:
    """The number of the snapshot in the directory of this name; None if it is something else."""
    return int(name) if len(name) == 20 and name.isdecimal() and name.isascii() else None


def new_snapshot(root: str, number: int, manifest: Manifest) -> NewSnapshot:
    name = f"{number:020d}"
    return NewSnapshot(
        f"{snapshots_directory(root)}/{name}",
        f"{writing_directory(root)}/{name}",
        msgspec.json.encode(manifest).decode(),
    )


def partition_key(place: FilePlace) -> str:
    """How `Through` names the partition of a file."""
    return f"{place.epoch}/{place.partition}"


def is_covered(place: FilePlace, through: Mapping[str, int]) -> bool:
    """Whether the file is among those up to there."""
    return place.first_offset <= through.get(partition_key(place), -1)


def last_files(places: Iterable[FilePlace]) -> Through:
    """The last file of each partition."""
    through: Through = {}
    for place in places:
        key = partition_key(place)
        through[key] = max(place.first_offset, through.get(key, -1))
    return through


def decode_manifest(content: bytes, name: str) -> Manifest:
    """What `new_snapshot` wrote.

    Raises:
        BadDataError: it is something else.
    """
    try:
        return msgspec.json.decode(content, type=Manifest)
    except msgspec.MsgspecError as error:
        raise BadDataError(f"{name} is no manifest: {error}") from None


def decode_through(content: bytes, name: str) -> Through:
    """The positions in a file of them.

    Raises:
        BadDataError: it holds something else.
    """
    try:
        return msgspec.json.decode(content, type=Through)
    except msgspec.MsgspecError as error:
        raise BadDataError(f"{name} has no positions: {error}") from None
