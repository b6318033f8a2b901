"""Lists whose films are less alike, at the price of some that would fit better."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jobs.item_factors import Floats

REORDERED = 200
"""So many of the best films are put in a new order; those after them stay as they are."""


def diversified(
    columns: NDArray[np.intp], scores: Floats, directions: Floats, diversity: float
) -> NDArray[np.intp]:
    """The films of one user in a new order, by maximal marginal relevance.

    Each next film is the one with the most of (1 - diversity) times its score, from 0 to 1 among
    these films, less diversity times its highest cosine with a film further up (Carbonell and
    Goldstein 1998).

    Args:
        columns: The films, best first.
        scores: Of all films, for this user.
        directions: (films, rank), of length one, or zero for a film that is like no other.
    """
    head, tail = columns[:REORDERED], columns[REORDERED:]
    if len(head) < 2:
        return columns
    relevance = scores[head] - scores[head[-1]]
    relevance *= (1 - diversity) / (relevance[0] or 1)
    likeness = diversity * (directions[head] @ directions[head].T)
    highest = np.zeros(len(head), dtype=np.float32)
    order = np.empty(len(head), dtype=np.intp)
    for place in range(len(head)):
        chosen = int(np.argmax(relevance - highest))
        order[place] = chosen
        relevance[chosen] = -np.inf
        np.maximum(highest, likeness[chosen], out=highest)
    return np.concatenate([head[order], tail])
