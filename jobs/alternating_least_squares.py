"""Alternating least squares over Spark: executors solve the equations of a block at a time by BLAS.

Spark's own ALS adds to an equation rating by rating, which takes three times the processor.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import cache, partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pyspark import RDD
from pyspark.broadcast import Broadcast

from jobs.item_factors import Floats, Ints
from jobs.rating_blocks import Block, kept, transposed

_VALUES_AT_ONCE = 1024
"""Their factors fit into a core's cache."""
_EQUATION_BYTES = 8_000_000
"""So much of equations is solved at a time."""


class Terms(NamedTuple):
    """What a block's values add to the equations of its rows, (G + Σ c y yᵀ + r I) x = Σ p y.

    y are the factors of a row's columns, and G is the same for all rows.
    """

    confidence: Floats
    """c of each value, none below zero."""
    pull: Floats
    """p of each value."""
    ridge: Floats
    """r of each row, above zero."""


TermsOf = Callable[[Block], Terms]


class Factors(NamedTuple):
    """(ids, rank): the factors of each id, in ascending order of id."""

    ids: Ints
    matrix: Floats

    def of(self, ids: Ints) -> Floats:
        """(ids, rank): the factors of these; zeros for those that have none."""
        found = np.zeros((len(ids), self.matrix.shape[1]), dtype=np.float32)
        rows, is_known = places(self.ids, ids)
        found[is_known] = self.matrix[rows[is_known]]
        return found


def places(ids: Ints, wanted: Ints) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Where each wanted id is among ascending ids, and whether it is there."""
    rows = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
    return rows, ids[rows] == wanted if len(ids) else np.zeros(len(wanted), dtype=np.bool_)


def fit_columns(
    blocks: RDD[Block],
    terms: TermsOf,
    *,
    rank: int,
    iterations: int,
    seed: int,
    all_pairs: bool = False,
) -> Factors:
    """The columns' factors, after so many solutions of them by turns with the rows'.

    The factors of one side at a time are in the memory of the driver and of every task; values are
    in the tasks' own blocks only. (Zhou et al. 2008, "Large-scale Parallel Collaborative Filtering
    for the Netflix Prize", section 3; with `all_pairs`, Hu, Koren and Volinsky 2008, section 4.)

    Args:
        blocks: all values, by row.
        terms: of a block, of rows or of columns alike.
        all_pairs: pairs without a value count as well, as values of 0 with a confidence of 1.
    """
    context, partitions = blocks.context, blocks.getNumPartitions()
    found = blocks.map(lambda block: (block.rows, np.unique(block.columns))).collect()
    if not found:
        return Factors(np.zeros(0, dtype=np.int32), np.zeros((0, rank), dtype=np.float32))
    rows, columns = (np.unique(np.concatenate(ids)) for ids in zip(*found, strict=True))
    ids = context.broadcast((rows, columns))
    by_row = kept(blocks.map(partial(_numbered, ids=ids)))
    by_column = kept(transposed(by_row, partitions))
    factors = _at_random(len(rows), rank, seed)
    for left in reversed(range(iterations)):
        solution = _solve(by_column, len(columns), terms, factors, all_pairs)
        if left:
            factors = _solve(by_row, len(rows), terms, solution, all_pairs)
    by_row.unpersist()
    by_column.unpersist()
    ids.destroy()
    return Factors(columns, solution)


def solve(block: Block, terms: Terms, fixed: Floats, gram: Floats) -> Floats:
    """(rows, rank): the solutions of the equations of a block, whose columns are rows of `fixed`.

    Args:
        fixed: (columns, rank).
        gram: (rank, rank), G.
    """
    diagonal = np.arange(len(gram))
    solved = np.empty((len(block.rows), len(gram)), dtype=np.float32)
    at_once = max(1, _EQUATION_BYTES // gram.nbytes)
    for first in range(0, len(block.rows), at_once):
        rows = slice(first, first + at_once)
        left, right = _sums(block, rows, terms, fixed)
        left += gram
        left[:, diagonal, diagonal] += terms.ridge[rows, None]
        solved[rows] = np.linalg.solve(left, right[..., None])[..., 0]
    return solved


def _sums(block: Block, rows: slice, terms: Terms, fixed: Floats) -> tuple[Floats, Floats]:
    """Σ c y yᵀ and Σ p y of these rows."""
    bounds = block.starts[rows.start : rows.stop + 1].tolist()
    rank = fixed.shape[1]
    left = np.empty((len(bounds) - 1, rank, rank), dtype=np.float32)
    right = np.empty((len(bounds) - 1, rank), dtype=np.float32)
    row, is_new = 0, True
    for start in range(bounds[0], bounds[-1], _VALUES_AT_ONCE):
        stop = min(start + _VALUES_AT_ONCE, bounds[-1])
        factors = fixed.take(block.columns[start:stop], axis=0)
        weighted = factors * terms.confidence[start:stop, None]
        end = start
        while end < stop:
            begin, end = end, min(bounds[row + 1], stop)
            part = slice(begin - start, end - start)
            if is_new:
                np.matmul(weighted[part].T, factors[part], out=left[row])
                np.matmul(terms.pull[begin:end], factors[part], out=right[row])
            else:
                left[row] += weighted[part].T @ factors[part]
                right[row] += terms.pull[begin:end] @ factors[part]
            is_new = end == bounds[row + 1]
            row += is_new
    return left, right


def _solve(side: RDD[Block], size: int, terms: TermsOf, fixed: Floats, all_pairs: bool) -> Floats:
    """One side's factors, the other's being given."""
    rank = fixed.shape[1]
    gram = np.zeros((rank, rank), dtype=np.float32)
    if all_pairs:
        exact = fixed.astype(np.float64)
        gram = (exact.T @ exact).astype(np.float32)
    shared = side.context.broadcast((fixed, gram))
    solution = np.zeros((size, rank), dtype=np.float32)
    for rows, solved in side.map(partial(_solve_block, terms=terms, shared=shared)).collect():
        solution[rows] = solved
    shared.destroy()
    return solution


def _solve_block(
    block: Block, terms: TermsOf, shared: Broadcast[tuple[Floats, Floats]]
) -> tuple[Ints, Floats]:
    _spare_collector()
    return block.rows, solve(block, terms(block), *shared.value)


@cache
def _spare_collector() -> None:
    """Spark collects garbage after each task, and looks through all that is imported: 20 ms."""
    gc.freeze()


def _numbered(block: Block, ids: Broadcast[tuple[Ints, Ints]]) -> Block:
    """With places among the ids for rows and columns."""
    rows, columns = ids.value
    return block._replace(
        rows=np.searchsorted(rows, block.rows).astype(np.int32),
        columns=np.searchsorted(columns, block.columns).astype(np.int32),
    )


def _at_random(count: int, rank: int, seed: int) -> Floats:
    """Vectors of length one in random directions."""
    drawn = np.random.default_rng(seed).standard_normal((count, rank), dtype=np.float32)
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    return drawn
