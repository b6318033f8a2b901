"""What a training tells of its own quality: it holds the newest ratings of some users out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.fold_in import FoldIn
from jobs.item_factors import ItemFactors
from jobs.ranking import predicted_stars
from jobs.spec import TrainingSpec

MIN_USERS = 100
"""With fewer users a figure says nothing, and every rating is needed."""

MIN_RATINGS = 10
SHARE_OF_USERS = 0.1
SHARE_OF_RATINGS = 0.2
TOP = 10
_BUCKETS = 1_000_000_000
"""So many that 500 of a hundred million users can be told apart from none."""

Ratings = dict[int, float]
"""Film to stars."""


@dataclass(frozen=True)
class HeldOutUser:
    known: Ratings
    held_out: Ratings
    """The newest fifth."""


@dataclass(frozen=True)
class HoldOut:
    """Ratings to fit a model on, and users to judge it by."""

    fitted: DataFrame
    """All ratings but those that are held out."""
    users: Mapping[int, HeldOutUser]


def hold_out(ratings: DataFrame, users: int, spec: TrainingSpec) -> HoldOut:
    """Holds out the newest fifth of the ratings of a tenth of the users, of `spec.held_out_users`
    at most; always of the same users, so that the figures of two trainings can be compared.

    Args:
        ratings: of so many `users`.
    """
    share = min(SHARE_OF_USERS, spec.held_out_users / users) if users >= MIN_USERS else 0
    is_in_slice = F.pmod(F.xxhash64("userId"), F.lit(_BUCKETS)) < round(share * _BUCKETS)
    if not share:
        return HoldOut(ratings, {})
    found = _split(ratings.where(is_in_slice))
    pairs = [(user, film) for user, each in found.items() for film in each.held_out]
    if not pairs:
        return HoldOut(ratings, {})
    held = ratings.sparkSession.createDataFrame(pairs, "userId int, movieId int")
    fitted = ratings.join(F.broadcast(held), ["userId", "movieId"], "left_anti")
    return HoldOut(fitted, found)


def evaluate(items: ItemFactors, users: Mapping[int, HeldOutUser]) -> dict[str, float]:
    """NDCG and recall of the first ten films, and RMSE of the stars, on what is held out.

    Every held-out rating counts as relevant, as a film that the user chose to see; the lists are
    ranked over all films that the user had not rated before.
    """
    judged = {user: each for user, each in users.items() if each.held_out}
    if not judged:
        return {}
    fold_in = FoldIn.of(items)
    known = [(user, each.known) for user, each in judged.items()]
    gains, recalls = [], []
    for ranked in fold_in.rank(known, TOP):
        relevant = judged[ranked.user_id].held_out
        hits = np.array([film in relevant for film in ranked.movie_ids.tolist()], dtype=float)
        discounts = 1 / np.log2(np.arange(2, TOP + 2))
        best = discounts[: len(relevant)].sum()
        gains.append(float(hits @ discounts[: len(hits)]) / best)
        recalls.append(hits.sum() / len(relevant))
    return {
        "ndcg@10": float(np.mean(gains)),
        "recall@10": float(np.mean(recalls)),
        "rmse": _rmse(fold_in, judged),
        "heldOutUsers": len(judged),
    }


def _split(ratings: DataFrame) -> dict[int, HeldOutUser]:
    rows = ratings.select("userId", "timestamp", "movieId", "rating").toArrow()
    of_users: dict[int, list[tuple[int, int, float]]] = {}
    for row in rows.to_pylist():
        of_user = of_users.setdefault(row["userId"], [])
        of_user.append((row["timestamp"], row["movieId"], row["rating"]))
    users = {}
    for user, found in of_users.items():
        found.sort()
        newest = int(len(found) * SHARE_OF_RATINGS) if len(found) >= MIN_RATINGS else 0
        stars = {film: rating for _, film, rating in found}
        held = {film: stars.pop(film) for _, film, _ in found[len(found) - newest :]}
        users[user] = HeldOutUser(stars, held)
    return users


def _rmse(fold_in: FoldIn, users: Mapping[int, HeldOutUser]) -> float:
    items = fold_in.items
    block = fold_in.user_block([(user, each.known) for user, each in users.items()])
    errors = []
    for row, each in enumerate(users.values()):
        held = fold_in.known(each.held_out)
        stars = predicted_stars(block.stars[row], float(block.bias[row]), items, held.rows)
        errors.append(stars - held.stars)
    return float(np.sqrt(np.mean(np.concatenate(errors) ** 2)))
