"""Sums of a period: of whole months as one, and of the days at its ends. Of a year that is a tenth of the rows."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnClause, Select, and_, false, or_, union_all

from worker.reporting.choice import Choice, first_of_a_month


def by_months(
    choice: Choice,
    months: Select[Any],
    month: ColumnClause[date],
    days: Select[Any],
    day: ColumnClause[date],
    *,
    apart: Collection[date] = (),
) -> Any:
    """Columns of both queries put together: `months` for whole months, `days` for the days outside of these.

    apart: first days of months that are to be read by days all the same; ones outside of the period are ignored.
    """
    first, end = choice.whole_months()
    others = [false(), *([day < first] if first else []), *([day >= end] if end else [])]
    if first:
        months, days = months.where(month >= first), days.where(day >= choice.since)
    if end:
        months, days = months.where(month < end), days.where(day <= choice.until)
    if inside := [one for one in apart if (not first or one >= first) and (not end or one < end)]:
        months = months.where(month.not_in(inside))
        others += [and_(day >= one, day < first_of_a_month(one + timedelta(days=1))) for one in inside]
    return union_all(months, days.where(or_(*others))).subquery().c
