"""The quality of folded-in lists by the number of ratings, and where popularity should give way.

Of a MovieLens folder, a third of the users at a time is kept out of the fit. Each of them is folded
in by their first 1, 2, 3, … ratings, and the list is judged (NDCG@10) by all their later ones, and
by those of four stars and more:

    python -m benchmarks.few_ratings ../shared/data/ml-latest-small
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.solver import Ratings, fit
from jobs.evaluation import ranking_scores
from jobs.fold_in import FoldIn
from jobs.ranking import rank_users
from jobs.spec import ModelParameters

COUNTS = (1, 2, 3, 5, 8, 12, 16, 20, 40, 80)
FOLDS = 3
PARAMETERS = ModelParameters(stars_rank=1)
BLENDS = {
    "factors alone": replace(PARAMETERS, popularity_until=0, popularity_floor=0),
    **{f"k={k:g}": replace(PARAMETERS, popularity_until=k, rare_taste=0) for k in (2, 5, 10, 20)},
    "default": PARAMETERS,
    "popularity alone": replace(PARAMETERS, popularity_floor=1, rare_taste=0),
}

History = Sequence[tuple[int, float]]


def histories(ratings: Ratings) -> list[History]:
    """Each user's (film, stars), oldest first."""
    order = np.lexsort((ratings.timestamps, ratings.users))
    ends = np.searchsorted(ratings.users[order], np.arange(1, ratings.users.max() + 1))
    films, stars = ratings.movie_ids[ratings.films[order]], ratings.stars[order]
    return [
        list(zip(of_user.tolist(), given.tolist(), strict=True))
        for of_user, given in zip(np.split(films, ends), np.split(stars, ends), strict=True)
    ]


def main() -> None:
    ratings = Ratings.read(Path(sys.argv[1]))
    everybody = histories(ratings)
    scores: dict[tuple[int, str], list[np.ndarray]] = defaultdict(list)
    for fold in range(FOLDS):
        items = fit(ratings.where(ratings.users % FOLDS != fold), PARAMETERS)
        fold_in = FoldIn.of(items)
        for count in COUNTS:
            out = [history for history in everybody[fold::FOLDS] if len(history) > count]
            known = [fold_in.known(dict(history[:count])) for history in out]
            block = fold_in.block_of(np.ones(len(out), dtype=np.int32), known)
            later = [
                [
                    np.array([film for film, stars in history[count:] if stars >= least])
                    for history in out
                ]
                for least in (0, 4)
            ]
            for name, parameters in BLENDS.items():
                blended = FoldIn(replace(items, parameters=parameters), fold_in.gram)
                weights = [blended.popularity_weight(each) for each in known]
                users = block._replace(popularity=np.array(weights, dtype=np.float32))
                lists = rank_users(users, items, 10)
                films = [ranked.movie_ids.astype(np.intp) for ranked in lists]
                gains = [ranking_scores(films, held_out, 10).ndcg for held_out in later]
                scores[count, name].append(np.stack(gains))
    print("| ratings | " + " | ".join(BLENDS) + " |")
    print("|---" * (len(BLENDS) + 1) + "|")
    for count in COUNTS:
        means = [np.nanmean(np.concatenate(scores[count, name], axis=1), axis=1) for name in BLENDS]
        print(f"| {count} | " + " | ".join(f"{a:.3f} {b:.3f}" for a, b in means) + " |")


if __name__ == "__main__":
    main()
