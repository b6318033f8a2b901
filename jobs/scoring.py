"""From the lists and stars that a model gives to the figures of the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from jobs.evaluation import (
    Interval,
    PerUser,
    coverage,
    error_intervals,
    gini,
    mean_interval,
    novelty,
    ranking_scores,
)
from jobs.item_factors import Floats, Ints
from jobs.judged_ratings import Split
from jobs.report import COLUMNS, GROUPS, MEASURES, ListScores, StarsScores

LIKED = 4.0

Scores = Mapping[str, Mapping[str, PerUser]]
"""By column and `<measure>@<length>`, a figure for each user; NaN without anything to find."""


@dataclass(frozen=True)
class Judge:
    """Scores what models make for the users of a split."""

    split: Split
    lengths: tuple[int, ...]
    catalogue: Ints

    def score(self, lists: Sequence[Ints]) -> Scores:
        """The measures of each user's list, best film first."""
        found: dict[str, dict[str, PerUser]] = {}
        for column, relevant in self._relevant.items():
            found[column] = {}
            for length in self.lengths:
                scores = ranking_scores(lists, relevant, length)
                figures = (scores.ndcg, scores.recall, scores.precision, scores.average_precision)
                for measure, figure in zip(MEASURES, figures, strict=True):
                    found[column][f"{measure}@{length}"] = figure
        return found

    def quality(self, scores: Scores) -> PerUser:
        """One figure for each user: NDCG, the mean of both columns where both have one."""
        columns = np.stack([scores[column][self._main] for column in COLUMNS])
        there = ~np.isnan(columns)
        total: PerUser = np.where(there, columns, 0).sum(axis=0)
        mean: PerUser = total / np.maximum(there.sum(axis=0), 1)
        return mean

    def list_scores(
        self,
        model: str,
        about: str,
        lists: Sequence[Ints],
        scores: Scores,
        ours: Scores | None,
        seconds: float,
    ) -> ListScores:
        """The row of the report; `ours` are the scores to be ahead of, None for our own row."""
        main = {column: scores[column][self._main] for column in COLUMNS}
        length = self.lengths[0]
        listed = [np.searchsorted(self.catalogue, films[:length]) for films in lists]
        some = any(len(rows) for rows in listed)
        return ListScores(
            model=model,
            about=about,
            scores={
                column: {name: interval_of(figures) for name, figures in each.items()}
                for column, each in scores.items()
            },
            lead={
                column: interval_of(ours[column][self._main] - figures)
                for column, figures in main.items()
            }
            if ours
            else {},
            groups={
                group: {column: interval_of(figures[rows]) for column, figures in main.items()}
                for group, rows in self.groups.items()
            },
            coverage=coverage(listed, len(self.catalogue)) if some else 0.0,
            novelty=novelty(listed, self._counts, self._raters) if some else 0.0,
            gini=gini(listed, len(self.catalogue)) if some else 0.0,
            seconds=round(seconds, 1),
        )

    def stars_scores(self, model: str, about: str, predicted: Sequence[Floats]) -> StarsScores:
        """The row of the report for the stars predicted for each user's held-out films."""
        given = [user.held_stars for user in self.split.users]
        return StarsScores(model, about, *error_intervals(predicted, given))

    @cached_property
    def groups(self) -> dict[str, np.ndarray[tuple[int], np.dtype[np.intp]]]:
        """Which of the users are in each group."""
        counts = np.array([len(user.movies) for user in self.split.users])
        return {
            group: np.flatnonzero((counts >= low) & (counts <= (high or counts.max())))
            for group, (low, high) in GROUPS.items()
        }

    @cached_property
    def unreachable(self) -> int:
        """Held-out ratings of films that no list may have."""
        held = np.concatenate([user.held_movies for user in self.split.users])
        return int((~np.isin(held, self.catalogue)).sum())

    @property
    def _main(self) -> str:
        return f"ndcg@{self.lengths[0]}"

    @cached_property
    def _relevant(self) -> dict[str, list[Ints]]:
        users = self.split.users
        liked = [user.held_movies[user.held_stars >= LIKED] for user in users]
        return {"all": [user.held_movies for user in users], "liked": liked}

    @cached_property
    def _raters(self) -> int:
        return len(np.unique(self.split.known.users))

    @cached_property
    def _counts(self) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
        """How many users rated each film of the catalogue."""
        rated = self.split.known.movies
        rated = rated[np.isin(rated, self.catalogue)]
        rows = np.searchsorted(self.catalogue, rated)
        return np.bincount(rows, minlength=len(self.catalogue))


def interval_of(figures: PerUser) -> Interval | None:
    """The mean over users with its interval; None if no user has a figure."""
    return None if np.isnan(figures).all() else mean_interval(figures)
