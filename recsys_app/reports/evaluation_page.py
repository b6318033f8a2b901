"""The evaluation's report as one HTML page that needs nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from importlib.resources import files

from jobs.evaluation import Interval
from jobs.report import COLUMNS, MEASURES, OURS, EvaluationReport, ListScores, SplitReport
from recsys_app.reports.interval_chart import Row, interval_chart
from recsys_app.reports.wording import (
    figure,
    group_name,
    notes_of,
    signed,
    split_line,
    verdict,
    with_interval,
)

_WORDS = "settings"
"""The column that holds words rather than figures."""

_MEANINGS = {
    "NDCG": "hits in the list, worth more further up, of the best list possible: 0 to 1",
    "recall": "the share of the held-out films that are in the list",
    "precision": "the share of the list that was held out",
    "MAP": "the mean precision at the hits",
    "coverage": "the share of the catalogue that is in anybody's list",
    "novelty": "mean surprise of a listed film in bits: −log₂ of the share of users who rated it",
    "Gini": "0 if all films are listed equally often, towards 1 if always the same",
    "interval": "95 %, by drawing the users anew 2,000 times",
}


def page_of(report: EvaluationReport) -> str:
    """The page."""
    css = files("recsys_app.reports").joinpath("page.css").read_text(encoding="utf-8")
    title = f"Evaluation on {report.source}"
    length = report.lengths[0]
    sections = "".join(_split(split, report.lengths) for split in report.splits)
    verdicts = "".join(
        f'<p class="verdict"><b>{split.split.capitalize()} split, NDCG@{length}.</b> '
        f"{escape(verdict(split, length))}</p>"
        for split in report.splits
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>
{css}</style>
</head>
<body>
<h1>{escape(title)}</h1>
<p class="soft">{_facts(report)}</p>
{verdicts}
{sections}
<h2>How to read it</h2>
{_definitions(_MEANINGS)}
{_notes(report)}
<h3>Settings of the model</h3>
{_definitions({name: f"{value:g}" for name, value in report.parameters.items()})}
</body>
</html>
"""


def _facts(report: EvaluationReport) -> str:
    return (
        f"{report.ratings:,} ratings of {report.users:,} users on {report.movies:,} films; "
        f"{report.catalogue:,} films in the catalogue. Made {escape(report.created_at)} in "
        f"{report.seconds:,.0f} s, seed {report.seed}."
    )


def _split(split: SplitReport, lengths: tuple[int, ...]) -> str:
    length = lengths[0]
    ndcg = [
        Row(row.model, _columns(row, f"ndcg@{length}"), row.model == OURS) for row in split.lists
    ]
    leads = [Row(row.model, list(row.lead.values())) for row in split.lists if row.lead]
    stars = [Row(row.model, [row.rmse, row.mae], row.model == OURS) for row in split.stars]
    groups = [
        (
            f"{group_name(group)} ({size:,})",
            [Row(r.model, list(r.groups[group].values()), r.model == OURS) for r in split.lists],
        )
        for group, size in split.group_sizes.items()
        if size
    ]
    return f"""<h2>{split.split.capitalize()} split</h2>
<p class="soft">{escape(split_line(split))}</p>
<p class="legend">{_legend(COLUMNS.values())}</p>
<div class="charts">
{_chart(f"NDCG@{length} with 95 % interval", ndcg, COLUMNS.values())}
{_chart(f"How far {OURS} is ahead, NDCG@{length}, user by user", leads, COLUMNS.values())}
</div>
<h3>By user group, NDCG@{length}</h3>
<div class="charts">
{"".join(_chart(name, rows, COLUMNS.values()) for name, rows in groups)}
</div>
<h3>Predicted stars</h3>
<p class="legend">{_legend(("RMSE", "MAE"))}</p>
<div class="charts">{_chart("Error in stars, lower is better", stars, ("RMSE", "MAE"))}</div>
<h3>All figures</h3>
{"".join(_table(split, column, name, lengths) for column, name in COLUMNS.items())}
{_beyond(split)}
"""


def _columns(row: ListScores, measure: str) -> list[Interval | None]:
    return [scores[measure] for scores in row.scores.values()]


def _chart(caption: str, rows: list[Row], series: Iterable[str]) -> str:
    svg = interval_chart(rows, series=list(series), describe=caption)
    return f"<figure><figcaption>{escape(caption)}</figcaption>{svg}</figure>" if svg else ""


def _legend(names: Iterable[str]) -> str:
    return "".join(
        f'<span class="s{number}">{escape(name)}</span>' for number, name in enumerate(names)
    )


def _table(split: SplitReport, column: str, name: str, lengths: tuple[int, ...]) -> str:
    measures = {f"{m}@{k}": f"{text}@{k}" for k in lengths for m, text in MEASURES.items()}
    rows = [
        (
            row.model,
            [figure(row.scores[column][measure]) for measure in measures]
            + [signed(row.lead[column]) if row.lead else ""],
        )
        for row in split.lists
    ]
    heads = [name, *measures.values(), f"lead of {OURS}, NDCG@{lengths[0]}"]
    return _html_table(heads, rows)


def _beyond(split: SplitReport) -> str:
    lists = [
        (
            row.model,
            [
                f"{row.coverage:.1%}",
                f"{row.novelty:.2f}",
                f"{row.gini:.3f}",
                f"{row.seconds:.1f} s",
                row.about,
            ],
        )
        for row in split.lists
    ]
    stars = [
        (row.model, [with_interval(row.rmse), with_interval(row.mae), row.about])
        for row in split.stars
    ]
    return _html_table(
        ["beyond accuracy", "coverage", "novelty", "Gini", "time", _WORDS], lists
    ) + _html_table(["stars", "RMSE", "MAE", _WORDS], stars)


def _html_table(heads: list[str], rows: list[tuple[str, list[str]]]) -> str:
    marks = [' class="words"' if name == _WORDS else "" for name in heads[1:]]
    head = f"<th>{escape(heads[0])}</th>" + "".join(
        f"<th{mark}>{escape(name)}</th>" for mark, name in zip(marks, heads[1:], strict=True)
    )
    body = ""
    for model, cells in rows:
        ours = ' class="ours"' if model == OURS else ""
        texts = "".join(
            f"<td{mark}>{escape(cell)}</td>" for mark, cell in zip(marks, cells, strict=True)
        )
        body += f"<tr{ours}><td>{escape(model)}</td>{texts}</tr>"
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="scroll">{table}</div>'


def _definitions(pairs: Mapping[str, str]) -> str:
    return (
        "<dl>"
        + "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in pairs.items())
        + "</dl>"
    )


def _notes(report: EvaluationReport) -> str:
    notes = notes_of(report)
    if not notes:
        return ""
    return "<h3>Notes</h3><ul>" + "".join(f"<li>{escape(note)}</li>" for note in notes) + "</ul>"
