"""Faust's consumer, with all that it has fetched of a partition as one event.

Faust makes a message, an event and four tasks of every record, and tracks the acknowledgement of
each; that is most of what a worker did (docs/decisions/whole-batches.md has the figures). Here the
value of an event is a list of records, as aiokafka made them. Agents, streams, rebalances, flow
control and commits stay Faust's own.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from typing import Any

import faust
from faust.transport.drivers.aiokafka import Consumer, Transport
from faust.types import TP, Message
from faust.types.transports import SchedulingStrategyT
from faust.types.tuples import ConsumerMessage

PACE_SECONDS = 0.01
"""From one batch to the next. A batch costs more than a record: under load many share one, while a
record that comes alone waits for nothing."""


def take_whole_batches(app: faust.App) -> None:
    """Has the app's consumer hand over whole batches; to be called before agents are declared."""
    app.transport = _BatchTransport(app.conf.broker_consumer, app)


def batch_options(partitions: int) -> dict[str, Any]:
    """Settings of an app that takes whole batches.

    Args:
        partitions: of its topics, of which each may have a batch in an agent's buffer at the time.
    """
    return {
        "broker_max_poll_records": 5000,
        "consumer_max_fetch_size": 512 * 1024,
        # Faust stops fetching a partition whose agent has four fifths of these waiting. The last
        # fifth takes what comes meanwhile, so that no agent ever keeps another from its batches.
        "stream_buffer_maxsize": max(16, 5 * partitions),
    }


class Batches(faust.Schema[None, Any]):
    """What a topic of such an app is declared with: nothing is decoded."""

    def loads_key(self, app: Any, message: Message, **_: Any) -> None:
        return None

    def loads_value(self, app: Any, message: Message, **_: Any) -> Any:
        return message.value


class _OnePerPartition(SchedulingStrategyT):
    def __init__(self) -> None:
        pass

    def iterate(self, records: Mapping[TP, list[Any]]) -> Iterator[tuple[TP, Any]]:
        return iter([(tp, fetched) for tp, fetched in records.items() if fetched])


class _BatchConsumer(Consumer):
    """The offset of a batch, for Faust, is that of its last record."""

    pace_seconds = PACE_SECONDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scheduler = _OnePerPartition()
        self._next_batch = 0.0
        self._begins: dict[TP, dict[int, int]] = {}
        """The offset from which each batch, by its own, covers what was to be read."""

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> Any:
        await asyncio.sleep(max(0.0, self._next_batch - time.monotonic()))
        records = await super()._getmany(active_partitions, timeout)
        self._next_batch = time.monotonic() + self.pace_seconds
        return records

    def _to_message(self, tp: TP, record: Any) -> ConsumerMessage:
        first, last = record[0], record[-1]
        # Offsets that Kafka does not hold (compacted, or of control records) belong to the batch
        # after them. What was read last is the batch before this one or, after a seek, its target.
        read = self._read_offset[tp]
        begin = first.offset if read is None else min(first.offset, read)
        self._begins.setdefault(tp, {})[last.offset] = begin
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            last.offset,
            last.timestamp / 1000,
            last.timestamp_type,
            None,
            None,
            record,
            None,
            tp=tp,
            generation_id=self.app.consumer_generation_id,
        )

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Nothing: every batch is a gap to Faust."""

    def _new_offset(self, tp: TP) -> int | None:
        """The offset after the last batch before which all are acknowledged; None if it is the
        committed one."""
        begins, acked = self._begins.get(tp, {}), self._acked[tp]
        committed = position = self._committed_offset[tp]
        for last in sorted(acked):
            begin = begins.get(last)
            if begin is None:  # of an earlier assignment; it is being delivered again
                acked.remove(last)
                self._acked_index[tp].discard(last)
            elif position is None or begin <= position:
                position = last + 1
                acked.remove(last)
                self._acked_index[tp].discard(last)
        if position is None or position == committed:
            return None
        self._begins[tp] = {last: begin for last, begin in begins.items() if last >= position}
        return position

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        for tp in revoked:
            self._begins.pop(tp, None)
        await super().on_partitions_revoked(revoked)


class _BatchTransport(Transport):
    Consumer = _BatchConsumer
