"""Films that few have rated, and users who have rated only such films."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from jobs.explanations import explain
from jobs.fold_in import FoldIn
from jobs.item_factors import ItemFactors, has_factors
from jobs.new_films import Traits, with_likely_factors
from jobs.spec import ModelParameters

FITTED, NEW = 60, 20
NOIR, SPACE = ("Film-Noir",), ("Sci-Fi",)


def a_model() -> ItemFactors:
    """Films 1 … 60, noirs and space films in turn, that many liked, and 61 … 80, that three did.

    Those who like noirs like no space films.
    """
    films = FITTED + NEW
    chance = np.random.default_rng(1)
    order = chance.normal(0, 0.05, (films, 4)).astype(np.float32)
    order[0::2, 0] += 1.2
    order[1::2, 1] += 1.2
    order[FITTED:] = 0
    counts = np.concatenate([np.linspace(200, 20, FITTED), np.full(NEW, 3)]).astype(np.int32)
    return ItemFactors(
        version="v1",
        parameters=ModelParameters(rank=4, stars_rank=1),
        mean=3.5,
        movie_ids=np.arange(1, films + 1, dtype=np.int32),
        counts=counts,
        is_recommendable=np.ones(films, dtype=np.bool_),
        is_fitted=has_factors(order),
        order=order,
        stars=np.zeros((films, 1), dtype=np.float32),
        item_bias=np.where(counts == 3, 1.5, 0).astype(np.float32),
    )


def traits(items: ItemFactors) -> list[Traits]:
    return [Traits(film, NOIR if film % 2 else SPACE, 1947) for film in items.movie_ids.tolist()]


@pytest.fixture
def fold_in() -> FoldIn:
    items = a_model()
    return FoldIn.of(with_likely_factors(items, traits(items)))


def listed(fold_in: FoldIn, ratings: dict[int, float], n: int = 10) -> list[int]:
    (ranked,) = fold_in.rank([(7, ratings)], n)
    return ranked.movie_ids.tolist()


def is_noir(films: list[int]) -> list[bool]:
    return [film % 2 == 1 for film in films]


def test_a_new_film_is_like_those_of_its_genre_and_decade(fold_in: FoldIn) -> None:
    directions = fold_in.items.directions
    assert (directions[FITTED::2] @ directions[0] > 0.9).all()
    assert (directions[FITTED + 1 :: 2] @ directions[0] < 0.5).all()
    assert not fold_in.items.is_fitted[FITTED:].any()


def test_who_likes_only_new_films_gets_known_ones_of_their_genre(fold_in: FoldIn) -> None:
    for film, noir in ((61, True), (62, False)):
        films = listed(fold_in, {film: 5.0, film + 2: 5.0, film + 4: 4.5})
        assert np.mean([each == noir for each in is_noir(films)]) >= 0.7, "popular ones: half"
        assert max(films) <= FITTED
    popular = listed(FoldIn.of(a_model()), {61: 5.0, 63: 5.0})
    assert popular == list(range(1, 11)), "without traits there is popularity"


@pytest.mark.parametrize("ratings", [{1: 5.0}, {61: 5.0}, {2: 5.0, 4: 4.0, 61: 1.0}, {}])
def test_no_list_is_made_of_films_that_three_have_rated(
    fold_in: FoldIn, ratings: dict[int, float]
) -> None:
    assert fold_in.items.item_bias[FITTED:].min() > fold_in.items.item_bias[:FITTED].max()
    assert max(listed(fold_in, ratings)) <= FITTED


def test_known_films_soon_speak_louder_than_new_ones(fold_in: FoldIn) -> None:
    liked = dict.fromkeys(range(2, 22, 2), 5.0)
    (why,) = explain(fold_in, liked | {61: 5.0}, [50], most=20)
    shares = {part.movie_id: part.share for part in why.because}
    assert shares.get(61, 0) < 0.05 * sum(shares.values())
    assert not any(is_noir(listed(fold_in, liked | {61: 5.0})))


def test_the_explanation_of_likely_factors_accounts_for_the_whole_score(fold_in: FoldIn) -> None:
    ratings = {61: 5.0, 63: 4.5, 1: 4.0}
    (why,) = explain(fold_in, ratings, [3], most=10)
    assert {part.movie_id for part in why.because} == set(ratings)
    assert sum(part.share for part in why.because) + why.popularity == pytest.approx(1)


def test_films_without_traits_stay_without_factors() -> None:
    items = a_model()
    known = [each if each.movie_id != 80 else Traits(80, (), 1947) for each in traits(items)]
    order = with_likely_factors(items, known).order
    assert order[-2].any()
    assert not order[-1].any()
    assert (order[:FITTED] == items.order[:FITTED]).all()
    nothing = replace(items, is_fitted=np.zeros(FITTED + NEW, dtype=np.bool_))
    assert with_likely_factors(nothing, known) is nothing


def test_who_likes_rare_films_gets_less_of_what_is_popular() -> None:
    items = a_model()
    items.counts[:FITTED] = np.geomspace(3000, 10, FITTED)
    fold_in = FoldIn.of(items)
    popular, rare = dict.fromkeys((1, 3, 5), 5.0), dict.fromkeys((55, 57, 59), 5.0)
    weights = [fold_in.popularity_weight(fold_in.known(each)) for each in (popular, rare)]
    assert weights[1] < weights[0] / 2
    assert all(is_noir(listed(fold_in, rare)))
