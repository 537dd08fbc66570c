"""How a rule repeats, as its form asks: each day, week, month or year, for who writes no RRULE; and back."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from starlette.datastructures import FormData

from worker.errors import Invalid
from worker.recurrence.rrule import WEEKDAYS
from worker.web.pages.forms import choice_in, number_in, text_in

LAST = 31  # is the last day of each month, however long


class Every(StrEnum):
    """What the form offers; `own` is an RRULE or a cron line."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    OWN = "own"


NEW: Mapping[str, Any] = {"every": Every.WEEK, "weekdays": (), "month_day": 1}

_weekly = re.compile(r"FREQ=WEEKLY;BYDAY=([A-Z]{2}(?:,[A-Z]{2})*)").fullmatch
_monthly = re.compile(r"FREQ=MONTHLY;BYMONTHDAY=(-1|[1-9]|[12]\d|30)").fullmatch
_PLAIN = {"FREQ=DAILY": Every.DAY, "FREQ=WEEKLY": Every.WEEK, "FREQ=YEARLY": Every.YEAR}


def repeating_in(form: FormData) -> dict[str, Any]:
    """As it is shown again; who asks for nothing of these, a program, says it by itself."""
    return {
        "every": choice_in(form, "every", Every, Every.OWN),
        "weekdays": [each for each in form.getlist("weekday") if each in WEEKDAYS],
        "month_day": number_in(form, "month_day", 1),
        "rrule": text_in(form, "rrule"),
        "cron": text_in(form, "cron"),
    }


def recurrence_of(fields: Mapping[str, Any]) -> dict[str, str | None]:
    """The same as a rule keeps it. Raises Invalid."""
    if fields["every"] is Every.OWN:
        return {"rrule": fields["rrule"] or None, "cron": fields["cron"] or None}
    return {"rrule": _rrule(fields["every"], fields["weekdays"], fields["month_day"]), "cron": None}


def _rrule(every: Every, weekdays: Sequence[str], month_day: int) -> str:
    if every is Every.WEEK:
        return f"FREQ=WEEKLY;BYDAY={','.join(weekdays)}" if weekdays else "FREQ=WEEKLY"
    if every is Every.MONTH:
        if not 1 <= month_day <= LAST:
            raise Invalid("month_day", "is out of range", f"give 1 to {LAST}")
        return f"FREQ=MONTHLY;BYMONTHDAY={-1 if month_day == LAST else month_day}"
    return next(rrule for rrule, each in _PLAIN.items() if each is every)


def repeating_of(rrule: str | None) -> dict[str, Any]:
    """What the form shows of a rule's recurrence."""
    if found := _weekly(rrule or ""):
        return {**NEW, "every": Every.WEEK, "weekdays": found[1].split(",")}
    if found := _monthly(rrule or ""):
        return {**NEW, "every": Every.MONTH, "month_day": LAST if found[1] == "-1" else int(found[1])}
    return {**NEW, "every": _PLAIN.get(rrule or "", Every.OWN)}
