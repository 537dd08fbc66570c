"""Dates that the calendar does not have every year: 29 February, lunar leap months, the 30th of a short lunar month.

Somebody should look at them before they come: whose day moves, and whose is left out this year.
"""

from __future__ import annotations

from calendar import isleap
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from worker.recurrence import Feb29, ShortMonth, to_lunar
from worker.reminder_rows import RuleRow
from worker.reminders.people import LUNAR, keys_of
from worker.reminders.rules import Anniversary

if TYPE_CHECKING:
    from worker.reminders.audiences import Audiences

LEAP_DAY = 229
WHOLE = 30  # days of a long lunar month


@dataclass(frozen=True, slots=True, kw_only=True)
class Odd:
    """A day on which a rule keeps, or leaves out, dates that this year does not have."""

    day: date
    rule: str
    what: str
    people: int


def odd_on(row: RuleRow, rule: Anniversary, day: date, audiences: Audiences) -> Iterator[Odd]:
    """What is odd about a day for a rule; only where it concerns somebody."""
    found = _lunar(rule, day) if rule.kind in LUNAR else _solar(rule, day)
    for what, keys in found:
        if people := audiences.reached(row, keys, day):
            yield Odd(day=day, rule=row.name, what=what, people=people)


def _solar(rule: Anniversary, day: date) -> Iterator[tuple[str, list[tuple[int, bool | None]]]]:
    leap_day: list[tuple[int, bool | None]] = [(LEAP_DAY, None)]
    kept = (LEAP_DAY, None) in keys_of(rule, day)
    if kept:
        stands_in = day.month * 100 + day.day != LEAP_DAY
        yield ("29 February is kept today, this year has none" if stands_in else "29 February", leap_day)
    if rule.feb29 is Feb29.LEAP_YEARS_ONLY and (day.month, day.day) == (2, 28) and not isleap(day.year):
        yield "29 February is not kept this year", leap_day


def _lunar(rule: Anniversary, day: date) -> Iterator[tuple[str, list[tuple[int, bool | None]]]]:
    lunar, tomorrow = to_lunar(day), to_lunar(day + timedelta(days=1))
    thirtieth: tuple[int, bool | None]
    for key, leap in keys_of(rule, day):
        if key % 100 == WHOLE and lunar.day != WHOLE:
            thirtieth = (key, leap)
            yield f"the 30th of lunar month {key // 100} is kept today, it has 29 days this year", [thirtieth]
        elif lunar.leap:
            yield f"leap month {lunar.month}: day {key % 100} is kept", [(key, leap)]
    if rule.short is ShortMonth.SKIP and lunar.day == WHOLE - 1 and tomorrow.day == 1:
        thirtieth = (lunar.month * 100 + WHOLE, None)
        yield f"the 30th of lunar month {lunar.month} is not kept, it has 29 days this year", [thirtieth]
