"""Whose day it is: the birthdays and death anniversaries that are kept on a day, by the two calendars.

A person's day is kept as a key, month * 100 + day, so that an index finds them; odd dates add keys to a day.
"""

from __future__ import annotations

from calendar import isleap
from datetime import date
from enum import StrEnum

from worker.recurrence.lunar import DAY, LunarMonth, month_of, months_of


class Feb29(StrEnum):
    """When who was born on 29 February is congratulated in a year without it."""

    FEB28 = "feb28"
    MAR1 = "mar1"
    LEAP_YEARS_ONLY = "leap-years-only"


class LeapMonth(StrEnum):
    """Which of the two months counts in a lunar year that has this month twice.

    Who was born in the leap month itself keeps to it whenever a year has it, and to the only one otherwise.
    """

    FIRST = "first"
    SECOND = "second"
    BOTH = "both"


class ShortMonth(StrEnum):
    """When the 30th is kept in a lunar month of 29 days."""

    DAY29 = "day29"
    NEXT_DAY = "next-day"
    SKIP = "skip"


def solar_days_on(day: date, feb29: Feb29) -> tuple[int, ...]:
    """The keys that are kept on this day: its own first, then 229 where 29 February is missing."""
    stand_in = {Feb29.FEB28: 228, Feb29.MAR1: 301}.get(feb29)
    key = day.month * 100 + day.day
    return (key, 229) if key == stand_in and not isleap(day.year) else (key,)


def lunar_days_on(day: date, leap: LeapMonth, short: ShortMonth) -> tuple[tuple[int, bool | None], ...]:
    """The lunar keys that are kept on this day, each with whose: born in a leap month, or not, or None for both.

    Empty where the day counts for nobody. RecurrenceError outside the lunar years 1900 to 2199.
    """
    month = month_of(day)
    number = (day - month.first).days + 1
    kept = [(month, number)]
    if short is ShortMonth.DAY29 and number == month.days == 29:
        kept.append((month, 30))
    if short is ShortMonth.NEXT_DAY and number == 1 and (before := _before(month)) and before.days == 29:
        kept.insert(0, (before, 30))
    return tuple(
        (which.month * 100 + number, None if len(whose) == 2 else whose[0])
        for which, number in kept
        if (whose := _whose(which, leap))
    )


def _before(month: LunarMonth) -> LunarMonth | None:
    """The month before, or None before the calendar begins."""
    return month_of(month.first - DAY) if month is not months_of(1900)[0] else None


def _whose(month: LunarMonth, leap: LeapMonth) -> list[bool]:
    """Who keeps their day in this month: those born outside of leap months (False), in them (True)."""
    twice = sum(other.month == month.month for other in months_of(month.year)) == 2
    if not twice or leap is LeapMonth.BOTH:
        return [False, True]
    counts = LeapMonth.SECOND if month.leap else LeapMonth.FIRST
    return [False] * (leap is counts) + [True] * month.leap
