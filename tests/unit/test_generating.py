"""The made-up data set: exact in number, the same for a seed, and as uneven as a real one."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from jobs.generating import Films, Volume, block_of_ratings

VOLUME = Volume(200_000, seed=3)


@pytest.fixture(scope="module")
def ratings() -> pa.Table:
    films = Films(VOLUME.seed, VOLUME.films)
    blocks = [block_of_ratings(VOLUME, films, block) for block in range(VOLUME.blocks)]
    return pa.Table.from_batches(blocks)


def column(ratings: pa.Table, name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return ratings.column(name).to_numpy().astype(float)


def test_there_are_exactly_as_many_ratings_as_asked_for(ratings: pa.Table) -> None:
    assert len(ratings) == VOLUME.ratings
    assert set(column(ratings, "userId")) == set(range(1, VOLUME.users + 1))
    assert set(column(ratings, "rating")) == set(np.arange(1, 11) / 2)
    pairs = column(ratings, "userId") * 10**6 + column(ratings, "movieId")
    assert len(np.unique(pairs)) == len(ratings)


def test_a_block_is_the_same_wherever_it_is_made(ratings: pa.Table) -> None:
    again = block_of_ratings(VOLUME, Films(VOLUME.seed, VOLUME.films), 1)
    first = len(block_of_ratings(VOLUME, Films(VOLUME.seed, VOLUME.films), 0))
    assert ratings.slice(first, len(again)).combine_chunks().to_batches()[0].equals(again)
    other = Volume(VOLUME.ratings, seed=4)
    assert not block_of_ratings(other, Films(other.seed, other.films), 1).equals(again)


def test_the_tail_is_long(ratings: pa.Table) -> None:
    of_films = np.sort(np.bincount(column(ratings, "movieId").astype(int)))[::-1]
    assert of_films[: VOLUME.films // 10].sum() > 0.4 * len(ratings)
    of_users = np.bincount(column(ratings, "userId").astype(int))[1:]
    assert of_users.min() >= 20
    assert np.quantile(of_users, 0.99) > 8 * np.median(of_users)


def test_what_is_watched_changes_with_the_years(ratings: pa.Table) -> None:
    times = column(ratings, "timestamp")
    assert (np.diff(times)[np.diff(column(ratings, "userId")) == 0] >= 0).all()
    early, late = (
        np.bincount(column(ratings, "movieId")[chosen].astype(int), minlength=VOLUME.films + 1)
        for chosen in (times < np.quantile(times, 0.2), times > np.quantile(times, 0.8))
    )
    assert np.corrcoef(early, late)[0, 1] < 0.9
    assert (early[late > 0] == 0).mean() > 0.05  # films that were not out yet


def test_tastes_can_be_learnt(ratings: pa.Table) -> None:
    """Films that one person likes are liked by the same others: the matrix has a few directions."""
    users, films = (column(ratings, name).astype(int) - 1 for name in ("userId", "movieId"))
    matrix = np.zeros((VOLUME.users, VOLUME.films))
    stars = column(ratings, "rating")
    means = np.bincount(films, stars, VOLUME.films) / np.maximum(np.bincount(films), 1)
    matrix[users, films] = stars - means[films]
    strengths = np.linalg.svd(matrix, compute_uv=False)
    shuffled = matrix.copy()
    shuffled[users, films] = np.random.default_rng(1).permutation(matrix[users, films])
    chance = np.linalg.svd(shuffled, compute_uv=False)
    assert strengths[3] > 1.3 * chance[3]
