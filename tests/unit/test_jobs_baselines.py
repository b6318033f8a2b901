"""The baselines, against their definitions."""

from __future__ import annotations

import numpy as np
import pytest

from jobs.baselines import Interactions, ease, item_neighbours, popularity


def some_interactions(users: int = 40, films: int = 12) -> Interactions:
    chance = np.random.default_rng(2)
    user, film = np.nonzero(chance.random((users, films)) < 0.3)
    return Interactions(user, film, chance.random(len(user)).astype(np.float32), (users, films))


def test_rows_are_those_of_the_matrix() -> None:
    interactions = Interactions(
        np.array([0, 2, 2]), np.array([1, 0, 2]), np.array([1, 2, 3], dtype=np.float32), (3, 3)
    )

    assert interactions.rows(1, 9).tolist() == [[0, 0, 0], [2, 0, 3]]


def test_the_gram_matrix_is_the_product_with_itself() -> None:
    interactions = some_interactions(users=3000)
    whole = interactions.rows(0, 3000)

    np.testing.assert_allclose(interactions.gram(), whole.T @ whole, rtol=1e-4)


def test_popularity_counts() -> None:
    interactions = Interactions(
        np.array([0, 1, 2]), np.array([1, 1, 0]), np.ones(3, dtype=np.float32), (3, 4)
    )

    assert popularity(interactions).tolist() == [1, 2, 0, 0]


def test_neighbours_have_the_shrunken_cosine() -> None:
    interactions = some_interactions()
    columns = interactions.rows(0, 40).T

    similarity = item_neighbours(interactions, neighbours=12, shrinkage=2)

    a, b = columns[3], columns[7]
    expected = a @ b / (np.linalg.norm(a) * np.linalg.norm(b) + 2)
    assert similarity[3, 7] == pytest.approx(expected, rel=1e-5)
    assert not np.diag(similarity).any()


def test_only_the_nearest_neighbours_count() -> None:
    interactions = some_interactions()
    whole = item_neighbours(interactions, neighbours=12)

    similarity = item_neighbours(interactions, neighbours=3)

    assert (np.count_nonzero(similarity, axis=0) <= 3).all()
    for column in range(12):
        nearest = np.sort(whole[:, column])[-3:]
        np.testing.assert_allclose(np.sort(similarity[:, column])[-3:], nearest)


def test_ease_minimises_its_loss() -> None:
    interactions = some_interactions()
    x = interactions.rows(0, 40).astype(np.float64)
    weights = ease(interactions, regularization=3.0).astype(np.float64)

    def loss(w: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> float:
        return float(((x - x @ w) ** 2).sum() + 3.0 * (w**2).sum())

    assert not np.diag(weights).any()
    for step in np.random.default_rng(5).normal(0, 0.01, (20, 12, 12)):
        np.fill_diagonal(step, 0)
        assert loss(weights) < loss(weights + step)
