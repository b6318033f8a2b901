"""What an evaluation is asked to do: plain data that crosses process borders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from jobs.spec import TrainingSpec

StepProgress = Callable[[str, int, int], None]
"""Called with what begins now, how many steps are done, and how many there are."""


def unseen(what: str, done: int, of: int) -> None:
    """The progress that nobody waits for."""


SPLITS = ("temporal", "random")


@dataclass(frozen=True)
class JudgingSpec:
    """What is judged, on which ratings, and by which measures."""

    training: TrainingSpec
    """How the archive is read, where Spark runs, and the settings of the model."""
    dataset: str | None = None
    """The folder or zip of a MovieLens set that is judged instead of the archive."""
    splits: tuple[str, ...] = SPLITS
    temporal_share: float = 0.2
    """Of each user's ratings, the newest, that are held out."""
    random_share: float = 0.1
    lengths: tuple[int, ...] = (10,)
    """The lengths of lists to measure; the first one is that of the comparisons."""
    most_users: int = 10_000
    """The most users that are judged, drawn by lot."""
    baseline_films: int = 15_000
    """With more rated films, item-kNN and EASE are left out: they need films times films."""
    with_baselines: bool = True
    """Whether item-kNN and EASE are fitted at all."""
    seed: int = 1
