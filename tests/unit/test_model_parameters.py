"""The settings of the model: by the amount of data, given, and as saved before."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from jobs.ranking import popularity_weight
from jobs.spec import MEDIUM_RATINGS, ModelParameters, checked_parameters
from recsys_app.errors import ConfigurationError


def test_more_data_gets_a_lower_rank_unless_one_is_given() -> None:
    small = ModelParameters.for_ratings(MEDIUM_RATINGS - 1)
    medium = ModelParameters.for_ratings(MEDIUM_RATINGS)
    assert small == ModelParameters()
    assert medium.rank < small.rank
    given = ModelParameters.for_ratings(MEDIUM_RATINGS, {"rank": 200, "alpha": 3.0})
    assert (given.rank, given.alpha) == (200, 3.0)


def test_given_settings_get_the_types_of_their_fields() -> None:
    checked = checked_parameters({"rank": 64.0, "diversity": 1})
    assert checked == {"rank": 64, "diversity": 1.0}
    assert isinstance(checked["rank"], int)
    assert isinstance(checked["diversity"], float)


@pytest.mark.parametrize(
    "given",
    [
        {"ranks": 64},
        {"rank": 64.5},
        {"rank": 0},
        {"alpha": -1},
        {"alpha": float("nan")},
        {"rank": float("inf")},
    ],
)
def test_settings_that_cannot_be_are_named(given: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(given))):
        checked_parameters(given)


def test_a_model_that_was_saved_before_ranks_as_it_did() -> None:
    now = asdict(ModelParameters(regularization=0.3, popularity_until=10))
    new = (
        "user_regularization",
        "own_neutral",
        "min_likes",
        "popularity_floor",
        "rare_taste",
        "diversity",
    )
    saved = ModelParameters.of_saved({name: now[name] for name in now if name not in new})
    assert (saved.user_regularization, saved.own_neutral, saved.min_likes) == (0.3, 0, 1)
    assert [popularity_weight(n, 3.0, saved) for n in (0, 10, 990)] == pytest.approx([1, 0.5, 0.01])


def test_popularity_gives_way_down_to_its_floor() -> None:
    parameters = ModelParameters(popularity_until=10, popularity_floor=0.25)
    assert [popularity_weight(n, 0.7, parameters) for n in (0, 10, 1000)] == [1, 0.5, 0.25]


def test_it_gives_way_sooner_for_a_rare_taste() -> None:
    parameters = ModelParameters(popularity_until=10, popularity_floor=0.25, rare_taste=3)
    assert popularity_weight(10, 2.0, parameters) == pytest.approx(10 / (10 + 8 * 10))
    assert popularity_weight(1000, 2.0, parameters) == pytest.approx(0.25 / 8)
