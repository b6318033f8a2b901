"""What a search found, as a table and sentences for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.box import SIMPLE_HEAD
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from jobs.report import COLUMNS
from jobs.tuning_spec import TuningReport
from recsys_app.reports.wording import signed, with_interval

AS_IT_IS = "as it is"


def settings_in_words(settings: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in settings.items()) or AS_IT_IS


def tables_of_search(report: TuningReport) -> Iterator[RenderableType]:
    """What to print, in order."""
    yield Text(f"{report.source}: {report.ratings:,} ratings")
    table = Table(title="Validation ratings", title_justify="left", box=SIMPLE_HEAD)
    for name, side in (
        ("stage", "right"),
        ("iterations", "right"),
        ("settings", "left"),
        (f"NDCG@{report.length}", "right"),
        ("seconds", "right"),
        ("", "left"),
    ):
        table.add_column(name, justify=side)  # type: ignore[arg-type]  # rich's own words
    last = max(trial.stage for trial in report.trials)
    for trial in sorted(report.trials, key=lambda each: (each.stage, -each.quality)):
        is_winner = trial.stage == last and trial.settings == report.winner
        table.add_row(
            str(trial.stage),
            str(trial.iterations),
            settings_in_words(trial.settings),
            f"{trial.quality:.4f}",
            f"{trial.seconds:.1f}",
            "wins" if is_winner else "goes on" if trial.goes_on else "",
        )
    yield table
    test = Table(title="Test ratings", title_justify="left", box=SIMPLE_HEAD)
    for name in (f"NDCG@{report.length}", *COLUMNS.values()):
        test.add_column(name)
    test.add_row(AS_IT_IS, *map(with_interval, report.current_scores.values()))
    if report.winner:
        words = settings_in_words(report.winner)
        test.add_row(words, *map(with_interval, report.winner_scores.values()))
    yield test
    yield Text(outcome(report))
    for note in report.notes:
        yield Text(f"Note: {note}")


def outcome(report: TuningReport) -> str:
    """Whether something better was found."""
    if not report.winner:
        return "The settings as they are were the best that was tried."
    lead = signed(report.lead)
    if report.is_better:
        return f"The winner is better beyond noise: {lead} on the test ratings."
    return f"The winner is not better beyond noise: {lead} on the test ratings."
