"""A user's side of a model from the user's ratings alone: what a training would make of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jobs.item_factors import Floats, ItemFactors
from jobs.ranking import RankedList, UserBlock, popularity_weight, rank_users

Matrix = NDArray[np.float64]


class KnownRatings(NamedTuple):
    """A user's ratings of films that the model knows."""

    rows: NDArray[np.intp]
    """The films' rows in the model."""
    stars: Floats


class Contribution(NamedTuple):
    """What one of the user's ratings adds to the score of a film."""

    movie_id: int
    stars: float
    share: float
    """Of everything that speaks for the film, 0 to 1."""


class Explanation(NamedTuple):
    """Why a film is in a user's list."""

    because: list[Contribution]
    """The ratings that speak for it most, the strongest first."""
    popularity: float
    """The share of its popularity in its score, 0 to 1."""


@dataclass(frozen=True)
class FoldIn:
    """Folds users into a model: solves for their factors against the item factors it has."""

    items: ItemFactors
    gram: Matrix
    """The item factors' YᵀY, the part of each user's equation that is the same for all."""

    @classmethod
    def of(cls, items: ItemFactors) -> FoldIn:
        order = items.order.astype(np.float64)
        return cls(items, order.T @ order)

    def known(self, ratings: Mapping[int, float]) -> KnownRatings:
        """The ratings (film to stars) of films that the model has; others cannot be scored."""
        ids = np.fromiter(ratings.keys(), dtype=np.int32, count=len(ratings))
        stars = np.fromiter(ratings.values(), dtype=np.float32, count=len(ratings))
        rows = np.minimum(self.items.rows(ids), len(self.items.movie_ids) - 1)
        is_known = self.items.movie_ids[rows] == ids
        return KnownRatings(rows[is_known], stars[is_known])

    def rank(
        self, users: Sequence[tuple[int, Mapping[int, float]]], n: int
    ) -> Iterator[RankedList]:
        """The best `n` films of each (user, ratings), ordered as the training orders them."""
        yield from rank_users(self.user_block(users), self.items, n)

    def user_block(self, users: Sequence[tuple[int, Mapping[int, float]]]) -> UserBlock:
        """What a training would know of the users."""
        known = [self.known(ratings) for _, ratings in users]
        sides = [self._stars_side(ratings) for ratings in known]
        return UserBlock(
            user_ids=np.array([user_id for user_id, _ in users], dtype=np.int32),
            order=_rows([self._order_factor(ratings) for ratings in known], self.items.order),
            stars=_rows([factor for _, factor in sides], self.items.stars),
            bias=np.array([bias for bias, _ in sides], dtype=np.float32),
            rated=[self.items.movie_ids[ratings.rows] for ratings in known],
        )

    def explain(
        self, ratings: Mapping[int, float], movie_ids: Sequence[int], most: int = 3
    ) -> list[Explanation]:
        """Why the films, which the model must have, are recommended for these ratings."""
        known = self.known(ratings)
        liked = self._weights(known) > 0
        movies, stars = self.items.movie_ids[known.rows[liked]], known.stars[liked]
        weight = float(popularity_weight(np.array([len(known.rows)]), self.items.parameters)[0])
        popularity = self.items.popularity[self.items.rows(np.array(movie_ids, dtype=np.int64))]
        return [
            _explanation((1 - weight) * parts, weight * float(popular), movies, stars, most)
            for parts, popular in zip(
                self.contributions(ratings, movie_ids), popularity, strict=True
            )
        ]

    def contributions(self, ratings: Mapping[int, float], movie_ids: Sequence[int]) -> Matrix:
        """(films, liked films): what each liking adds to the personal score of each film.

        The score is a sum over the liked films j of s_ij c_j with s_ij = yᵢᵀ W yⱼ, W being the
        inverse of the user's equation (Hu, Koren and Volinsky 2008, section 5).
        """
        known = self.known(ratings)
        weights = self._weights(known)
        liked = weights > 0
        rows = self.items.rows(np.array(movie_ids, dtype=np.int64))
        if not liked.any():
            return np.zeros((len(rows), 0))
        films = self.items.order[rows].astype(np.float64)
        rated = self.items.order[known.rows[liked]].astype(np.float64)
        inverse = np.linalg.inv(self._equation(known, weights))
        parts: Matrix = (films @ inverse @ rated.T) * (1 + self._alpha * weights[liked])
        return parts

    @property
    def _alpha(self) -> float:
        return self.items.parameters.alpha

    def _weights(self, ratings: KnownRatings) -> Floats:
        return ratings.stars - np.float32(self.items.parameters.neutral_rating)

    def _equation(self, ratings: KnownRatings, weights: Floats) -> Matrix:
        rated = self.items.order[ratings.rows].astype(np.float64)
        ridge = self.items.parameters.regularization * int((weights > 0).sum())
        confidence = self._alpha * np.abs(weights)[:, None]
        equation: Matrix = self.gram + rated.T @ (confidence * rated)
        equation[np.diag_indices_from(equation)] += ridge
        return equation

    def _order_factor(self, ratings: KnownRatings) -> Floats:
        """(YᵀY + Σ α|w| y yᵀ + λ n I) x = Σ₊ (1 + αw) y, w = stars − neutral, n likings.

        Hu, Koren and Volinsky 2008, equation 4, as Spark solves it: a weight below zero is
        preference 0 with confidence, and λ is scaled by the number of weights above zero.
        """
        weights = self._weights(ratings)
        liked = weights > 0
        if not liked.any():
            return np.zeros(len(self.gram), dtype=np.float32)
        right = (1 + self._alpha * weights[liked]) @ self.items.order[ratings.rows[liked]]
        return np.linalg.solve(self._equation(ratings, weights), right).astype(np.float32)

    def _stars_side(self, ratings: KnownRatings) -> tuple[float, Floats]:
        """The user's bias, and explicit factors of what the biases leave (ALS-WR)."""
        items, parameters = self.items, self.items.parameters
        rank = items.stars.shape[1]
        count = len(ratings.rows)
        if not count:
            return 0.0, np.zeros(rank, dtype=np.float32)
        left = ratings.stars - items.mean - items.item_bias[ratings.rows]
        bias = float(left.sum() / (count + parameters.user_shrinkage))
        rated = items.stars[ratings.rows].astype(np.float64)
        equation = rated.T @ rated + parameters.stars_regularization * count * np.eye(rank)
        return bias, np.linalg.solve(equation, rated.T @ (left - bias)).astype(np.float32)


def _rows(factors: Sequence[Floats], like: Floats) -> Floats:
    return np.stack(factors) if factors else np.zeros((0, like.shape[1]), dtype=np.float32)


def _explanation(
    parts: Matrix, popularity: float, movies: NDArray[np.int32], stars: Floats, most: int
) -> Explanation:
    speaking = np.maximum(parts, 0)
    whole = float(speaking.sum()) + popularity or 1.0
    strongest = [j for j in np.argsort(-speaking)[:most] if speaking[j] > 0]
    because = [
        Contribution(int(movies[j]), float(stars[j]), float(speaking[j]) / whole) for j in strongest
    ]
    return Explanation(because, popularity / whole)
