"""The two fits: implicit-feedback ALS for the order of films, biases and explicit ALS for stars."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from pyspark import RDD
from pyspark.broadcast import Broadcast
from pyspark.sql import DataFrame

from jobs.alternating_least_squares import Factors, Terms, fit_columns
from jobs.item_factors import Floats, Ints, ItemFactors, has_factors
from jobs.rating_blocks import Block, blocks_by_user, kept
from jobs.spec import ModelParameters


@dataclass(frozen=True)
class FitRatings:
    """Ratings laid out for fits."""

    blocks: RDD[Block]
    """The stars, by user; they stay on the executors."""
    users: int
    mean: float
    movie_ids: Ints
    """The rated films, ascending."""
    counts: NDArray[np.int64]
    """How many rated each."""
    sums: NDArray[np.float64]
    """Of each film's stars."""

    @classmethod
    def of(cls, ratings: DataFrame) -> FitRatings:
        """Of `userId int, movieId int, rating float`, one row at least."""
        partitions = int(ratings.sparkSession.conf.get("spark.sql.shuffle.partitions") or 2)
        blocks = kept(blocks_by_user(ratings, partitions))
        found = blocks.map(lambda block: (len(block.rows), _film_totals(block))).collect()
        users = sum(count for count, _ in found)
        films, counts, sums = _totals(totals for _, totals in found)
        mean = float(sums.sum() / counts.sum())
        return cls(blocks, users, mean, films, counts.astype(np.int64), sums)

    def to_fit(self, parameters: ModelParameters) -> RDD[Block]:
        """Those of all users, or of about so many by lot as the parameters bound the fits to."""
        if self.users <= parameters.most_fitted_users:
            return self.blocks
        share = parameters.most_fitted_users / self.users
        return self.blocks.flatMap(partial(_some_users, share=share))

    def unpersist(self) -> None:
        """Frees the executors' memory; what is fitted afterwards reads the DataFrame again."""
        self.blocks.unpersist()


@dataclass(frozen=True)
class StarsModel:
    """Predicted stars: mean + user bias + item bias + the product of the factors."""

    item_bias: Floats
    """Of each rated film."""
    factors: Factors
    """Films'; users are solved for when they are needed."""


def fit_order(ratings: FitRatings, parameters: ModelParameters) -> Factors:
    """Films' factors, whose products with users' order a user's unrated films.

    Implicit-feedback ALS (Hu, Koren and Volinsky 2008). A weight above zero is a liked film and one
    below zero a disliked film, both with confidence 1 + alpha |weight|; the regularisation grows
    with the likes of a row, as in Spark's ALS.
    """
    weighted = ratings.to_fit(parameters).map(
        partial(_weighted, mean=ratings.mean, parameters=parameters)
    )
    # Whoever likes nothing, and what nobody likes, has a factor of zero: without a liked film
    # there is no regularisation, and the matrix may be singular.
    films, likes, _ = _totals(weighted.map(_film_likes).collect())
    films = films[likes >= max(parameters.min_likes, 1)]
    taking_part = ratings.blocks.context.broadcast(films)
    return fit_columns(
        weighted.flatMap(partial(_taking_part, films=taking_part)),
        partial(order_terms, parameters=parameters),
        rank=parameters.rank,
        iterations=parameters.iterations,
        seed=parameters.seed,
        all_pairs=True,
    )


def fit_stars(ratings: FitRatings, parameters: ModelParameters) -> StarsModel:
    """A model of the stars: shrunken biases, and explicit ALS on what they leave (ALS-WR)."""
    above = ratings.sums - ratings.counts * ratings.mean
    item_bias = above / (ratings.counts + parameters.item_shrinkage)
    biases = ratings.blocks.context.broadcast((ratings.movie_ids, item_bias))
    residuals = ratings.to_fit(parameters).map(
        partial(_residuals, mean=ratings.mean, biases=biases, parameters=parameters)
    )
    factors = fit_columns(
        residuals,
        partial(stars_terms, parameters=parameters),
        rank=parameters.stars_rank,
        iterations=parameters.stars_iterations,
        seed=parameters.seed,
    )
    return StarsModel(item_bias.astype(np.float32), factors)


def collect_items(
    version: str,
    parameters: ModelParameters,
    catalogue: Ints,
    ratings: FitRatings,
    order: Factors,
    stars: StarsModel,
) -> ItemFactors:
    """The item side of both fits, with a row for every film that is rated or in the catalogue."""
    movie_ids = np.union1d(catalogue, ratings.movie_ids).astype(np.int32)
    rows = np.searchsorted(movie_ids, ratings.movie_ids)
    counts = np.zeros(len(movie_ids), dtype=np.int32)
    counts[rows] = ratings.counts
    item_bias = np.zeros(len(movie_ids), dtype=np.float32)
    item_bias[rows] = stars.item_bias
    order_factors = order.of(movie_ids)
    return ItemFactors(
        version=version,
        parameters=parameters,
        mean=ratings.mean,
        movie_ids=movie_ids,
        counts=counts,
        is_recommendable=np.isin(movie_ids, catalogue, assume_unique=True),
        is_fitted=has_factors(order_factors),
        order=order_factors,
        stars=stars.factors.of(movie_ids),
        item_bias=item_bias,
    )


def _some_users(block: Block, share: float) -> Iterator[Block]:
    """So many of the users, always the same: those whose ids have a low hash (Knuth's)."""
    hashed = block.rows.astype(np.uint32) * np.uint32(2_654_435_761)
    found = block.where(block.spread((hashed < share * 2**32).astype(np.float32)) > 0)
    if len(found.rows):
        yield found


def _weighted(block: Block, mean: float, parameters: ModelParameters) -> Block:
    """How far each rating is above what is neutral for its user."""
    own = _shrunken(block, block.values.astype(np.float64) - mean, parameters)
    neutral = parameters.neutral_rating + parameters.own_neutral * own
    return block._replace(values=(block.values - block.spread(neutral)).astype(np.float32))


def _residuals(
    block: Block,
    mean: float,
    biases: Broadcast[tuple[Ints, NDArray[np.float64]]],
    parameters: ModelParameters,
) -> Block:
    """What the biases leave of each rating."""
    films, item_bias = biases.value
    left = block.values - (mean + item_bias[np.searchsorted(films, block.columns)])
    own = _shrunken(block, left, parameters)
    return block._replace(values=(left - block.spread(own)).astype(np.float32))


def _shrunken(
    block: Block, values: NDArray[np.float64], parameters: ModelParameters
) -> NDArray[np.float64]:
    """Each user's average."""
    return block.sums(values) / (block.counts() + parameters.user_shrinkage)


def _taking_part(block: Block, films: Broadcast[Ints]) -> Iterator[Block]:
    """What there is of these films, and of users who like any of them."""
    block = block.where(np.isin(block.columns, films.value))
    if len(block.rows):
        likes = block.sums((block.values > 0).astype(np.float32))
        block = block.where(block.spread(likes) > 0)
    if len(block.rows):
        yield block


def order_terms(block: Block, parameters: ModelParameters) -> Terms:
    liked = block.values > 0
    beyond = np.float32(parameters.alpha) * np.abs(block.values)
    ridge = np.float32(parameters.regularization) * block.sums(liked.astype(np.float32))
    return Terms(beyond, np.where(liked, 1 + beyond, 0), ridge)


def stars_terms(block: Block, parameters: ModelParameters) -> Terms:
    ridge = np.float32(parameters.stars_regularization) * block.counts().astype(np.float32)
    return Terms(np.ones_like(block.values), block.values, ridge)


_Totals = tuple[Ints, NDArray[np.float64], NDArray[np.float64]]
"""Ids, how many values each has, and their sum."""


def _film_totals(block: Block) -> _Totals:
    return _totals([(block.columns, np.ones(len(block.columns)), block.values.astype(np.float64))])


def _film_likes(block: Block) -> _Totals:
    return _film_totals(block.where(block.values > 0))


def _totals(parts: Iterable[_Totals]) -> _Totals:
    """Of all parts together, in ascending order of id."""
    ids, counts, sums = (np.concatenate(each) for each in zip(*parts, strict=True))
    found, places = np.unique(ids, return_inverse=True)
    counts, sums = (
        np.bincount(places, each, len(found)).astype(np.float64) for each in (counts, sums)
    )
    return found, counts, sums
