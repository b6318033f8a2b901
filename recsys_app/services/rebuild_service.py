"""Everything but HDFS may be lost: what the other servers need is made again from it."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Protocol

from recsys_app.errors import BadDataError, ConfigurationError
from recsys_app.services.csv_writer import CSVWriter
from recsys_app.services.document_copies import DocumentCopies
from recsys_app.services.model_version import version_name, version_number
from recsys_app.stores.hdfs import FileStatus

log = logging.getLogger(__name__)


class Folders(Protocol):
    async def list_directory(self, path: str) -> list[FileStatus]: ...


class TopicReader(Protocol):
    async def partitions(self, topic: str) -> list[int]: ...


class EpochOpener(Protocol):
    async def open_new_epoch(self) -> int: ...


class RatingFiller(Protocol):
    async def first_offset(self, partition: int) -> int: ...


class RunRegister(Protocol):
    async def newest_number(self) -> int: ...
    async def register(self, version: str, number: int, parameters: dict[str, object]) -> None: ...
    async def update(self, version: str, changes: dict[str, object]) -> None: ...


class RebuildService:
    """What is there stays; only what is missing is made. A training is still to follow."""

    def __init__(
        self,
        *,
        writer: CSVWriter,
        documents: DocumentCopies,
        folders: Folders,
        models_root: str,
        models: RunRegister,
        topics: TopicReader,
        topic: str,
        new_partitions: int,
        ratings: EpochOpener,
        fold_in: RatingFiller,
        prepare: Callable[[], Awaitable[None]],
    ) -> None:
        """`new_partitions` is how many `prepare` gives to a topic that it makes."""
        self._writer = writer
        self._documents = documents
        self._folders = folders
        self._models_root = models_root
        self._models = models
        self._topics = topics
        self._topic = topic
        self._new_partitions = new_partitions
        self._ratings = ratings
        self._fold_in = fold_in
        self._prepare = prepare

    async def rebuild(self) -> AsyncIterator[str]:
        """Does it; a sentence for each step that is done.

        Raises:
            ConfigurationError: HDFS has no archive, or the topic too few partitions for it.
        """
        await self._check()
        await self._prepare()
        yield "Topics, directories and indexes are there."
        restored = await self._documents.restore()
        yield "MongoDB: " + ", ".join(f"{n} {what}" for what, n in restored.items()) + " restored."
        await self._remember_versions()
        with suppress(BadDataError):  # the topic is the one that the archive was written from
            epoch = await self._ratings.open_new_epoch()
            yield f"Kafka: the topic is new, and epoch {epoch} of the archive begins with it."
        for partition in await self._topics.partitions(self._topic):
            await self._fold_in.first_offset(partition)
        yield "Redis: everybody's ratings are there."

    async def _check(self) -> None:
        archived = await self._writer.partitions()
        if not archived:
            raise ConfigurationError(
                "There is no archive in HDFS to rebuild from. Restore it first, and see that "
                "HDFS_URL and RECSYS_ARCHIVE_ROOT lead to it."
            )
        partitions = len(await self._topics.partitions(self._topic)) or self._new_partitions
        if max(archived) >= partitions:
            raise ConfigurationError(
                f"The archive has {max(archived) + 1} partitions, and the topic {self._topic} "
                f"{partitions}: set RECSYS_TOPIC_PARTITIONS to {max(archived) + 1} or more."
            )

    async def _remember_versions(self) -> None:
        """A version's number is never given twice, since HDFS still has its model."""
        if await self._models.newest_number():
            return
        numbers = [0]
        for entry in await self._folders.list_directory(self._models_root):
            with suppress(BadDataError):
                numbers.append(version_number(entry.name))
        if newest := max(numbers):
            version = version_name(newest)
            await self._models.register(version, newest, {})
            await self._models.update(version, {"status": "retired"})
