"""Users' side of a model from their ratings alone: every list is made of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jobs.item_factors import Floats, ItemFactors
from jobs.ranking import RankedList, UserBlock, popularity_weight, rank_users

_EQUATION_BYTES = 16_000_000
"""So much of equations is solved at a time."""


class KnownRatings(NamedTuple):
    """A user's ratings of films that the model knows."""

    rows: NDArray[np.intp]
    """The films' rows in the model."""
    stars: Floats


class Equation(NamedTuple):
    """A user's equation for the order, A x = b, b being the sum of c y over the liked films."""

    left: Floats
    """A."""
    right: Floats
    """b."""
    liked: NDArray[np.intp]
    """Which of the user's ratings these are."""
    confidence: Floats
    """c, of each of them."""


@dataclass(frozen=True)
class FoldIn:
    """Folds users into a model: solves for their factors against the item factors it has."""

    items: ItemFactors
    gram: Floats
    """The item factors' YᵀY, the part of each user's equation that is the same for all."""

    @classmethod
    def of(cls, items: ItemFactors) -> FoldIn:
        order = items.order[items.is_fitted].astype(np.float64)
        return cls(items, (order.T @ order).astype(np.float32))

    def known(self, ratings: Mapping[int, float]) -> KnownRatings:
        """The ratings (film to stars) of films that the model has; others cannot be scored."""
        ids = np.fromiter(ratings.keys(), dtype=np.int32, count=len(ratings))
        stars = np.fromiter(ratings.values(), dtype=np.float32, count=len(ratings))
        return self.known_of(ids, stars)

    def known_of(self, movie_ids: NDArray[np.int32], stars: Floats) -> KnownRatings:
        """As `known`, of two arrays of equal length."""
        rows = np.minimum(self.items.rows(movie_ids), len(self.items.movie_ids) - 1)
        is_known = self.items.movie_ids[rows] == movie_ids
        return KnownRatings(rows[is_known], stars[is_known])

    def rank(
        self, users: Sequence[tuple[int, Mapping[int, float]]], n: int
    ) -> Iterator[RankedList]:
        """The best `n` films of each (user, ratings)."""
        yield from rank_users(self.user_block(users), self.items, n)

    def user_block(self, users: Sequence[tuple[int, Mapping[int, float]]]) -> UserBlock:
        """What the model makes of each (user, ratings)."""
        return self.block_of(
            np.array([user_id for user_id, _ in users], dtype=np.int32),
            [self.known(ratings) for _, ratings in users],
        )

    def block_of(self, user_ids: NDArray[np.int32], known: Sequence[KnownRatings]) -> UserBlock:
        """What the model makes of the users who gave these ratings."""
        sides = [self._stars_side(ratings) for ratings in known]
        return UserBlock(
            user_ids=user_ids,
            order=self._order_factors(known),
            stars=_rows([factor for _, factor in sides], self.items.stars),
            bias=np.array([bias for bias, _ in sides], dtype=np.float32),
            popularity=np.array([self.popularity_weight(each) for each in known], dtype=np.float32),
            rated=[self.items.movie_ids[ratings.rows] for ratings in known],
        )

    def weights(self, ratings: KnownRatings) -> Floats:
        """How far each rating is above what is neutral for this user, who may be strict or mild."""
        items, parameters = self.items, self.items.parameters
        left = ratings.stars.sum() - len(ratings.stars) * items.mean
        own = left / (len(ratings.stars) + parameters.user_shrinkage)
        neutral = parameters.neutral_rating + parameters.own_neutral * own
        return ratings.stars - np.float32(neutral)

    def popularity_weight(self, ratings: KnownRatings) -> float:
        """How much popularity weighs in the order for who gave these ratings, from 1 to 0."""
        liked = ratings.rows[self.weights(ratings) > 0]
        rarity = float(self.items.rarity[liked].mean()) if len(liked) else 0.0
        return popularity_weight(len(ratings.rows), rarity, self.items.parameters)

    def equation(self, ratings: KnownRatings) -> Equation | None:
        """(YᵀY + Σ α|w| y yᵀ + λ n I) x = Σ₊ (1 + αw) y, w the weights, n of them above zero.

        Hu, Koren and Volinsky 2008, equation 4, as Spark solves it: a weight below zero is
        preference 0 with confidence, and λ is scaled by the number of weights above zero. Films
        with factors that are only likely count the less the more films the user likes that were
        fitted. None if no liking is left.
        """
        items, parameters = self.items, self.items.parameters
        weights = self.weights(ratings)
        is_fitted = items.is_fitted[ratings.rows]
        is_liked = (weights > 0) & items.has_factor[ratings.rows]
        liked = np.flatnonzero(is_liked)
        if not len(liked):
            return None
        share = np.where(is_fitted, 1, 1 / (1 + np.count_nonzero(is_liked & is_fitted)))
        share = share.astype(np.float32)
        films = items.order[ratings.rows]
        confidence = np.float32(parameters.alpha) * np.abs(weights)
        # Films that were fitted have their 1 of the confidence in YᵀY already.
        beyond = share * (confidence + ~is_fitted)
        left: Floats = self.gram + films.T @ (beyond[:, None] * films)
        ridge = parameters.user_regularization * float(share[liked].sum())
        left[np.diag_indices_from(left)] += np.float32(ridge)
        speaking = share[liked] * (1 + confidence[liked])
        return Equation(left, speaking @ films[liked], liked, speaking)

    def _order_factors(self, known: Sequence[KnownRatings]) -> Floats:
        """(users, rank): the solution of each user's equation, zero where there is none."""
        factors = np.zeros((len(known), len(self.gram)), dtype=np.float32)
        step = max(1, _EQUATION_BYTES // max(1, self.gram.nbytes))
        for start in range(0, len(known), step):
            equations = [self.equation(ratings) for ratings in known[start : start + step]]
            rows = [row for row, equation in enumerate(equations, start) if equation]
            solved = [equation for equation in equations if equation]
            if solved:
                left = np.stack([equation.left for equation in solved])
                right = np.stack([equation.right for equation in solved])
                factors[rows] = np.linalg.solve(left, right[..., None])[..., 0]
        return factors

    def _stars_side(self, ratings: KnownRatings) -> tuple[float, Floats]:
        """The user's bias, and explicit factors of what the biases leave (ALS-WR)."""
        items, parameters = self.items, self.items.parameters
        rank = items.stars.shape[1]
        count = len(ratings.rows)
        if not count:
            return 0.0, np.zeros(rank, dtype=np.float32)
        left = ratings.stars - np.float32(items.mean) - items.item_bias[ratings.rows]
        bias = float(left.sum() / (count + parameters.user_shrinkage))
        rated = items.stars[ratings.rows]
        equation = rated.T @ rated
        equation[np.diag_indices_from(equation)] += parameters.stars_regularization * count
        return bias, np.linalg.solve(equation, rated.T @ (left - np.float32(bias)))


def _rows(factors: Sequence[Floats], like: Floats) -> Floats:
    return np.stack(factors) if factors else np.zeros((0, like.shape[1]), dtype=np.float32)
