"""The table of all benchmarks: kept as JSON, shown in docs/performance.md."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import msgspec

from benchmarks.harness import Row

COMMITTED = Path(__file__).with_name("committed.json")
PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"
MOST = 1.25
"""How much more CPU per unit than committed is let pass; noise is about 10 %."""


class Topic(msgspec.Struct, frozen=True):
    """The rows of one topic, and when and where they were measured."""

    measured: date
    machine: str
    rows: list[Row]


def load() -> dict[str, Topic]:
    if not COMMITTED.exists():
        return {}
    return msgspec.json.decode(COMMITTED.read_bytes(), type=dict[str, Topic])


def save(topics: Mapping[str, Topic]) -> None:
    """Writes the JSON, and the table into the page between its marks."""
    encoded = msgspec.json.encode(dict(sorted(topics.items())))
    COMMITTED.write_bytes(msgspec.json.format(encoded, indent=2) + b"\n")
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{table(topics)}\n\n{END}{after}")


def table(topics: Mapping[str, Topic]) -> str:
    """Markdown: a line for each row, and below who measured what where."""
    lines = [
        "| what | beside | ours | reference | ratio | wall ratio | goal | met |",
        "|---|---|---:|---:|---:|---:|---:|---|",
    ]
    notes = []
    for name, topic in sorted(topics.items()):
        lines += map(_line, topic.rows)
        notes += [f"- {row.what}: {row.note}" for row in topic.rows if row.note]
        notes.append(f"- Topic `{name}`: measured {topic.measured} on {topic.machine}.")
    return "\n".join((*lines, "", *notes))


def _line(row: Row) -> str:
    reference = "" if row.reference is None else f"{row.reference:.4g}"
    sign = "≥" if row.better == "higher" else "≤"
    cells = (
        row.what,
        row.against or "a plain figure",
        f"{row.ours:.4g} {row.unit}",
        reference,
        "" if row.ratio is None else f"**{row.ratio:.2f}**",
        "" if row.wall_ratio is None else f"{row.wall_ratio:.2f}",
        f"{sign} {row.goal:g}",
        "yes" if row.is_met else "**no**",
    )
    return f"| {' | '.join(cells)} |"


def regressions(committed: Sequence[Row], found: Sequence[Row]) -> list[str]:
    """A sentence for each row that takes more CPU per unit than committed, each relative to the
    reference of its own run, so that machines compare."""
    before = {(row.what, row.against): row for row in committed}
    sentences = []
    for row in found:
        held = before.get((row.what, row.against))
        if held is None or not row.is_cpu or not row.ratio or not held.ratio:
            continue
        higher = row.better == "higher"
        more = held.ratio / row.ratio if higher else row.ratio / held.ratio
        if more > MOST:
            sentences.append(
                f"{row.what}, beside {row.against}: {100 * (more - 1):.0f} % more CPU per unit "
                f"than committed (ratio {row.ratio:.2f}, committed {held.ratio:.2f})"
            )
    return sentences


def machine() -> str:
    cores = os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    python = platform.python_version()
    return f"{_processor()}, {cores} cores, {memory:.0f} GiB, Python {python}"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
