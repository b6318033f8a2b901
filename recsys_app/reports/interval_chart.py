"""A chart of means with their intervals, as inline SVG whose colours the page decides."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from jobs.evaluation import Interval

_WIDTH = 520
_LABELS = 165
_RIGHT = 18
_TOP = 8
_SERIES_HEIGHT = 15
_ROW_GAP = 9
_AXIS_HEIGHT = 26
_TICKS = 5


class Row(NamedTuple):
    """A model, and an interval for each series (None: no figure)."""

    label: str
    intervals: Sequence[Interval | None]
    is_ours: bool = False


def interval_chart(
    rows: Sequence[Row], *, series: Sequence[str], describe: str, from_zero: bool = True
) -> str:
    """The chart; `from_zero` has the axis begin at zero, or at any rate show it.

    Args:
        rows: from top to bottom.
        series: what each of a row's intervals is, for the tooltips.
        describe: what the chart shows, for who cannot see it.
        from_zero: otherwise the axis begins near the lowest value.
    """
    values = [value for row in rows for each in row.intervals if each for value in each]
    if not values:
        return ""
    low, high = min(values), max(values)
    ticks = nice_ticks(min(low, 0) if from_zero else low, max(high, 0) if from_zero else high)
    row_height = len(series) * _SERIES_HEIGHT + _ROW_GAP
    bottom = _TOP + row_height * len(rows)
    scale = (_WIDTH - _LABELS - _RIGHT) / (ticks[-1] - ticks[0])

    def x(value: float) -> float:
        return round(_LABELS + (value - ticks[0]) * scale, 1)

    parts = [_axis(ticks, [x(tick) for tick in ticks], bottom)]
    for place, row in enumerate(rows):
        top = _TOP + place * row_height
        ours = " ours" if row.is_ours else ""
        middle = top + (row_height - _ROW_GAP) / 2 + 4
        label = f'<text class="label{ours}" x="{_LABELS - 10}" y="{middle:g}">'
        parts.append(f"{label}{escape(row.label)}</text>")
        for number, (name, interval) in enumerate(zip(series, row.intervals, strict=True)):
            if interval:
                y = top + number * _SERIES_HEIGHT + _SERIES_HEIGHT / 2
                says = f"{row.label}, {name}: {interval.mean:.4f} "
                says += f"({interval.low:.4f} to {interval.high:.4f})"
                parts.append(_point(x(interval.mean), x(interval.low), x(interval.high), y, number))
                parts.append(f"<title>{escape(says)}</title></g>")
    size = f'viewBox="0 0 {_WIDTH} {bottom + _AXIS_HEIGHT}"'
    return f'<svg {size} role="img" aria-label="{escape(describe)}">{"".join(parts)}</svg>'


def nice_ticks(low: float, high: float) -> list[float]:
    """Round numbers, evenly spaced, from not above `low` to not below `high`."""
    span = (high - low) or abs(high) or 1.0
    rough = span / _TICKS
    unit = 10 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(number * step, 10) for number in range(first, max(last, first + 1) + 1)]


def _axis(ticks: Sequence[float], places: Sequence[float], bottom: float) -> str:
    digits = max(0, -math.floor(math.log10(ticks[1] - ticks[0]) + 1e-9))
    parts = []
    for tick, place in zip(ticks, places, strict=True):
        kind = "zero" if tick == 0 else "grid"
        line = f'<line class="{kind}" x1="{place}" x2="{place}" y1="{_TOP}" y2="{bottom}"/>'
        text = f'<text class="tick" x="{place}" y="{bottom + 18}">{tick:.{digits}f}</text>'
        parts.append(line + text)
    return "".join(parts)


def _point(mean: float, low: float, high: float, y: float, series: int) -> str:
    """A group that is left open, for its tooltip."""
    return (
        f'<g class="s{series}"><line x1="{low}" x2="{high}" y1="{y:g}" y2="{y:g}"/>'
        f'<circle cx="{mean}" cy="{y:g}" r="4.5"/>'
    )
