"""Ratings on the executors in blocks of NumPy arrays: a user's together, or a film's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark import RDD, StorageLevel
from pyspark.sql import DataFrame, Row

from jobs.item_factors import Bools, Floats, Ints

Starts = NDArray[np.int64]
F = TypeVar("F", np.float32, np.float64)


class Block(NamedTuple):
    """All values of some rows of a sparse matrix, ordered by row and column (CSR)."""

    rows: Ints
    """The rows' ids, ascending: users', or films'."""
    starts: Starts
    """(rows + 1): row i has the values from starts[i] to starts[i + 1]; one at least."""
    columns: Ints
    """Each value's column: the other side's id."""
    values: Floats

    @classmethod
    def of(cls, rows: Ints, columns: Ints, values: Floats) -> Block:
        """Of the values in any order."""
        order = np.argsort((rows.astype(np.int64) << 32) | columns, kind="stable")
        return cls.of_ordered(rows[order], columns[order], values[order])

    @classmethod
    def of_ordered(cls, rows: Ints, columns: Ints, values: Floats) -> Block:
        """Of values that are in order of row and column."""
        is_first = np.append(True, np.diff(rows) != 0)[: len(rows)]
        starts = np.append(np.flatnonzero(is_first), len(rows))
        return cls(rows[is_first], starts, columns, values)

    def counts(self) -> Starts:
        """How many values each row has."""
        return np.diff(self.starts)

    def sums(self, of: NDArray[F]) -> NDArray[F]:
        """Each row's sum of what there is for each value."""
        return np.add.reduceat(of, self.starts[:-1])

    def spread(self, of: NDArray[F]) -> NDArray[F]:
        """For each value what there is for its row."""
        return np.repeat(of, self.counts())

    def where(self, mask: Bools) -> Block:
        """Without the other values, and without the rows that lose all of theirs."""
        rows = np.repeat(self.rows, self.counts())
        return self.of_ordered(rows[mask], self.columns[mask], self.values[mask])


def blocks_by_user(ratings: DataFrame, partitions: int) -> RDD[Block]:
    """The ratings of a DataFrame with `userId int, movieId int, rating float`."""
    pieces = ratings.select("userId", "movieId", "rating").mapInArrow(
        partial(_cut_ratings, partitions=partitions), _PIECE
    )
    return _merged(pieces.rdd.map(_triples_of), partitions)


def transposed(blocks: RDD[Block], partitions: int) -> RDD[Block]:
    """The same values by what was the column."""
    return _merged(blocks.flatMap(partial(_cut_transposed, partitions=partitions)), partitions)


def kept(blocks: RDD[Block]) -> RDD[Block]:
    """The same, and once they were made they stay on the executors, on disk if memory is short."""
    return blocks.persist(StorageLevel.MEMORY_AND_DISK)


_Triples = tuple[Ints, Ints, Floats]
"""Rows, columns, values."""
_PIECE = "piece int, rows binary, columns binary, values binary"
"""A partition's number and its `_Triples`."""


def _cut_ratings(batches: Iterable[pa.RecordBatch], partitions: int) -> Iterator[pa.RecordBatch]:
    found = list(batches)
    if not found:
        return
    table = pa.Table.from_batches(found)
    users, movies, stars = (table[name].to_numpy() for name in ("userId", "movieId", "rating"))
    for piece, triples in _cut((users, movies, stars), partitions):
        contents = [pa.array([each.tobytes()]) for each in triples]
        yield pa.RecordBatch.from_arrays(
            [pa.array([piece], pa.int32()), *contents], ["piece", "rows", "columns", "values"]
        )


def _triples_of(row: Row) -> tuple[int, _Triples]:
    rows, columns = (np.frombuffer(each, dtype=np.int32) for each in (row.rows, row.columns))
    return row.piece, (rows, columns, np.frombuffer(row.values, dtype=np.float32))


def _cut_transposed(block: Block, partitions: int) -> Iterator[tuple[int, _Triples]]:
    return _cut((block.columns, np.repeat(block.rows, block.counts()), block.values), partitions)


def _cut(triples: _Triples, partitions: int) -> Iterator[tuple[int, _Triples]]:
    """The part of each partition, by the row."""
    target = triples[0] % partitions
    order = np.argsort(target, kind="stable")
    ends = np.searchsorted(target[order], np.arange(partitions + 1))
    for piece in range(partitions):
        chosen = order[ends[piece] : ends[piece + 1]]
        if len(chosen):
            yield piece, (triples[0][chosen], triples[1][chosen], triples[2][chosen])


def _merged(pieces: RDD[tuple[int, _Triples]], partitions: int) -> RDD[Block]:
    return pieces.partitionBy(partitions, int).mapPartitions(_merge)


def _merge(pieces: Iterable[tuple[int, _Triples]]) -> Iterator[Block]:
    found: Sequence[_Triples] = [triples for _, triples in pieces]
    if found:
        yield Block.of(*(np.concatenate(each) for each in zip(*found, strict=True)))
