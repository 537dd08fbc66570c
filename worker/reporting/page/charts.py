"""Pictures as shapes: pure numbers, which the page's template draws as SVG.

A picture has no text of its own: it is stretched to the reader's window, and its labels stand beside it as HTML.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10

HEIGHT = 100  # of every picture, in its own units


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle; series: which of the stacked ones it is."""

    x: float
    y: float
    width: float
    height: float
    series: str


def stacked(columns: Sequence[Sequence[tuple[str, int]]], top: int | None = None) -> list[Bar]:
    """One column beside the other, one unit wide each; what is named first stands at the bottom. top: of the scale."""
    most = top or top_of(columns)
    return [bar for place, column in enumerate(columns) for bar in _column(place, column, most)]


def _column(place: int, column: Sequence[tuple[str, int]], most: int) -> list[Bar]:
    bars, below = [], 0.0
    for series, count in column:
        height = HEIGHT * count / most
        if height:
            bars.append(Bar(place + 0.1, round(HEIGHT - below - height, 3), 0.8, round(height, 3), series))
        below += height
    return bars


def top_of(columns: Sequence[Sequence[tuple[str, int]]]) -> int:
    """Where the scale ends: a round number at or above the highest column."""
    most = max((sum(count for _, count in column) for column in columns), default=0)
    if most < 2:
        return 2
    unit = 10 ** int(log10(most))
    return next(
        int(unit * step) for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if unit * step >= most and unit * step % 2 == 0
    )


def line(parts: Sequence[float | None]) -> list[str]:
    """Runs of points of a line through the middles of columns, from 0 at the bottom to 1 at the top; None breaks it."""
    runs: list[list[str]] = [[]]
    for place, part in enumerate(parts):
        if part is None:
            runs.append([])
        else:
            runs[-1].append(f"{place + 0.5},{round(HEIGHT * (1 - part), 2)}")
    return [" ".join(run if len(run) > 1 else [run[0], _beside(run[0])]) for run in runs if run]


def _beside(point: str) -> str:
    x, y = point.split(",")
    return f"{float(x) + 0.2},{y}"


def share(part: float, whole: float) -> float:
    """A part of a bar that is 100 wide."""
    return round(100 * part / whole, 2) if whole else 0.0


def on_scale(seconds: float) -> float:
    """Where so many seconds are on a bar that is 100 wide, from 0.1 seconds to a day by their logarithm."""
    return round(max(1.0, min(100.0, 100 * (log10(max(seconds, 0.1)) + 1) / (log10(86_400) + 1))), 2)
