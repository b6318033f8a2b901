"""How figures and what they mean are written, in tables and on pages."""

from __future__ import annotations

from jobs.evaluation import Interval
from jobs.report import COLUMNS, GROUPS, OURS, EvaluationReport, ListScores, SplitReport

NOTHING = "–"


def figure(interval: Interval | None, digits: int = 4) -> str:
    """The mean alone."""
    return NOTHING if interval is None else f"{interval.mean:.{digits}f}"


def with_interval(interval: Interval | None, digits: int = 3) -> str:
    """The mean and its interval."""
    if interval is None:
        return NOTHING
    mean, low, high = (f"{value:.{digits}f}" for value in interval)
    return f"{mean} ({low} to {high})"


def signed(interval: Interval | None) -> str:
    """A difference with its interval."""
    if interval is None:
        return NOTHING
    mean, low, high = (f"{value:+.3f}" for value in interval)
    return f"{mean} ({low} to {high})"


def group_name(group: str) -> str:
    low, high = GROUPS[group]
    return f"{group} users, {low} to {high} ratings" if high else f"{group} users, {low} and more"


def split_line(split: SplitReport) -> str:
    return (
        f"{split.about[0].upper()}{split.about[1:]}: {split.held_out:,} of "
        f"{split.known + split.held_out:,} ratings. {split.users:,} users are judged."
    )


def notes_of(report: EvaluationReport) -> list[str]:
    """What a reader has to know beside the figures."""
    notes = list(report.notes)
    for split in report.splits:
        notes += [f"{split.split.capitalize()}: {note}" for note in split.notes]
        if split.unreachable:
            notes.append(
                f"{split.split.capitalize()}: {split.unreachable} held-out ratings are of films "
                "that are not in the catalogue; no list can have them, and they count as missed."
            )
    return notes


def verdict(split: SplitReport, length: int) -> str:
    """Who is best, by NDCG in both columns, and whether that is more than chance."""
    ours = next(row for row in split.lists if row.model == OURS)
    sentences = []
    for column, name in COLUMNS.items():
        own = _ndcg(ours, column, length)
        others = [row for row in split.lists if row is not ours and _ndcg(row, column, length)]
        if own is None or not others:
            continue
        best = max(others, key=lambda row: _mean(_ndcg(row, column, length)))
        lead = best.lead[column]
        assert lead is not None  # both have figures
        clear = "beyond chance" if lead.low > 0 or lead.high < 0 else "within chance"
        sentences.append(
            f"{name}: {OURS} {own.mean:.3f}, the best other ({best.model}) "
            f"{_mean(_ndcg(best, column, length)):.3f}; difference {signed(lead)}, {clear}."
        )
    return " ".join(sentence[0].upper() + sentence[1:] for sentence in sentences)


def _ndcg(row: ListScores, column: str, length: int) -> Interval | None:
    return row.scores[column][f"ndcg@{length}"]


def _mean(interval: Interval | None) -> float:
    return 0.0 if interval is None else interval.mean
