"""Top-N in blocks, against a brute-force ranking."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.item_factors import Floats, ItemFactors
from jobs.ranking import UserBlock, order_scores, predicted_stars, rank_users, top_n
from jobs.spec import ModelParameters


def an_item_side(films: int, *, seed: int = 0, popularity_until: float = 10.0) -> ItemFactors:
    rng = np.random.default_rng(seed)
    return ItemFactors(
        version="v1",
        parameters=ModelParameters(rank=4, stars_rank=3, popularity_until=popularity_until),
        mean=3.5,
        movie_ids=np.arange(1, films + 1, dtype=np.int32) * 10,
        counts=rng.integers(0, 50, films).astype(np.int32),
        is_recommendable=np.ones(films, dtype=bool),
        is_fitted=np.ones(films, dtype=bool),
        order=rng.normal(size=(films, 4)).astype(np.float32),
        stars=rng.normal(size=(films, 3)).astype(np.float32),
        item_bias=rng.normal(size=films).astype(np.float32),
    )


def some_users(count: int, items: ItemFactors, *, seed: int = 1) -> UserBlock:
    rng = np.random.default_rng(seed)
    return UserBlock(
        user_ids=np.arange(1, count + 1, dtype=np.int32),
        order=rng.normal(size=(count, 4)).astype(np.float32),
        stars=rng.normal(size=(count, 3)).astype(np.float32),
        bias=rng.normal(size=count).astype(np.float32),
        popularity=np.linspace(0, 1, count, dtype=np.float32),
        rated=[
            rng.choice(items.movie_ids, rng.integers(0, len(items.movie_ids)), replace=False)
            for _ in range(count)
        ],
    )


def test_lists_are_those_of_brute_force() -> None:
    items = an_item_side(200)
    items.is_recommendable[::7] = False
    users = some_users(30, items)

    ranked = list(rank_users(users, items, 10))

    scores = order_scores(users, items)
    for row, ranked_list in enumerate(ranked):
        rated = set(users.rated[row].tolist())
        candidates = [
            (-float(scores[row, column]), int(movie_id))
            for column, movie_id in enumerate(items.movie_ids)
            if items.is_recommendable[column] and int(movie_id) not in rated
        ]
        expected = [movie_id for _, movie_id in sorted(candidates)[:10]]
        assert ranked_list.user_id == row + 1
        assert ranked_list.movie_ids.tolist() == expected


def test_blocks_do_not_change_the_lists() -> None:
    items = an_item_side(50)
    users = some_users(11, items)
    whole = [ranked.movie_ids.tolist() for ranked in rank_users(users, items, 5)]

    in_threes = rank_users(users, items, 5, scores_per_block=3 * 50)

    assert [ranked.movie_ids.tolist() for ranked in in_threes] == whole


def test_a_user_who_rated_everything_gets_an_empty_list() -> None:
    items = an_item_side(5)
    users = some_users(1, items)._replace(rated=[items.movie_ids])

    (ranked,) = rank_users(users, items, 10)

    assert ranked.movie_ids.tolist() == []
    assert ranked.stars.tolist() == []


def test_with_fewer_films_than_asked_for_the_list_is_shorter() -> None:
    items = an_item_side(5)
    users = some_users(1, items)._replace(rated=[items.movie_ids[:2]])

    (ranked,) = rank_users(users, items, 10)

    assert sorted(ranked.movie_ids.tolist()) == items.movie_ids[2:].tolist()


@pytest.mark.parametrize("n", [0, 1, 3, 5, 9])
def test_equal_scores_are_ordered_by_column(n: int) -> None:
    scores = np.array([[1.0, 2.0, 1.0, 1.0, 2.0, 1.0, -np.inf]], dtype=np.float32)

    (columns,) = top_n(scores, n)

    assert columns.tolist() == [1, 4, 0, 2, 3, 5][:n]


@given(
    st.lists(
        st.lists(st.sampled_from([-np.inf, 0.0, 0.5, 1.0, 2.0]), min_size=6, max_size=6),
        min_size=1,
        max_size=4,
    ),
    st.integers(0, 8),
)
@settings(deadline=None)
def test_top_n_is_a_stable_sort_cut_off(rows: list[list[float]], n: int) -> None:
    scores: Floats = np.array(rows, dtype=np.float32)

    for row, columns in zip(rows, top_n(scores, n), strict=True):
        finite = [column for column in range(6) if np.isfinite(row[column])]
        assert columns.tolist() == sorted(finite, key=lambda column: -row[column])[:n]


def test_stars_are_mean_biases_and_product_within_the_scale() -> None:
    items = an_item_side(3)
    items.item_bias[:] = [0.25, -9, 9]
    items.stars[0] = [1, 2, 3]
    factors = np.array([0.5, 0.25, -0.5], dtype=np.float32)

    stars = predicted_stars(factors, 0.5, items, np.array([0, 1, 2]))

    assert stars.tolist() == pytest.approx([3.5 + 0.5 + 0.25 + (0.5 + 0.5 - 1.5), 0.5, 5.0])
