"""Days put together to so few columns that each can be seen: as days, weeks or months. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

from worker.lifecycle import Status
from worker.reporting.sums import Counted, Sums

Unit = Literal["day", "week", "month"]

DAYS_MOST, WEEKS_MOST = 62, 400  # days of a page up to which columns are days, and weeks


@dataclass(slots=True)
class Period(Counted):
    """A column: from which day on, and how many messages stand where."""

    first: date
    statuses: Counter[Status] = field(default_factory=Counter)


def unit_of(since: date, until: date) -> Unit:
    """What a column stands for."""
    days = (until - since).days + 1
    return "day" if days <= DAYS_MOST else "week" if days <= WEEKS_MOST else "month"


def periods(days: Sequence[Sums], since: date, until: date) -> list[Period]:
    """One for each day, week or month between the two, also where there was nothing."""
    unit, found = unit_of(since, until), dict[date, Period]()
    day = since
    while day <= until:
        first = start_of(day, unit)
        found.setdefault(first, Period(first))
        day += timedelta(days=1)
    for line in days:
        found[start_of(_day_of(line), unit)].statuses.update(line.statuses)
    return list(found.values())


def together(lines: Sequence[Sums], first: date) -> Period:
    """All of them as one."""
    whole = Period(first)
    for line in lines:
        whole.statuses.update(line.statuses)
    return whole


def start_of(day: date, unit: Unit) -> date:
    """The first day of its week or month."""
    if unit == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if unit == "month" else day


def _day_of(line: Sums) -> date:
    day = line.key["day"]
    assert isinstance(day, date)
    return day
