"""The two fits: implicit-feedback ALS for the order of films, biases and explicit ALS for stars."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyspark.ml.recommendation import ALS
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.item_factors import Floats, ItemFactors, has_factors
from jobs.spec import ModelParameters

_FACTORS = "id int, features array<float>"


@dataclass(frozen=True)
class Factors:
    """One fit's factors as DataFrames of `id int, features array<float>`."""

    users: DataFrame
    items: DataFrame


@dataclass(frozen=True)
class StarsModel:
    """Predicted stars: mean + user bias + item bias + the product of the factors."""

    mean: float
    user_bias: DataFrame
    """userId int, user_bias double."""
    item_bias: DataFrame
    """movieId int, count long, item_bias double."""
    factors: Factors


def fit_order(spark: SparkSession, ratings: DataFrame, parameters: ModelParameters) -> Factors:
    """Factors whose product orders a user's unrated films.

    Implicit-feedback ALS (Hu, Koren and Volinsky 2008). Spark takes a weight above zero as a liked
    film and one below zero as a disliked film, both with confidence 1 + alpha |weight|.
    """
    weighted = _weighted(ratings, parameters)
    # Whoever likes nothing, and what nobody likes, has a factor of zero. Spark could not solve
    # for it: without a liked film there is no regularisation, and the matrix may be singular.
    liked = weighted.where("weight > 0")
    films = liked.groupBy("movieId").count().where(F.col("count") >= max(parameters.min_likes, 1))
    weighted = weighted.join(films, "movieId", "left_semi").persist()
    likers = weighted.where("weight > 0").select("userId").distinct()
    weighted = weighted.join(likers, "userId", "left_semi")
    return _fit(
        spark,
        weighted,
        ALS(
            rank=parameters.rank,
            maxIter=parameters.iterations,
            regParam=parameters.regularization,
            alpha=parameters.alpha,
            implicitPrefs=True,
            seed=parameters.seed,
        ),
    )


def fit_stars(spark: SparkSession, ratings: DataFrame, parameters: ModelParameters) -> StarsModel:
    """A model of the stars: shrunken biases, and explicit ALS on what they leave."""
    mean = _mean(ratings)
    item_bias = (
        ratings.groupBy("movieId")
        .agg(F.count("*").alias("count"), F.sum(F.col("rating") - mean).alias("sum"))
        .select(
            "movieId",
            "count",
            (F.col("sum") / (F.col("count") + parameters.item_shrinkage)).alias("item_bias"),
        )
        .persist()
    )
    left = ratings.join(item_bias, "movieId").withColumn(
        "left", F.col("rating") - mean - F.col("item_bias")
    )
    user_bias = (
        left.groupBy("userId")
        .agg((F.sum("left") / (F.count("*") + parameters.user_shrinkage)).alias("user_bias"))
        .persist()
    )
    residuals = left.join(user_bias, "userId").select(
        "userId", "movieId", (F.col("left") - F.col("user_bias")).alias("weight")
    )
    factors = _fit(
        spark,
        residuals,
        ALS(
            rank=parameters.stars_rank,
            maxIter=parameters.stars_iterations,
            regParam=parameters.stars_regularization,
            seed=parameters.seed,
        ),
    )
    return StarsModel(mean, user_bias, item_bias, factors)


def _weighted(ratings: DataFrame, parameters: ModelParameters) -> DataFrame:
    """userId, movieId, and how far the rating is above what is neutral for its user."""
    mean = _mean(ratings)
    own = F.sum(F.col("rating") - mean) / (F.count("*") + parameters.user_shrinkage)
    neutral = parameters.neutral_rating + parameters.own_neutral * own
    users = ratings.groupBy("userId").agg(neutral.alias("neutral"))
    weight = (F.col("rating") - F.col("neutral")).alias("weight")
    return ratings.join(users, "userId").select("userId", "movieId", weight)


def _mean(ratings: DataFrame) -> float:
    return float(ratings.agg(F.mean("rating")).head()[0])  # type: ignore[index]  # never empty


def _fit(spark: SparkSession, weighted: DataFrame, als: ALS) -> Factors:
    if weighted.isEmpty():
        nothing = spark.createDataFrame([], _FACTORS)
        return Factors(nothing, nothing)
    # More blocks than cores only add shuffles; they are needed where one block outgrows a task.
    als.setNumBlocks(int(spark.conf.get("spark.sql.shuffle.partitions") or 2))
    als.setUserCol("userId").setItemCol("movieId").setRatingCol("weight")
    model = als.fit(weighted)
    return Factors(model.userFactors, model.itemFactors)


def collect_items(
    version: str,
    parameters: ModelParameters,
    catalogue: NDArray[np.int32],
    order: Factors,
    stars: StarsModel,
) -> ItemFactors:
    """The item side of both fits, with a row for every film that is rated or in the catalogue."""
    rated = stars.item_bias.toArrow()
    movie_ids = np.union1d(catalogue, rated.column("movieId").to_numpy()).astype(np.int32)
    rows = np.searchsorted(movie_ids, rated.column("movieId").to_numpy())
    counts = np.zeros(len(movie_ids), dtype=np.int32)
    counts[rows] = rated.column("count").to_numpy()
    item_bias = np.zeros(len(movie_ids), dtype=np.float32)
    item_bias[rows] = rated.column("item_bias").to_numpy()
    order_factors = _matrix(order.items, movie_ids, parameters.rank)
    return ItemFactors(
        version=version,
        parameters=parameters,
        mean=stars.mean,
        movie_ids=movie_ids,
        counts=counts,
        is_recommendable=np.isin(movie_ids, catalogue, assume_unique=True),
        is_fitted=has_factors(order_factors),
        order=order_factors,
        stars=_matrix(stars.factors.items, movie_ids, parameters.stars_rank),
        item_bias=item_bias,
    )


def _matrix(factors: DataFrame, ids: NDArray[np.int32], rank: int) -> Floats:
    """One row per id; zeros for those that have no factors."""
    matrix = np.zeros((len(ids), rank), dtype=np.float32)
    table = factors.toArrow()
    if len(table):
        rows = np.searchsorted(ids, table.column("id").to_numpy())
        features = table.column("features").combine_chunks()
        matrix[rows] = features.flatten().to_numpy().reshape(-1, rank)
    return matrix
