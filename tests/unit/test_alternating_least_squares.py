"""Blocks of a sparse matrix, and the equations of their rows."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from jobs.alternating_least_squares import Terms, solve
from jobs.rating_blocks import Block

Entries = dict[tuple[int, int], float]


def block_of(entries: Entries) -> Block:
    """The block of these (row, column): value."""
    rows, columns = np.array([*entries], dtype=np.int32).T
    return Block.of(rows, columns, np.array([*entries.values()], dtype=np.float32))


def entries_of(block: Block) -> Entries:
    rows = np.repeat(block.rows, block.counts()).tolist()
    return dict(
        zip(zip(rows, block.columns.tolist(), strict=True), block.values.tolist(), strict=True)
    )


@given(st.dictionaries(st.tuples(st.integers(1, 9), st.integers(1, 9)), st.integers(-3, 3)))
def test_a_block_keeps_what_the_mask_says(entries: dict[tuple[int, int], int]) -> None:
    kept = {key: float(value) for key, value in entries.items() if value > 0}
    if not entries:
        return
    block = block_of({key: float(value) for key, value in entries.items()})

    found = block.where(block.values > 0)

    assert entries_of(found) == kept
    assert found.rows.tolist() == sorted({row for row, _ in kept})
    assert found.counts().tolist() == [
        sum(row == of_row for of_row, _ in kept) for row in found.rows.tolist()
    ]


def test_sums_and_spread_are_by_row() -> None:
    block = block_of({(3, 1): 1.0, (3, 2): 2.0, (8, 1): 4.0})

    sums = block.sums(block.values)

    assert sums.tolist() == [3, 4]
    assert block.spread(sums).tolist() == [3, 3, 4]


def test_each_row_is_the_solution_of_its_equation() -> None:
    """Also rows that have more values than are summed at once, and more rows than are solved at
    once."""
    chance = np.random.default_rng(3)
    columns, rank = 12_000, 40
    counts = [9000, 1, 5000, *chance.integers(1, 30, 2500).tolist()]
    block = Block(
        np.arange(len(counts), dtype=np.int32),
        np.concatenate([[0], np.cumsum(counts)]),
        np.concatenate([chance.choice(columns, n, replace=False) for n in counts]).astype(np.int32),
        chance.normal(size=sum(counts)).astype(np.float32),
    )
    terms = Terms(
        chance.uniform(0, 2, sum(counts)).astype(np.float32),
        chance.normal(size=sum(counts)).astype(np.float32),
        chance.uniform(0.5, 5, len(counts)).astype(np.float32),
    )
    fixed = chance.normal(size=(columns, rank)).astype(np.float32)
    gram = np.diag(chance.uniform(1, 2, rank)).astype(np.float32)

    solved = solve(block, terms, fixed, gram)

    for row in range(len(counts)):
        of_row = slice(block.starts[row], block.starts[row + 1])
        factors = fixed[block.columns[of_row]].astype(np.float64)
        left = gram + (factors.T * terms.confidence[of_row]) @ factors
        left += terms.ridge[row] * np.eye(rank)
        expected = np.linalg.solve(left, terms.pull[of_row] @ factors)
        np.testing.assert_allclose(solved[row], expected, rtol=2e-3, atol=2e-4)
