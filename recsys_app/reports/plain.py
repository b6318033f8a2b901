"""Reports as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import orjson

from jobs.evaluation import Interval


def to_json(report: Any) -> bytes:
    """A report, a dataclass, as indented JSON; an interval is an object of mean, low and high."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(asdict(report), default=_plain, option=options)


def _plain(value: object) -> object:
    if isinstance(value, Interval):
        return value._asdict()
    raise TypeError(f"{type(value).__name__} has no place in a report")
