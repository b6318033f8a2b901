"""The fits beside Spark's own ALS, on real ratings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from pyspark import RDD
from pyspark.ml.recommendation import ALS, ALSModel
from pyspark.sql import DataFrame, SparkSession

from jobs.alternating_least_squares import Factors, Terms, fit_columns, solve
from jobs.fitting import FitRatings, order_terms, stars_terms
from jobs.item_factors import Floats
from jobs.judged_ratings import read_dataset
from jobs.rating_blocks import Block, blocks_by_user, transposed
from jobs.spec import ModelParameters
from tests.movielens import movielens_folder

RANK, ITERATIONS, MEAN = 10, 6, np.float32(3.5)
PARAMETERS = ModelParameters(alpha=2.0, regularization=0.1, stars_regularization=0.1)
TERMS: dict[bool, Callable[[Block], Terms]] = {
    True: partial(order_terms, parameters=PARAMETERS),
    False: partial(stars_terms, parameters=PARAMETERS),
}


@pytest.fixture(scope="module")
def ratings(spark: SparkSession) -> DataFrame:
    """How far some of MovieLens's ratings are above 3.5 stars, of users who like any of the films
    and films that any of the users like."""
    known = read_dataset(str(movielens_folder())).ratings
    known = known.where(known.movies % 4 == 0)
    for _ in range(2):
        liked = known.stars > MEAN
        known = known.where(
            np.isin(known.users, known.users[liked]) & np.isin(known.movies, known.movies[liked])
        )
    return spark.createDataFrame(replace(known, stars=known.stars - MEAN).table()).persist()


def by_spark(ratings: DataFrame, *, implicit: bool) -> ALSModel:
    als = ALS(
        rank=RANK, maxIter=ITERATIONS, regParam=0.1, alpha=PARAMETERS.alpha, implicitPrefs=implicit,
        userCol="userId", itemCol="movieId", ratingCol="rating", seed=1,
    )  # fmt: skip
    return als.fit(ratings)


def factors_of(frame: DataFrame) -> Factors:
    table = frame.orderBy("id").toArrow()
    features = table.column("features").combine_chunks().flatten().to_numpy()
    return Factors(table.column("id").to_numpy(), features.reshape(-1, RANK))


def whole(ratings: DataFrame) -> Block:
    """All ratings as one block by user."""
    (block,) = blocks_by_user(ratings, 1).collect()
    return block


def users_of(block: Block, films: Factors, *, implicit: bool) -> Floats:
    """The solution of every user's equation."""
    placed = block._replace(columns=np.searchsorted(films.ids, block.columns))
    gram = films.matrix.T @ films.matrix if implicit else np.zeros((RANK, RANK), np.float32)
    return solve(placed, TERMS[implicit](block), films.matrix, gram)


def loss(block: Block, films: Factors, *, implicit: bool) -> float:
    """What the fit makes small, given the films' factors."""
    users = users_of(block, films, implicit=implicit)
    rows = np.repeat(np.arange(len(block.rows)), block.counts())
    columns = np.searchsorted(films.ids, block.columns)
    products = users @ films.matrix.T
    positive = block.values > 0 if implicit else np.ones(len(rows), dtype=bool)
    penalty = (np.bincount(rows[positive]) * (users**2).sum(axis=1)).sum() + (
        np.bincount(columns[positive]) * (films.matrix**2).sum(axis=1)
    ).sum()
    found = products[rows, columns]
    if implicit:
        confidence = 1 + PARAMETERS.alpha * np.abs(block.values)
        told = (confidence * ((block.values > 0) - found) ** 2).sum()
        told += (products**2).sum() - (found**2).sum()
    else:
        told = ((block.values - found) ** 2).sum()
    return float(told + 0.1 * penalty)


@pytest.mark.parametrize("implicit", [True, False])
def test_the_equations_are_those_of_spark(ratings: DataFrame, implicit: bool) -> None:
    model = by_spark(ratings, implicit=implicit)
    block = whole(ratings)

    users = users_of(block, factors_of(model.itemFactors), implicit=implicit)

    expected = factors_of(model.userFactors)
    assert expected.ids.tolist() == block.rows.tolist()
    np.testing.assert_allclose(users, expected.matrix, atol=2e-4)


@pytest.mark.parametrize("implicit", [True, False])
def test_a_fit_is_as_close_as_that_of_spark(ratings: DataFrame, implicit: bool) -> None:
    block = whole(ratings)

    found = fit_columns(
        blocks_by_user(ratings, 3), TERMS[implicit], rank=RANK, iterations=ITERATIONS, seed=1,
        all_pairs=implicit,
    )  # fmt: skip

    theirs = factors_of(by_spark(ratings, implicit=implicit).itemFactors)
    assert found.ids.tolist() == theirs.ids.tolist()
    assert loss(block, found, implicit=implicit) == pytest.approx(
        loss(block, theirs, implicit=implicit), rel=0.02
    )


def test_partitions_change_nothing(ratings: DataFrame) -> None:
    one, five = (
        fit_columns(
            blocks_by_user(ratings, partitions), TERMS[True], rank=RANK, iterations=3, seed=1,
            all_pairs=True,
        )
        for partitions in (1, 5)
    )  # fmt: skip

    assert one.ids.tolist() == five.ids.tolist()
    np.testing.assert_allclose(one.matrix, five.matrix, atol=1e-4)


def test_what_is_transposed_twice_is_as_it_was(ratings: DataFrame) -> None:
    blocks = blocks_by_user(ratings, 3)

    for before, after in zip(
        blocks.collect(), transposed(transposed(blocks, 2), 3).collect(), strict=True
    ):
        for one, other in zip(before, after, strict=True):
            assert one.tolist() == other.tolist()


def test_without_values_there_are_no_factors(spark: SparkSession) -> None:
    found = fit_columns(
        spark.sparkContext.emptyRDD().repartition(1), TERMS[True], rank=RANK, iterations=2, seed=1
    )

    assert found.matrix.shape == (0, RANK)


def test_a_bounded_fit_takes_whole_users_and_always_the_same(ratings: DataFrame) -> None:
    laid_out = FitRatings.of(ratings)
    everybody = users_in(laid_out.to_fit(ModelParameters(most_fitted_users=laid_out.users)))
    half = ModelParameters(most_fitted_users=laid_out.users // 2)

    chosen, again = (users_in(laid_out.to_fit(half)) for _ in range(2))

    assert len(everybody) == laid_out.users
    assert laid_out.users * 0.45 < len(chosen) < laid_out.users * 0.55
    assert chosen == again
    assert chosen.items() <= everybody.items()


def users_in(blocks: RDD[Block]) -> dict[int, list[float]]:
    """What there is of each user."""
    return {
        user: block.values[start:end].tolist()
        for block in blocks.collect()
        for user, (start, end) in zip(block.rows.tolist(), pairwise(block.starts), strict=True)
    }
