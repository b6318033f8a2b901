"""The ALS models as makers of lists and stars: the service's own, and the tutorials'."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from jobs.alternating_least_squares import Factors, fit_columns, places, solve
from jobs.contenders import USERS_PER_BLOCK, best
from jobs.fitting import FitRatings, StarsModel, collect_items, fit_order, fit_stars, stars_terms
from jobs.fold_in import FoldIn
from jobs.item_factors import Floats, Ints
from jobs.judged_ratings import KnownUser
from jobs.new_films import Traits, with_likely_factors
from jobs.ranking import predicted_stars
from jobs.rating_blocks import Block
from jobs.report import OURS
from jobs.spec import ModelParameters
from recsys_app.models import MAX_RATING, MIN_RATING


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
                columns, is_known = places(items.movie_ids, user.held_movies)
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
    """ALS on the raw ratings, ordering films by the predicted stars, as tutorials do."""

    films: Factors
    users: Factors
    """Of those who are judged."""
    mean: float
    catalogue: Ints
    about: str
    name: str = "explicit ALS"

    @classmethod
    def fit(
        cls,
        ratings: FitRatings,
        users: Sequence[KnownUser],
        catalogue: Ints,
        parameters: ModelParameters,
    ) -> ExplicitALS:
        """The model of these ratings, and of users whose known ratings are among them."""
        rank, regularization = parameters.stars_rank, parameters.stars_regularization
        terms = partial(stars_terms, parameters=parameters)
        films = fit_columns(
            ratings.to_fit(parameters),
            terms,
            rank=rank,
            iterations=parameters.stars_iterations,
            seed=parameters.seed,
        )
        known = _ratings_of(users, films.ids)
        columns = np.searchsorted(films.ids, known.columns).astype(np.int32)
        nothing = np.zeros((rank, rank), dtype=np.float32)
        solution = solve(known._replace(columns=columns), terms(known), films.matrix, nothing)
        about = f"rank {rank}, regularisation {regularization:g}, on the raw ratings"
        return cls(films, Factors(known.rows, solution), ratings.mean, catalogue, about)

    def lists(self, users: Sequence[KnownUser], n: int) -> Iterator[Ints]:
        for start in range(0, len(users), USERS_PER_BLOCK):
            block = users[start : start + USERS_PER_BLOCK]
            factors = self.users.of(np.array([user.user_id for user in block], dtype=np.int32))
            scores = factors @ self.films.matrix.T
            yield from best(scores, self.films.ids, block, self.catalogue, n)

    def stars(self, users: Sequence[KnownUser]) -> Iterator[Floats]:
        """The predicted stars of each user's held-out films; the mean for unknown films."""
        for user in users:
            (factor,) = self.users.of(np.array([user.user_id], dtype=np.int32))
            columns, is_known = places(self.films.ids, user.held_movies)
            stars = np.full(len(is_known), self.mean, dtype=np.float32)
            stars[is_known] = self.films.matrix[columns[is_known]] @ factor
            yield np.clip(stars, MIN_RATING, MAX_RATING)


def _ratings_of(users: Sequence[KnownUser], films: Ints) -> Block:
    """What is known of the users, but for films that took no part in the fit."""
    parts = [(np.full(len(user.movies), user.user_id), user.movies, user.stars) for user in users]
    rows, columns, stars = (np.concatenate(each) for each in zip(*parts, strict=True))
    known = Block.of(rows.astype(np.int32), columns, stars)
    return known.where(np.isin(known.columns, films))
