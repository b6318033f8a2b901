"""The Parquet files of a snapshot, read and rewritten one at a time."""

from __future__ import annotations

import io
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from recsys_app.archive import ArchiveRow
from recsys_app.models import OFFSETS_PER_EPOCH

FOOTER_BYTES = 65_536
"""The end of a file in which its footer surely is: it has a few columns and row groups."""

_COMPRESSION = "zstd"


def may_hold(tail: bytes, user_id: int) -> bool:
    """Whether a file that ends like this may hold rows of the user, by its statistics."""
    metadata = pq.read_metadata(io.BytesIO(tail))
    column = metadata.schema.names.index("userId")
    for number in range(metadata.num_row_groups):
        statistics = metadata.row_group(number).column(column).statistics
        if statistics is None or not statistics.has_min_max:
            return True
        if statistics.min <= user_id <= statistics.max:
            return True
    return False


def without_user(content: bytes, user_id: int, *, epoch: int, ends: Mapping[int, int]) -> bytes:
    """The file without the user's rows of older epochs, and of this one those before the ends of
    their partitions; the same bytes if there are none."""
    table = pq.read_table(io.BytesIO(content))
    epochs, offsets = _places(table)
    limits = [ends.get(partition, 0) for partition in table.column("partition").to_pylist()]
    is_before = pc.or_(
        pc.less(epochs, epoch),
        pc.and_(pc.equal(epochs, epoch), pc.less(offsets, pa.array(limits, pa.int64()))),
    )
    kept = table.filter(pc.invert(pc.and_(pc.equal(table.column("userId"), user_id), is_before)))
    if len(kept) == len(table):
        return content
    sink = io.BytesIO()
    pq.write_table(kept, sink, compression=_COMPRESSION)
    return sink.getvalue()


def rows_of(
    content: bytes, *, before: Mapping[str, int], partition: int | None = None
) -> dict[int, list[ArchiveRow]]:
    """By epoch, the rows of a table of ratings.

    Args:
        content: the Parquet file.
        before: by `epoch/partition`, the offset before which rows are wanted.
        partition: of this one only.
    """
    table = pq.read_table(io.BytesIO(content))
    if partition is not None:
        table = table.filter(pc.equal(table.column("partition"), partition))
    epochs, offsets = _places(table)
    found: dict[int, list[ArchiveRow]] = {}
    names = ("partition", "userId", "movieId", "rating", "timestamp")
    columns = [epochs, offsets, *(table.column(name) for name in names)]
    for epoch, offset, of, user, movie, stars, timestamp in zip(
        *(column.to_pylist() for column in columns), strict=True
    ):
        if offset < before.get(f"{epoch}/{of}", 0):
            found.setdefault(epoch, []).append(ArchiveRow(offset, user, movie, stars, timestamp))
    return found


def _places(table: pa.Table) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """Epoch and offset of each row."""
    before = pc.subtract(table.column("sequence"), 1)
    epochs = pc.divide(before, OFFSETS_PER_EPOCH)
    return epochs, pc.subtract(before, pc.multiply(epochs, OFFSETS_PER_EPOCH))
