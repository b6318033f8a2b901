"""Who gets which version, and what came of it."""

from __future__ import annotations

import pytest

from recsys_app.errors import RecsysError
from recsys_app.models import Rating
from recsys_app.services.experiment import Experiment, Shown
from recsys_app.services.experiment_report import Timed, TimedShown, summarize
from recsys_app.services.model_version import SLOTS, next_number

HOUR = 3600 * 1000
EXPERIMENT = Experiment("v1", "v2", share=0.25, name="v1-v2-7", since=0)


def shown(at: int, user: int, version: str, *movies: int) -> TimedShown:
    return TimedShown(at, Shown(user, version, EXPERIMENT.name, list(movies)))


def test_the_share_of_users_gets_the_challenger_and_keeps_it() -> None:
    versions = [EXPERIMENT.version_for(user) for user in range(1, 10_001)]
    assert versions == [EXPERIMENT.version_for(user) for user in range(1, 10_001)]
    assert 2300 < versions.count("v2") < 2700
    assert set(versions) == {"v1", "v2"}


def test_another_experiment_divides_the_users_anew() -> None:
    other = Experiment("v1", "v2", share=0.25, name="v1-v2-8", since=0)
    both = [
        user
        for user in range(1, 10_001)
        if EXPERIMENT.version_for(user) == other.version_for(user) == "v2"
    ]
    assert 500 < len(both) < 750


def test_a_rating_counts_for_the_list_it_followed_within_a_day() -> None:
    report = summarize(
        EXPERIMENT,
        [
            shown(0, 1, "v1", 10, 20),
            shown(0, 2, "v1", 10, 20),
            shown(0, 3, "v2", 10, 20),
            TimedShown(0, Shown(4, "v2", "another", [10])),
        ],
        [
            Timed(1 * HOUR, Rating(1, 10, 5)),
            Timed(2 * HOUR, Rating(1, 10, 1)),  # the same film again
            Timed(2 * HOUR, Rating(1, 99, 5)),  # was not shown
            Timed(25 * HOUR, Rating(2, 10, 5)),  # too late
            Timed(1 * HOUR, Rating(3, 10, 3)),
            Timed(24 * HOUR, Rating(3, 20, 4)),
            Timed(1 * HOUR, Rating(4, 10, 4)),  # was shown by another experiment
        ],
    )
    control, challenger = report.control, report.challenger
    assert (control.users, control.lists, control.followed, control.liked) == (2, 2, 1, 1)
    assert (challenger.users, challenger.followed, challenger.liked) == (1, 2, 1)
    assert challenger.mean_stars == 3.5
    assert report.difference == 2 - 0.5
    assert report.interval[0] <= report.difference <= report.interval[1]


def test_a_version_that_nobody_was_shown_cannot_be_compared() -> None:
    with pytest.raises(RecsysError, match="v2 was shown to nobody"):
        summarize(EXPERIMENT, [shown(0, 1, "v1", 10)], [])


def test_a_new_run_gets_a_slot_that_no_served_version_has() -> None:
    for newest in range(1, 9):
        for in_use in ([newest], [newest, newest - 1], [newest - 2]):
            number = next_number(newest, in_use)
            assert number > newest
            assert number % SLOTS not in {used % SLOTS for used in in_use}
