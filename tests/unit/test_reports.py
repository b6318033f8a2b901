"""The evaluation's report as a page, as tables and as JSON."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console

from jobs.evaluation import Interval
from jobs.progress_file import ProgressFile, new_progress
from jobs.report import EvaluationReport, ListScores, SplitReport, StarsScores
from recsys_app.reports.evaluation_page import page_of
from recsys_app.reports.evaluation_tables import tables_of
from recsys_app.reports.interval_chart import Row, interval_chart, nice_ticks
from recsys_app.reports.plain import to_json
from recsys_app.reports.wording import verdict


def list_scores(model: str, all_: float, liked: float | None, *leads: Interval) -> ListScores:
    def around(value: float | None) -> Interval | None:
        return None if value is None else Interval(value, value - 0.01, value + 0.01)

    columns = {"all": around(all_), "liked": around(liked)}
    measures = ("ndcg", "recall", "precision", "map")
    scores = {c: {f"{m}@10": v for m in measures} for c, v in columns.items()}
    lead = dict(zip(columns, leads, strict=True)) if leads else {}
    groups = dict.fromkeys(("new", "light", "heavy"), columns)
    return ListScores(model, "λ <3", scores, lead, groups, 0.25, 3.5, 0.9, 1.5)


OURS = list_scores("Recsys", 0.2, 0.1)
EASE = list_scores("EASE", 0.19, 0.12, Interval(0.01, -0.01, 0.03), Interval(-0.02, -0.03, -0.01))
STARS = StarsScores("Recsys", "both", Interval(0.85, 0.84, 0.86), Interval(0.64, 0.63, 0.65))
SPLIT = SplitReport(
    split="temporal",
    about="the newest are held out",
    known=80,
    held_out=20,
    unreachable=3,
    users=5,
    users_with_held_out=9,
    group_sizes={"new": 2, "light": 3, "heavy": 0},
    lists=[OURS, EASE],
    stars=[STARS],
    notes=["5 of 9 users, by lot, are judged."],
)
REPORT = EvaluationReport(
    source="<script>films</script>",
    created_at="2026-01-02T03:04:05+00:00",
    users=9,
    movies=7,
    catalogue=8,
    ratings=100,
    lengths=(10,),
    parameters={"rank": 64, "popularity_floor": 1 / 6},
    seed=1,
    splits=[SPLIT],
)


class Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.opened.append(tag)
        self.attributes += attrs
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.opened.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_nothing_from_elsewhere() -> None:
    page = page_of(REPORT)
    tags = Tags(page)
    assert not tags.open
    assert tags.opened.count("svg") == 5  # NDCG, lead, two groups with users, stars
    assert not {"script", "link", "img", "iframe"} & set(tags.opened)
    assert not [value for name, value in tags.attributes if name in ("src", "href")]
    assert not re.search(r"url\(|@import|https?:", page)
    assert "&lt;script&gt;films" in page
    assert "λ &lt;3" in page
    assert "prefers-color-scheme: dark" in page


def test_the_page_and_the_tables_have_the_figures_and_the_notes() -> None:
    console = Console(file=io.StringIO(), width=120)
    for table in tables_of(REPORT):
        console.print(table)
    assert isinstance(console.file, io.StringIO)
    for text in (page_of(REPORT), console.file.getvalue()):
        for wanted in ("0.2000", "+0.010 (-0.010 to +0.030)", "0.850 (0.840 to 0.860)", "25.0%"):
            assert wanted in text
        assert "5 of 9 users, by lot" in text
        assert "3 held-out ratings are of films that are not in the catalogue" in text.replace(
            "\n", " "
        )


def test_the_verdict_says_who_is_best_and_whether_it_is_chance() -> None:
    assert verdict(SPLIT, 10) == (
        "All held-out: Recsys 0.200, the best other (EASE) 0.190; difference +0.010 (-0.010 to "
        "+0.030), within chance. Held-out rated 4 or more: Recsys 0.100, the best other (EASE) "
        "0.120; difference -0.020 (-0.030 to -0.010), beyond chance."
    )


def test_without_a_liked_film_there_is_no_figure() -> None:
    split = replace(SPLIT, lists=[list_scores("Recsys", 0.2, None)], group_sizes={"new": 5})
    page = page_of(replace(REPORT, splits=[split]))
    assert "–" in page
    assert verdict(split, 10) == ""


def test_the_json_has_the_intervals_by_name() -> None:
    found = json.loads(to_json(REPORT))
    row = found["splits"][0]["lists"][1]
    assert row["lead"]["all"] == {"mean": 0.01, "low": -0.01, "high": 0.03}
    assert found["splits"][0]["stars"][0]["rmse"]["mean"] == 0.85


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 0.2, [0, 0.05, 0.1, 0.15, 0.2]),
        (-0.012, 0.13, [-0.05, 0, 0.05, 0.1, 0.15]),
        (0, 0, [0, 0.2]),
        (3, 3, [3, 4]),
    ],
)
def test_ticks_are_round_and_hold_the_values(
    low: float, high: float, expected: list[float]
) -> None:
    assert nice_ticks(low, high) == expected


def test_a_chart_without_figures_is_none_and_places_are_in_proportion() -> None:
    assert interval_chart([Row("a", [None])], series=["x"], describe="d") == ""
    svg = interval_chart(
        [Row("a", [Interval(0, 0, 0)]), Row("b", [Interval(1, 0.5, 1)])], series=["x"], describe="d"
    )
    left, right = map(float, re.findall(r'<circle cx="([\d.]+)"', svg))
    start, end = map(float, re.findall(r'<g class="s0"><line x1="([\d.]+)" x2="([\d.]+)"', svg)[1])
    assert (start, end) == (pytest.approx((left + right) / 2, abs=0.1), right)


def test_progress_is_read_as_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "progress"
    ProgressFile(str(path))("fitting", 1, 3)
    with path.open() as file:
        assert list(new_progress(file)) == [("fitting", 1, 3)]
        with path.open("a") as half:
            half.write('["judging",')
        assert list(new_progress(file)) == []
        with path.open("a") as half:
            half.write(" 2, 3]\n")
        assert list(new_progress(file)) == [("judging", 2, 3)]
