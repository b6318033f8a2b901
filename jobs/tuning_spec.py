"""What a search for better settings is asked to do, and what it found: plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from jobs.evaluation import Interval
from jobs.spec import Given, TrainingSpec

Grid = Mapping[str, tuple[float, ...]]

GRID: Grid = {
    "rank": (64, 128),
    "alpha": (0.5, 1.0, 2.0),
    "regularization": (0.05, 0.1, 0.2),
    "user_regularization": (0.4, 0.8, 1.6),
    "neutral_rating": (2.8, 3.05, 3.4),
    "own_neutral": (0.0, 0.5),
}


@dataclass(frozen=True)
class TuningSpec:
    """Which settings are tried, and on which ratings."""

    training: TrainingSpec
    """How the archive is read, where Spark runs, and the settings to be better than."""
    dataset: str | None = None
    """The folder or zip of a MovieLens set, instead of the archive."""
    grid: Grid | None = None
    """The values of each setting; None for `GRID`."""
    trials: int = 18
    """So many of the grid's combinations are tried, drawn by lot."""
    held_out_share: float = 0.2
    """Of each user's ratings: the newest to test the winner, and as many of the rest to find it."""
    length: int = 10
    most_users: int = 2_000
    """The most users that settings are judged by while they are searched for."""
    most_test_users: int = 10_000
    seed: int = 1


@dataclass(frozen=True)
class Trial:
    """Some settings at one stage of the search."""

    settings: Given
    """Beside those that were given; none of them: the settings as they are."""
    stage: int
    iterations: int
    quality: float
    """NDCG on the validation ratings, the mean of both columns."""
    seconds: float
    goes_on: bool


@dataclass(frozen=True)
class TuningReport:
    """What the search found."""

    source: str
    created_at: str
    ratings: int
    length: int
    current: dict[str, float]
    """All settings as they are."""
    trials: list[Trial]
    winner: Given
    """The settings that were best on the validation ratings; none: those as they are."""
    current_scores: dict[str, Interval | None]
    """NDCG on the test ratings, by column."""
    winner_scores: dict[str, Interval | None]
    lead: Interval | None
    """By how much the winner is better on the test ratings, user by user; None if it is what is."""
    notes: list[str]
    seconds: float

    @property
    def is_better(self) -> bool:
        """Whether the winner is better beyond noise: the interval of its lead is above zero."""
        return self.lead is not None and self.lead.low > 0
