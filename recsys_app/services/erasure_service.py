"""The right to be forgotten: a user out of every store, in an order that survives crashes."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from recsys_app.errors import RecsysError
from recsys_app.resources import ErasureProgress
from recsys_app.services.archive_eraser import ArchiveEraser
from recsys_app.services.dead_letter_eraser import DeadLetterEraser, TruncatableLog
from recsys_app.services.lease import TRAINING, LeaseStore, held_lease
from recsys_app.stores.kafka import Position

log = logging.getLogger(__name__)

REQUESTED, REWRITTEN, ERASED = "requested", "rewritten", "erased"


class ReceiptStore(Protocol):
    async def create(self, receipt: str, document: Mapping[str, Any]) -> None: ...
    async def find(self, receipt: str) -> Mapping[str, Any] | None: ...
    async def pending(self) -> Sequence[Mapping[str, Any]]: ...
    async def update(self, receipt: str, changes: Mapping[str, Any]) -> None: ...
    async def complete(self, receipt: str, changes: Mapping[str, Any]) -> None: ...


class UserStore(Protocol):
    async def forget_user(self, user_id: int, *, last: bool = False) -> None: ...


class ModelRegister(Protocol):
    async def runs(self, limit: int = 50) -> list[dict[str, Any]]: ...
    async def active(self) -> Mapping[str, Any] | None: ...


class Sender(Protocol):
    async def send(self, topic: str, key: bytes, value: bytes) -> Position: ...
    async def send_tombstone(self, topic: str, key: bytes) -> Position: ...


Progress = Callable[[], Awaitable[Mapping[int, int]]]
"""For each partition of the ratings, the first offset that a reader of them has not taken in."""


class ErasureService:
    """Erases users; each request has a receipt by which its progress can be asked for.

    Everything that Kafka held of the user when the request came is erased: first from where
    answers come from, then, once the archive has caught up with that moment, from the archive,
    the dead letters and the topics. What the user sends afterwards begins anew.
    """

    def __init__(
        self,
        *,
        receipts: ReceiptStore,
        stores: Sequence[UserStore],
        kafka_log: TruncatableLog,
        messages: Sender,
        archive: ArchiveEraser,
        letters: DeadLetterEraser,
        models: ModelRegister,
        leases: LeaseStore,
        holder: str,
        ratings: str,
        recommendations: str,
        training_requests: str,
        dead_letters: Sequence[str],
        taken_in: Sequence[Progress],
        cached: Progress,
    ) -> None:
        self._receipts = receipts
        self._stores = stores
        self._log = kafka_log
        self._messages = messages
        self._archive = archive
        self._letters = letters
        self._models = models
        self._leases = leases
        self._holder = holder
        self._ratings = ratings
        self._recommendations = recommendations
        self._training_requests = training_requests
        self._dead_letters = dead_letters
        self._taken_in = taken_in
        self._cached = cached

    async def erase(self, user_id: int) -> str:
        """Takes the user out of where answers come from, and returns the receipt for the rest.

        Raises:
            Unavailable: a server does not answer. If there is a receipt, the rest happens all the
                same; asking again is harmless.
        """
        ends = {
            str(partition): (await self._log.offsets(self._ratings, partition)).end
            for partition in await self._log.partitions(self._ratings)
        }
        receipt = secrets.token_urlsafe(16)
        await self._receipts.create(
            receipt,
            {
                "userId": user_id,
                "state": REQUESTED,
                "requestedAt": datetime.now(UTC),
                "ends": ends,
            },
        )
        await self._forget(user_id)
        return receipt

    async def progress(self, receipt: str) -> ErasureProgress | None:
        """How far an erasure is; None if there is no such receipt."""
        found = await self._receipts.find(receipt)
        if found is None:
            return None
        erased = found["state"] == ERASED
        model = await self._models.active() if erased else None
        in_model = not erased or (model is not None and model["number"] <= found["lastModel"])
        return ErasureProgress(
            receipt,
            found["state"],
            requestedAt=found["requestedAt"].isoformat(),
            erasedAt=found["erasedAt"].isoformat() if erased else None,
            archivedRatings=found.get("rows"),
            modelTrainedWithout=not in_model,
        )

    async def proceed(self) -> None:
        """Does what can be done now for every erasure that is not complete."""
        pending = await self._receipts.pending()
        if not pending:
            return
        taken_in = [await progress() for progress in self._taken_in]
        cached = await self._cached()
        finished = 0
        for erasure in pending:
            try:
                if erasure["state"] == REQUESTED:
                    await self._rewrite(erasure, taken_in)
                else:
                    finished += await self._finish(erasure, cached)
            except RecsysError as error:
                log.warning("erasure %s goes on later: %s", erasure["_id"], error)
        if finished:
            await self._messages.send(self._training_requests, b"erasure", b"{}")

    async def _rewrite(
        self, erasure: Mapping[str, Any], taken_in: Sequence[Mapping[int, int]]
    ) -> None:
        ends = {int(partition): end for partition, end in erasure["ends"].items()}
        if any(_is_behind(progress, ends) for progress in taken_in):
            return
        async with held_lease(self._leases, TRAINING, self._holder) as ours:
            if not ours:
                return  # a training reads the archive, and publishes lists to its end
            user_id = erasure["userId"]
            erased = await self._archive.erase(user_id, ends)
            for topic in self._dead_letters:
                await self._letters.erase(topic, user_id)
            # Everything before the ends is in the archive, so that nobody's ratings are lost.
            await self._log.delete_before(self._ratings, ends)
            after = await self._forget(user_id)
            newest = await self._models.runs(1)
            changes = {
                "state": REWRITTEN,
                "rows": erasure.get("rows", 0) + erased.rows,
                "lastModel": newest[0]["number"] if newest else 0,
                "tombstone": {"partition": after.partition, "offset": after.offset},
            }
            await self._receipts.update(erasure["_id"], changes)

    async def _finish(self, erasure: Mapping[str, Any], cached: Mapping[int, int]) -> bool:
        """Forgets once more, after the last list that was on its way into the cache; whether it
        was time for that."""
        tombstone = erasure["tombstone"]
        if _is_behind(cached, {tombstone["partition"]: tombstone["offset"] + 1}):
            return False
        for store in self._stores:
            await store.forget_user(erasure["userId"], last=True)
        await self._receipts.complete(
            erasure["_id"], {"state": ERASED, "erasedAt": datetime.now(UTC)}
        )
        log.info("erasure %s is complete: %d rows", erasure["_id"], erasure["rows"])
        return True

    async def _forget(self, user_id: int) -> Position:
        for store in self._stores:
            await store.forget_user(user_id)
        return await self._messages.send_tombstone(self._recommendations, b"%d" % user_id)


def _is_behind(progress: Mapping[int, int], ends: Mapping[int, int]) -> bool:
    return any(progress.get(partition, 0) < end for partition, end in ends.items())
