"""How long it took until eSMS had a message, and from there until it was delivered, against the lane's goal.

From counts in buckets, which add up over days and lanes: a percentile is as exact as its bucket is narrow, and
interpolated within it; what took longer than 1, 5 or 10 minutes is exact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate, groupby, pairwise
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import func, select

from worker.lifecycle import LATENCY_BOUNDS, Lane
from worker.reporting.choice import Choice, GroupBy, columns_of, flat, grouping
from worker.reporting.months import by_months
from worker.reporting.tables import ReportLatency, ReportLatencyMonth

if TYPE_CHECKING:
    from worker.database import Reader

Leg = Literal["accepted", "delivered"]

GOAL_SHARE = 0.95
_EDGES = (0.0, *LATENCY_BOUNDS)  # where each bucket begins; the last one ends nowhere

_NAMES = ("source", "campaign", "purpose", "lane", "sms_type", "network")
_d, _m = ReportLatency, ReportLatencyMonth
_SUMMED = (*_NAMES, "leg", "bucket", "messages")
_DAYS = select(_d.day, *(_d[name] for name in _SUMMED))
_MONTHS = select(_m.month.label("day"), *(_m[name] for name in _SUMMED))


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """How long those took that came so far: times in seconds, shares as parts of one."""

    key: Mapping[GroupBy, date | str | int]
    leg: Leg
    """accepted: from when it was to go out until eSMS had it; delivered: from there until it was delivered."""
    messages: int
    p50: float
    p95: float
    p99: float
    over_1_minute: float
    over_5_minutes: float
    over_10_minutes: float
    goal: float | None
    """Seconds within which 95 of 100 are to be accepted; None where lines are not by lane, and for the other leg."""
    within_goal: float | None

    @property
    def met(self) -> bool | None:
        """Was the goal reached?"""
        return None if self.within_goal is None else self.within_goal >= GOAL_SHARE

    def as_row(self) -> dict[str, Any]:
        """Flat."""
        return flat(self) | {"met": self.met}


def latency(session: Reader, choice: Choice, by: Sequence[GroupBy], goals: Mapping[Lane, timedelta]) -> list[Latency]:
    """Two lines, one for each leg, for each that is grouped by, in their order. Raises Invalid."""
    of = _d if "day" in by else by_months(choice, _MONTHS, _m.month, _DAYS, _d.day)
    columns = columns_of(of, *_NAMES)
    grouped = [*grouping(by, columns), of.leg, of.bucket]
    counted = func.sum(of.messages)
    query = select(*grouped, counted.label("messages")).where(*choice.where(columns)).group_by(*grouped)
    rows = session.execute(query.having(counted != 0).order_by(*grouped))
    by = list(dict.fromkeys(by))
    return [_line(by, key, list(alike), goals) for key, alike in groupby(rows, _key)]


def _key(row: Any) -> tuple[Any, ...]:
    return tuple(row)[:-2]


def _line(by: Sequence[GroupBy], key: Sequence[Any], rows: Sequence[Any], goals: Mapping[Lane, timedelta]) -> Latency:
    counts = [0] * len(_EDGES)
    for row in rows:
        counts[row.bucket] = int(row.messages)
    named: dict[GroupBy, Any] = dict(zip(by, key, strict=False))
    leg: Leg = key[-1]
    goal = goals[Lane(named["lane"])].total_seconds() if leg == "accepted" and "lane" in named else None
    p50, p95, p99 = (percentile(counts, part) for part in (0.5, 0.95, 0.99))
    minute, five, ten = (share_over(counts, seconds) for seconds in (60, 300, 600))
    return Latency(
        key=named,
        leg=leg,
        messages=sum(counts),
        p50=p50,
        p95=p95,
        p99=p99,
        over_1_minute=minute,
        over_5_minutes=five,
        over_10_minutes=ten,
        goal=goal,
        within_goal=None if goal is None else 1 - share_over(counts, goal),
    )


def percentile(counts: Sequence[int], part: float) -> float:
    """Seconds below which this part of them lies. counts: by bucket."""
    wanted = part * sum(counts)
    reached = list(accumulate(counts))
    bucket = next(place for place, count in enumerate(reached) if count >= wanted and count)
    if bucket == len(_EDGES) - 1:
        return _EDGES[-1]
    within = (wanted - (reached[bucket] - counts[bucket])) / counts[bucket]
    return round(_EDGES[bucket] + within * (_EDGES[bucket + 1] - _EDGES[bucket]), 3)


def share_over(counts: Sequence[int], seconds: float) -> float:
    """The part of them that took so long or longer; exact where a bucket begins there."""
    below = 0.0
    for count, (begin, end) in zip(counts, pairwise((*_EDGES, float("inf"))), strict=True):
        below += count if end <= seconds else count * max(0.0, seconds - begin) / (end - begin)
    return 1 - below / sum(counts)
