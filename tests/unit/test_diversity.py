"""Lists whose films are less alike."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from jobs.fold_in import FoldIn
from jobs.item_factors import ItemFactors
from jobs.ranking import best_films, top_n
from recsys_app.services.serving_model import ServingModel
from tests.item_factors import invented_items

RATINGS = {10: 5.0, 40: 4.5, 70: 1.0}


def with_diversity(diversity: float, *, films: int = 60) -> ItemFactors:
    items = invented_items(films)
    return replace(items, parameters=replace(items.parameters, diversity=diversity))


def likeness(items: ItemFactors, movie_ids: np.ndarray) -> float:
    """The mean cosine of two films of the list."""
    directions = items.directions[items.rows(movie_ids)]
    cosines = directions @ directions.T
    return float(cosines[np.triu_indices(len(movie_ids), 1)].mean())


def lists(items: ItemFactors, n: int = 10) -> np.ndarray:
    (ranked,) = FoldIn.of(items).rank([(7, RATINGS)], n)
    return ranked.movie_ids


def test_more_diversity_makes_the_films_less_alike() -> None:
    plain, some, much = (with_diversity(diversity) for diversity in (0, 0.3, 0.7))
    alike = [likeness(items, lists(items)) for items in (plain, some, much)]
    assert alike[0] > alike[1] > alike[2]
    assert lists(plain)[0] == lists(much)[0], "the best film stays the first"


def test_each_film_is_the_best_that_is_left() -> None:
    items = with_diversity(0.5)
    scores = np.random.default_rng(3).random((1, 60)).astype(np.float32)
    (chosen,) = best_films(scores, items, 8)
    (pool,) = top_n(scores, 16)
    relevance = (scores[0] - scores[0, pool[-1]]) / (scores[0, pool[0]] - scores[0, pool[-1]])
    for place in range(8):
        before = chosen[:place]
        worth = {
            film: 0.5 * relevance[film]
            - 0.5 * max([0.0, *(items.directions[before] @ items.directions[film])])
            for film in pool
            if film not in before
        }
        assert worth[chosen[place]] == pytest.approx(max(worth.values()), abs=1e-5)


@pytest.mark.parametrize("n", [0, 1, 10, 57, 60, 500])
def test_a_list_stays_as_long_and_has_every_film_once(n: int) -> None:
    plain, diverse = lists(with_diversity(0), n), lists(with_diversity(0.5), n)
    assert len(diverse) == len(set(diverse.tolist())) == len(plain)
    if n >= 57:
        assert set(diverse.tolist()) == set(plain.tolist())


def test_films_far_down_stay_where_they_are() -> None:
    plain, diverse = with_diversity(0, films=400), with_diversity(0.5, films=400)
    assert lists(plain, 390)[200:].tolist() == lists(diverse, 390)[200:].tolist()


def test_a_group_gets_diverse_lists_as_one_person_does() -> None:
    model = ServingModel.of(with_diversity(0.5), top_n=60)
    group = [item.movieId for item in model.recommend_group([RATINGS], 60)]
    assert group == [item.movieId for item in model.recommend([(7, RATINGS, 3)])[0].items]
