"""The baselines as makers of lists."""

from __future__ import annotations

import numpy as np
import pytest

from jobs.contenders import BASELINES, SWEPT_FILMS, Baseline, Popularity, too_large
from jobs.judged_ratings import KnownUser, RatingArrays
from tests.unit.test_judged_ratings import arrays

CATALOGUE = np.array([1, 2, 3, 4], dtype=np.int32)
KNOWN = arrays(
    *[(user, film, 5, 1) for user in range(1, 6) for film in (1, 2)],
    *[(user, film, 5, 1) for user in range(6, 9) for film in (3, 4)],
    *[(user, 9, 5, 1) for user in range(1, 9)],
    (9, 1, 5, 1),
    (9, 3, 1, 1),
)


def user_of(known: RatingArrays, user_id: int) -> KnownUser:
    mine = known.where(known.users == user_id)
    nothing = np.empty(0, dtype=np.int32)
    return KnownUser(user_id, mine.movies, mine.stars, nothing, nothing.astype(np.float32))


def baseline(name: str) -> Baseline:
    return next(each for each in BASELINES if each.name == name)


def test_popular_films_of_the_catalogue_that_the_user_does_not_know() -> None:
    model = Popularity.of(KNOWN, CATALOGUE)
    lists = model.lists([user_of(KNOWN, 1), user_of(KNOWN, 6)], 3)
    assert [films.tolist() for films in lists] == [[3, 4], [1, 2]]


@pytest.mark.parametrize("kind", ["item-kNN", "EASE"])
def test_who_likes_one_film_gets_the_one_that_goes_with_it(kind: str) -> None:
    model = baseline(f"{kind} on 4 and more").fit(KNOWN, CATALOGUE, 1)
    (films,) = model.lists([user_of(KNOWN, 9)], 2)
    assert films[0] == 2
    assert 9 not in films
    assert 1 not in films


@pytest.mark.parametrize("kind", ["item-kNN", "EASE"])
def test_on_all_ratings_a_disliked_film_counts_as_seen(kind: str) -> None:
    model = baseline(f"{kind} on all ratings").fit(KNOWN, CATALOGUE, 1)
    (films,) = model.lists([user_of(KNOWN, 9)], 2)
    assert set(films.tolist()) == {2, 4}
    assert baseline(f"{kind} on all ratings").films(KNOWN) == 5


def test_where_nobody_likes_anything_lists_are_empty() -> None:
    known = arrays((1, 1, 2, 1), (1, 2, 2, 1), (2, 1, 1, 1))
    for kind in ("item-kNN", "EASE"):
        model = baseline(f"{kind} on 4 and more").fit(known, CATALOGUE, 1)
        assert [len(films) for films in model.lists([user_of(known, 2)], 3)] == [0]


def test_large_sets_get_one_setting_and_larger_ones_none() -> None:
    ease = baseline("EASE on all ratings")
    assert len(ease.tries(SWEPT_FILMS)) > 1
    assert ease.tries(SWEPT_FILMS + 1) == (ease.usual,)
    assert too_large(100, 100) is None
    assert too_large(101, 100) == "101 films are more than 100"
    assert "more than half of the memory" in str(too_large(10**7, 10**8))
