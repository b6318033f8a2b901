"""The evaluation's report as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.box import SIMPLE_HEAD
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from jobs.report import COLUMNS, MEASURES, OURS, EvaluationReport, SplitReport
from recsys_app.reports.wording import (
    figure,
    notes_of,
    signed,
    split_line,
    verdict,
    with_interval,
)


def tables_of(report: EvaluationReport) -> Iterator[RenderableType]:
    """What to print, in order."""
    yield Text(
        f"{report.source}: {report.ratings:,} ratings of {report.users:,} users on "
        f"{report.movies:,} films"
    )
    length = report.lengths[0]
    for split in report.splits:
        yield Text("")
        yield Text(split_line(split))
        for column in COLUMNS:
            yield _lists(split, column, length)
        yield _variety(split)
        yield _stars(split)
        yield Text(verdict(split, length))
    for note in notes_of(report):
        yield Text(f"Note: {note}")


def _lists(split: SplitReport, column: str, length: int) -> Table:
    table = _table(f"{split.split}, {COLUMNS[column]}")
    for name in (*MEASURES.values(), f"lead of {OURS}, NDCG"):
        table.add_column(f"{name}@{length}", justify="right", no_wrap=True)
    for row in split.lists:
        scores = row.scores[column]
        figures = [figure(scores[f"{measure}@{length}"]) for measure in MEASURES]
        table.add_row(row.model, *figures, signed(row.lead[column]) if row.lead else "")
    return table


def _variety(split: SplitReport) -> Table:
    table = _table(f"{split.split}, variety of the lists")
    for name in ("coverage", "novelty", "Gini", "seconds"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in split.lists:
        figures = (f"{row.coverage:.1%}", f"{row.novelty:.2f}", f"{row.gini:.3f}")
        table.add_row(row.model, *figures, f"{row.seconds:.1f}")
    return table


def _stars(split: SplitReport) -> Table:
    table = _table(f"{split.split}, predicted stars")
    for name in ("RMSE", "MAE"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in split.stars:
        table.add_row(row.model, with_interval(row.rmse), with_interval(row.mae))
    return table


def _table(title: str) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    table.add_column("", no_wrap=True)
    return table
