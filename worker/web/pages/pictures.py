"""Pictures of a page as shapes, which its template draws as SVG: pure numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from worker.reporting.now import Minute
from worker.reporting.page import charts

TOGETHER = 2  # minutes that one column stands for


@dataclass(frozen=True, slots=True)
class Picture:
    """Sends as a line over columns of what was delivered and what failed."""

    columns: int
    top: int
    bars: Sequence[charts.Bar]
    sent: str
    """The points of the line."""
    totals: tuple[int, int, int]
    """Sent, delivered, failed, in all of it."""
    peak: int
    """The most that was sent within a minute."""
    since: datetime
    middle: datetime
    until: datetime

    @classmethod
    def of(cls, minutes: Sequence[Minute]) -> Picture:
        """minutes: each, the oldest first; two make a column, by the mean of a minute."""
        pairs = [minutes[at : at + TOGETHER] for at in range(0, len(minutes), TOGETHER)]
        ended = [
            [(name, sum(getattr(each, name) for each in pair)) for name in ("delivered", "failed")] for pair in pairs
        ]
        sent = [sum(each.sent for each in pair) for pair in pairs]
        top = charts.top_of([*ended, *([("sent", count)] for count in sent)])
        scaled = [charts.HEIGHT * (1 - count / top) for count in sent]
        return cls(
            columns=len(pairs),
            top=-(-top // TOGETHER),
            bars=charts.stacked(ended, top),
            sent=" ".join(f"{place + 0.5},{height:.1f}" for place, height in enumerate(scaled)),
            totals=(sum(sent), sum(each.delivered for each in minutes), sum(each.failed for each in minutes)),
            peak=max((each.sent for each in minutes), default=0),
            since=minutes[0].at,
            middle=minutes[len(minutes) // 2].at,
            until=minutes[-1].at,
        )
