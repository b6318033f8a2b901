"""The quality of folded-in lists by the number of ratings, and where popularity should give way.

Of a MovieLens folder, a third of the users at a time is kept out of the fit. Each of them is folded
in by their first 1, 2, 3, … ratings, and the list is judged (NDCG@10) by all their later ones:

    python benchmarks/few_ratings.py ../shared/data/ml-latest-small
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np

from jobs.fold_in import FoldIn
from jobs.item_factors import ItemFactors
from jobs.spec import ModelParameters

COUNTS = (1, 2, 3, 5, 8, 12, 16, 20)
"""Every user of the small set has at least 20 ratings; those with a later one are judged."""

BLENDS = (0.0, 2.0, 5.0, 10.0, 20.0, 40.0, 1e9)
"""Popularity weighs k / (k + ratings): never, …, always."""

FOLDS = 3
PARAMETERS = ModelParameters(stars_rank=1)

Histories = dict[int, list[tuple[int, float]]]


def read(folder: Path) -> Histories:
    """Each user's (film, stars), oldest first."""
    rows = defaultdict(list)
    with (folder / "ratings.csv").open() as file:
        for row in csv.DictReader(file):
            rows[int(row["userId"])].append(
                (int(row["timestamp"]), int(row["movieId"]), float(row["rating"]))
            )
    return {u: [(film, stars) for _, film, stars in sorted(found)] for u, found in rows.items()}


def side(
    fixed: np.ndarray, rated: list[tuple[np.ndarray, np.ndarray]], parameters: ModelParameters
) -> np.ndarray:
    """One half of an iteration of implicit-feedback ALS, as Spark does it."""
    gram = fixed.T @ fixed
    result = np.zeros((len(rated), fixed.shape[1]))
    for row, (columns, weights) in enumerate(rated):
        liked = weights > 0
        if liked.any():
            known = fixed[columns]
            equation = gram + known.T @ (parameters.alpha * np.abs(weights)[:, None] * known)
            equation += parameters.regularization * liked.sum() * np.eye(len(gram))
            right = (1 + parameters.alpha * weights[liked]) @ known[liked]
            result[row] = np.linalg.solve(equation, right)
    return result


def fit(histories: Histories, films: np.ndarray) -> ItemFactors:
    users = list(histories.values())
    neutral = PARAMETERS.neutral_rating
    by_user, by_film = [], defaultdict(list)
    for row, history in enumerate(users):
        columns = np.searchsorted(films, [film for film, _ in history])
        weights = np.array([stars - neutral for _, stars in history])
        by_user.append((columns, weights))
        for column, weight in zip(columns, weights, strict=True):
            by_film[int(column)].append((row, weight))
    rated_by = [
        (np.array([r for r, _ in by_film[c]], dtype=int), np.array([w for _, w in by_film[c]]))
        for c in range(len(films))
    ]
    order = np.random.default_rng(1).normal(0, 0.1, (len(films), PARAMETERS.rank))
    for _ in range(PARAMETERS.iterations):
        order = side(side(order, by_user, PARAMETERS), rated_by, PARAMETERS)
    return ItemFactors(
        version="v1",
        parameters=PARAMETERS,
        mean=3.5,
        movie_ids=films.astype(np.int32),
        counts=np.array([len(by_film[c]) for c in range(len(films))], dtype=np.int32),
        is_recommendable=np.ones(len(films), dtype=np.bool_),
        order=order.astype(np.float32),
        stars=np.zeros((len(films), 1), dtype=np.float32),
        item_bias=np.zeros(len(films), dtype=np.float32),
    )


def ndcg(films: list[int], relevant: set[int]) -> float:
    discounts = 1 / np.log2(np.arange(2, 12))
    hits = np.array([film in relevant for film in films])
    return float(hits @ discounts[: len(hits)] / discounts[: len(relevant)].sum())


def main() -> None:
    histories = read(Path(sys.argv[1]))
    films = np.unique([film for history in histories.values() for film, _ in history])
    scores: dict[tuple[int, float], list[float]] = defaultdict(list)
    for fold in range(FOLDS):
        out = {user: h for user, h in histories.items() if user % FOLDS == fold}
        items = fit({user: h for user, h in histories.items() if user not in out}, films)
        for blend in BLENDS:
            parameters = replace(PARAMETERS, popularity_until=blend)
            fold_in = FoldIn.of(replace(items, parameters=parameters))
            for count in COUNTS:
                people = [(u, dict(h[:count])) for u, h in out.items() if len(h) > count]
                for ranked in fold_in.rank(people, 10):
                    later = {film for film, _ in out[ranked.user_id][count:]}
                    scores[count, blend].append(ndcg(ranked.movie_ids.tolist(), later))
    names = ["factors", *(f"k={blend:g}" for blend in BLENDS[1:-1]), "popularity"]
    print("| ratings | " + " | ".join(names) + " |")
    print("|---" * (len(names) + 1) + "|")
    for count in COUNTS:
        means = [np.mean(scores[count, blend]) for blend in BLENDS]
        best = max(means)
        cells = [f"**{mean:.3f}**" if mean == best else f"{mean:.3f}" for mean in means]
        print(f"| {count} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
