"""What a model has to beat: popularity, item-kNN and EASE, in NumPy, for data of one machine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.item_factors import Floats

_ROWS_PER_BLOCK = 1024


@dataclass(frozen=True)
class Interactions:
    """Users by films, as three arrays of equal length and the shape."""

    users: NDArray[np.intp]
    films: NDArray[np.intp]
    weights: Floats
    shape: tuple[int, int]

    def rows(self, start: int, stop: int) -> Floats:
        """Some users' rows as a dense matrix."""
        chosen = (self.users >= start) & (self.users < stop)
        block = np.zeros((min(stop, self.shape[0]) - start, self.shape[1]), dtype=np.float32)
        block[self.users[chosen] - start, self.films[chosen]] = self.weights[chosen]
        return block

    def gram(self) -> Floats:
        """XᵀX."""
        products = np.zeros((self.shape[1], self.shape[1]), dtype=np.float32)
        for start in range(0, self.shape[0], _ROWS_PER_BLOCK):
            block = self.rows(start, start + _ROWS_PER_BLOCK)
            products += block.T @ block
        return products


def popularity(interactions: Interactions) -> Floats:
    """A score per film, the same for everybody: the number of interactions."""
    return np.bincount(interactions.films, minlength=interactions.shape[1]).astype(np.float32)


def item_neighbours(
    interactions: Interactions, *, neighbours: int = 100, shrinkage: float = 10.0
) -> Floats:
    """(films, films): what an interaction with a row's film adds to the score of each column's.

    The cosine of the two films' columns, shrunken as if they had so many more interactions apart,
    for the nearest neighbours of each column; zero for the rest.
    """
    products = interactions.gram()
    lengths = np.sqrt(np.diag(products))
    similarity = np.divide(products, np.outer(lengths, lengths) + shrinkage, dtype=np.float32)
    np.fill_diagonal(similarity, 0)
    drop = len(similarity) - neighbours
    if drop > 0:
        farthest = np.argpartition(similarity, drop, axis=0)[:drop]
        np.put_along_axis(similarity, farthest, 0, axis=0)
    return similarity


def ease(interactions: Interactions, *, regularization: float = 300.0) -> Floats:
    """(films, films): what an interaction with a row's film adds to the score of each column's.

    The linear model with a zero diagonal that reproduces the interactions best (Steck 2019,
    "Embarrassingly Shallow Autoencoders for Sparse Data", equation 8).
    """
    regularized = interactions.gram()
    regularized[np.diag_indices_from(regularized)] += regularization
    inverse = np.linalg.inv(regularized)
    weights: Floats = np.divide(inverse, -np.diag(inverse), dtype=np.float32)
    np.fill_diagonal(weights, 0)
    return weights
