"""What an evaluation found, as plain data: it becomes JSON, tables and a page."""

from __future__ import annotations

from dataclasses import dataclass, field

from jobs.evaluation import Interval

COLUMNS = {"all": "all held-out", "liked": "held-out rated 4 or more"}
"""Which held-out films count as the right ones."""

MEASURES = {"ndcg": "NDCG", "recall": "recall", "precision": "precision", "map": "MAP"}

GROUPS = {"new": (1, 20), "light": (21, 100), "heavy": (101, None)}
"""Users by how many of their ratings the model may know, both ends included."""

OURS = "Recsys"


@dataclass(frozen=True)
class ListScores:
    """How good one model's lists are."""

    model: str
    about: str
    """Its settings, for people."""
    scores: dict[str, dict[str, Interval | None]]
    """By column and `<measure>@<length>`; None if no user has such a film held out."""
    lead: dict[str, Interval | None]
    """By column: by how much the service's own NDCG is higher, user by user."""
    groups: dict[str, dict[str, Interval | None]]
    """By group and column: NDCG."""
    coverage: float
    """The share of the catalogue that is in anybody's list."""
    novelty: float
    """Bits: the mean of -log2 of the share of users who rated a listed film."""
    gini: float
    """0 if all films are listed equally often, towards 1 if always the same."""
    seconds: float
    """What fitting and listing took."""


@dataclass(frozen=True)
class StarsScores:
    """How far one model's predicted stars are from the given ones."""

    model: str
    about: str
    rmse: Interval
    mae: Interval


@dataclass(frozen=True)
class SplitReport:
    """What one way of holding ratings out showed."""

    split: str
    about: str
    known: int
    """Ratings that the models were fitted on."""
    held_out: int
    unreachable: int
    """Held-out ratings, of the judged users, of films that are not in the catalogue."""
    users: int
    """Who were judged."""
    users_with_held_out: int
    group_sizes: dict[str, int]
    lists: list[ListScores]
    stars: list[StarsScores]
    notes: list[str]
    """What was left out or drawn by lot."""


@dataclass(frozen=True)
class EvaluationReport:
    """The whole."""

    source: str
    created_at: str
    users: int
    movies: int
    """That somebody rated."""
    catalogue: int
    ratings: int
    lengths: tuple[int, ...]
    parameters: dict[str, float]
    seed: int
    splits: list[SplitReport] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0
