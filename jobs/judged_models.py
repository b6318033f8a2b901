"""The ALS models as makers of lists and stars: the service's own, and the tutorials'."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.ml.recommendation import ALS
from pyspark.sql import DataFrame, SparkSession

from jobs.contenders import USERS_PER_BLOCK, best
from jobs.fitting import FitRatings, StarsModel, collect_items, fit_order, fit_stars
from jobs.fold_in import FoldIn
from jobs.item_factors import Floats, Ints
from jobs.judged_ratings import KnownUser
from jobs.new_films import Traits, with_likely_factors
from jobs.ranking import predicted_stars
from jobs.report import OURS
from jobs.spec import ModelParameters
from recsys_app.models import MAX_RATING, MIN_RATING

_MOST_ITERATIONS = 10
"""Of Spark's ALS; the lineage of 15 overflows the JVM's stack."""


@dataclass(frozen=True)
class ServiceModel:
    """What the service serves: the training's item factors, into which users are folded."""

    fold_in: FoldIn
    name: str = OURS
    about: str = "implicit-feedback ALS for the order, as it is trained and served"

    @classmethod
    def fit(
        cls,
        ratings: FitRatings,
        films: Sequence[Traits],
        parameters: ModelParameters,
        stars: StarsModel | None = None,
    ) -> ServiceModel:
        """The model of these ratings, and of the catalogue's films, by the training's own
        functions; `stars` if that part is fitted already."""
        order = fit_order(ratings, parameters)
        stars = stars or fit_stars(ratings, parameters)
        catalogue = np.unique(np.array([film.movie_id for film in films], dtype=np.int32))
        items = collect_items("evaluation", parameters, catalogue, ratings, order, stars)
        return cls(FoldIn.of(with_likely_factors(items, films)))

    def lists(self, users: Sequence[KnownUser], n: int) -> Iterator[Ints]:
        for start in range(0, len(users), USERS_PER_BLOCK):
            block = [
                (user.user_id, user.ratings) for user in users[start : start + USERS_PER_BLOCK]
            ]
            for ranked in self.fold_in.rank(block, n):
                yield ranked.movie_ids

    def stars(self, users: Sequence[KnownUser]) -> Iterator[Floats]:
        """The predicted stars of each user's held-out films; of unknown ones the averages."""
        items = self.fold_in.items
        # Stars do without the order, whose equations are the expensive ones.
        fold_in = FoldIn.of(replace(items, order=items.order[:, :1]))
        for start in range(0, len(users), USERS_PER_BLOCK):
            block = users[start : start + USERS_PER_BLOCK]
            sides = fold_in.user_block([(user.user_id, user.ratings) for user in block])
            for row, user in enumerate(block):
                columns, is_known = _places(items.movie_ids, user.held_movies)
                bias = float(sides.bias[row])
                stars = np.full(len(is_known), items.mean + bias, dtype=np.float32)
                stars[is_known] = predicted_stars(sides.stars[row], bias, items, columns[is_known])
                yield np.clip(stars, MIN_RATING, MAX_RATING)

    def biases_alone(self) -> ServiceModel:
        """The same model, whose stars are those of the averages alone."""
        items = self.fold_in.items
        return ServiceModel(FoldIn.of(replace(items, stars=np.zeros_like(items.stars[:, :1]))))


@dataclass(frozen=True)
class ExplicitALS:
    """Spark's ALS on the raw ratings, ordering films by the predicted stars, as tutorials do."""

    user_ids: Ints
    users: Floats
    movie_ids: Ints
    items: Floats
    mean: float
    catalogue: Ints
    about: str
    name: str = "explicit ALS"

    @classmethod
    def fit(
        cls,
        spark: SparkSession,
        ratings: DataFrame,
        catalogue: Ints,
        parameters: ModelParameters,
        mean: float,
    ) -> ExplicitALS:
        rank, regularization = parameters.stars_rank, parameters.stars_regularization
        als = ALS(
            rank=rank,
            maxIter=min(parameters.stars_iterations, _MOST_ITERATIONS),
            regParam=regularization,
            seed=parameters.seed,
            userCol="userId",
            itemCol="movieId",
            ratingCol="rating",
        )
        als.setNumBlocks(int(spark.conf.get("spark.sql.shuffle.partitions") or 2))
        model = als.fit(ratings)
        user_ids, users = _factors(model.userFactors.toArrow(), rank)
        movie_ids, items = _factors(model.itemFactors.toArrow(), rank)
        about = f"rank {rank}, regularisation {regularization:g}, on the raw ratings"
        return cls(user_ids, users, movie_ids, items, mean, catalogue, about)

    def lists(self, users: Sequence[KnownUser], n: int) -> Iterator[Ints]:
        for start in range(0, len(users), USERS_PER_BLOCK):
            block = users[start : start + USERS_PER_BLOCK]
            factors = self.users[np.searchsorted(self.user_ids, [user.user_id for user in block])]
            yield from best(factors @ self.items.T, self.movie_ids, block, self.catalogue, n)

    def stars(self, users: Sequence[KnownUser]) -> Iterator[Floats]:
        """The predicted stars of each user's held-out films; the mean for unknown films."""
        for user in users:
            factor = self.users[np.searchsorted(self.user_ids, user.user_id)]
            columns, is_known = _places(self.movie_ids, user.held_movies)
            stars = np.full(len(is_known), self.mean, dtype=np.float32)
            stars[is_known] = self.items[columns[is_known]] @ factor
            yield np.clip(stars, MIN_RATING, MAX_RATING)


def _factors(table: pa.Table, rank: int) -> tuple[Ints, Floats]:
    ids = table.column("id").to_numpy()
    factors = table.column("features").combine_chunks().flatten().to_numpy().reshape(-1, rank)
    order = np.argsort(ids)
    return ids[order], factors[order]


def _places(ids: Ints, wanted: Ints) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Where each wanted id is, and whether it is there."""
    rows = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
    return rows, ids[rows] == wanted
