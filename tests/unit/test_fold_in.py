"""A user's side of a model, solved from the user's ratings."""

from __future__ import annotations

import numpy as np
import pytest

from jobs.explanations import contributions, explain
from jobs.fold_in import FoldIn
from jobs.ranking import order_scores
from recsys_app.services.serving_model import ServingModel
from tests.item_factors import invented_items

RATINGS = {10: 5.0, 40: 4.5, 70: 1.0, 110: 3.5, 300: 0.5}


def loss(fold_in: FoldIn, ratings: dict[int, float], user: np.ndarray) -> float:
    """What the factor minimises: Hu, Koren and Volinsky 2008, equation 3, for one user, with the
    regularisation that Spark scales by the number of likings."""
    items, parameters = fold_in.items, fold_in.items.parameters
    mean = (sum(ratings.values()) + 5 * items.mean) / (len(ratings) + 5)
    neutral = parameters.neutral_rating + (mean - items.mean) / 2
    weights = {movie: stars - neutral for movie, stars in ratings.items()}
    total = 0.0
    for movie, film in zip(items.movie_ids.tolist(), items.order.astype(float), strict=True):
        weight = weights.get(movie, 0.0)
        confidence = 1 + parameters.alpha * abs(weight)
        total += confidence * (float(weight > 0) - float(film @ user)) ** 2
    likings = sum(weight > 0 for weight in weights.values())
    return total + parameters.user_regularization * likings * float(user @ user)


def test_the_factor_minimises_the_loss() -> None:
    fold_in = FoldIn.of(invented_items())
    factor = fold_in.user_block([(7, RATINGS)]).order[0].astype(float)
    least = loss(fold_in, RATINGS, factor)
    for direction in np.eye(len(factor)):
        assert loss(fold_in, RATINGS, factor + 0.01 * direction) > least
        assert loss(fold_in, RATINGS, factor - 0.01 * direction) > least


def test_a_list_has_nothing_that_was_rated_and_is_as_long_as_asked() -> None:
    (ranked,) = FoldIn.of(invented_items()).rank([(7, RATINGS)], 12)
    assert ranked.user_id == 7
    assert len(ranked.movie_ids) == len(set(ranked.movie_ids.tolist())) == 12
    assert not set(ranked.movie_ids.tolist()) & set(RATINGS)
    assert ((ranked.stars >= 0.5) & (ranked.stars <= 5)).all()


@pytest.mark.parametrize("ratings", [{}, {10: 1.0}, {99_999: 5.0}])
def test_without_a_liking_that_it_knows_the_order_is_popularity(ratings: dict[int, float]) -> None:
    (ranked,) = FoldIn.of(invented_items()).rank([(7, ratings)], 3)
    assert ranked.movie_ids.tolist() == [id_ for id_ in (10, 20, 30, 40) if id_ not in ratings][:3]


def test_users_together_are_folded_in_as_each_alone() -> None:
    fold_in = FoldIn.of(invented_items())
    people = [(1, RATINGS), (2, {20: 5.0}), (3, {50: 0.5, 60: 5.0})]
    together = list(fold_in.rank(people, 5))
    alone = [next(fold_in.rank([person], 5)) for person in people]
    assert [list(r.movie_ids) for r in together] == [list(r.movie_ids) for r in alone]


def test_an_explanation_accounts_for_the_whole_score() -> None:
    items = invented_items()
    fold_in = FoldIn.of(items)
    block = fold_in.user_block([(7, RATINGS)])
    (ranked,) = fold_in.rank([(7, RATINGS)], 1)
    film = int(ranked.movie_ids[0])
    row = int(items.rows(np.array([film]))[0])
    weight = fold_in.popularity_weight(fold_in.known(RATINGS))
    parts = contributions(fold_in, fold_in.known(RATINGS), [film])[0]
    popular = weight * items.popularity[row]
    assert parts.sum() * (1 - weight) + popular == pytest.approx(
        order_scores(block, items)[0, row], rel=1e-4
    )
    (why,) = explain(fold_in, RATINGS, [film], most=10)
    assert sum(part.share for part in why.because) + why.popularity == pytest.approx(1)
    assert {part.movie_id for part in why.because} <= {10, 40, 110}
    assert [part.share for part in why.because] == sorted(
        (part.share for part in why.because), reverse=True
    )


def test_similar_movies_are_those_whose_factors_point_the_same_way() -> None:
    items = invented_items()
    items.order[3] = items.order[5] * 2
    items.order[58] = items.order[5]  # one rating only: no support
    model = ServingModel.of(items, top_n=10)
    found = model.similar_movies(60, 5)
    assert found is not None
    assert found[0].movie_id == 40
    assert found[0].support == items.counts[5]
    assert 590 not in [movie.movie_id for movie in found]
    assert model.similar_movies(600, 5) is None, "nobody has rated it"
    assert model.similar_movies(61, 5) is None, "there is no such movie"


def test_a_group_gets_nothing_that_a_member_has_rated() -> None:
    model = ServingModel.of(invented_items(), top_n=10)
    items = model.recommend_group([RATINGS, {20: 5.0}], 50)
    assert not {item.movieId for item in items} & {*RATINGS, 20}
    one = model.recommend_group([RATINGS], 8)
    assert [i.movieId for i in one] == [
        item.movieId for item in model.recommend([(7, RATINGS, 3)])[0].items[:8]
    ]
