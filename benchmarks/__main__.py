"""Runs the benchmarks: `python -m benchmarks [--quick] [--check] [TOPIC ...]`."""

from __future__ import annotations

import argparse
import importlib
import sys
from datetime import date
from pathlib import Path

from benchmarks import report
from benchmarks.harness import Row

HERE = Path(__file__).parent


def topics() -> list[str]:
    return sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))


def measure(topic: str, *, quick: bool) -> list[Row]:
    print(f"{topic}: measuring", file=sys.stderr, flush=True)
    rows: list[Row] = importlib.import_module(f"benchmarks.bench_{topic}").rows(quick)
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("topics", nargs="*", metavar="TOPIC", help=f"of {', '.join(topics())}")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument(
        "--check",
        action="store_true",
        help="compare with the committed table instead of replacing it",
    )
    options = parser.parse_args()
    if unknown := set(options.topics) - set(topics()):
        parser.error(f"there is no topic {', '.join(sorted(unknown))}")
    committed = report.load()
    chosen = options.topics or topics()
    if options.check:
        chosen = [topic for topic in chosen if topic in committed]
    problems = []
    for topic in chosen:
        found = report.Topic(date.today(), report.machine(), measure(topic, quick=options.quick))
        print(report.table({topic: found}), flush=True)
        if options.check:
            problems += report.regressions(committed[topic].rows, found.rows)
        else:
            committed[topic] = found
            report.save(committed)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
