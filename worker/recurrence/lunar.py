"""The Vietnamese lunar calendar: months begin with the day of the new moon in Viet Nam, so some differ from China's.

PyEphem gives new moons, solstices and the sun's longitude; the rules are the calendar's own. The eleventh month holds
the winter solstice; where thirteen months lie between two of those, the first without a principal term is the leap one.

Viet Nam went from UTC+8 to UTC+7 on 1 January 1968, in the North; dates of the South until 1975 may differ by a day.
The tests hold days of Tết against printed calendars from 1945 on (each year from 1965 to 2050), leap months from 1968
to 2050, and the first day of each month against Hồ Ngọc Đức's formula, from 1900 to 2099. Rely on dates from 1929 on.
Before, calendars were printed by Peking's local time (UTC+7:46), and we count by UTC+8: by that clock four of our
months begin a day late (April 1906, November 1914, February 1916, November 1920), and printed ones of 1915 and 1924-25
may differ, too.
A new moon within two minutes of midnight can't be told for sure far ahead: 8 May 2054 is the only one until 2100.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from importlib import import_module
from itertools import pairwise
from typing import Any

from worker.recurrence.errors import RecurrenceError

FIRST_YEAR, LAST_YEAR = 1900, 2199  # lunar years: from 31 January 1900 to the eve of Tết 2200
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class LunarDate:
    """A day of the lunar calendar; `leap`: its month is the second of that number in the year."""

    year: int
    month: int
    day: int
    leap: bool = False


@dataclass(frozen=True, slots=True)
class LunarMonth:
    """One month: 29 or 30 days from `first` on."""

    first: date
    days: int
    year: int
    month: int
    leap: bool

    @property
    def key(self) -> tuple[int, int, bool]:
        return self.year, self.month, self.leap


def to_lunar(day: date) -> LunarDate:
    """The lunar date of a day. RecurrenceError outside the lunar years 1900 to 2199."""
    month = month_of(day)
    return LunarDate(month.year, month.month, (day - month.first).days + 1, month.leap)


def to_solar(lunar: LunarDate) -> date:
    """The day of a lunar date. RecurrenceError where the calendar has no such date."""
    month = next((month for month in months_of(lunar.year) if month.key == (lunar.year, lunar.month, lunar.leap)), None)
    if month is None:
        raise _no_month(lunar)
    if not 1 <= lunar.day <= month.days:
        raise RecurrenceError(
            "lunar date", f"this month has {month.days} days, not {lunar.day}", "give a day that the month has"
        )
    return month.first + (lunar.day - 1) * DAY


def month_of(day: date) -> LunarMonth:
    """The lunar month that a day lies in. RecurrenceError outside the lunar years 1900 to 2199."""
    year = day.year - (day < _tet(day.year))
    return next(month for month in reversed(months_of(year)) if month.first <= day)


def _tet(year: int) -> date:
    """The first day of a lunar year; also of the one after the last that we count."""
    last = months_of(min(year, LAST_YEAR))
    return last[0].first if year <= LAST_YEAR else last[-1].first + last[-1].days * DAY


@cache  # 300 years at most; a year costs 10 ms
def months_of(year: int) -> tuple[LunarMonth, ...]:
    """The twelve or thirteen months of a lunar year. RecurrenceError outside 1900 to 2199."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise RecurrenceError(
            "lunar date",
            f"the lunar year {year} is out of reach",
            f"give a date of the lunar years {FIRST_YEAR} to {LAST_YEAR}",
        )
    return tuple(month for month in (*_from_solstice(year - 1), *_from_solstice(year)) if month.year == year)


def _no_month(lunar: LunarDate) -> RecurrenceError:
    if not lunar.leap or not 1 <= lunar.month <= 12:
        return RecurrenceError("lunar date", f"there is no lunar month {lunar.month}", "give a month from 1 to 12")
    leap = next((month.month for month in months_of(lunar.year) if month.leap), None)
    has = "no leap month" if leap is None else f"a leap month {leap}"
    return RecurrenceError(
        "lunar date", f"lunar {lunar.year} has {has}, not a leap month {lunar.month}", "give the month without leap"
    )


# From one winter solstice to the next...


@cache
def _from_solstice(year: int) -> tuple[LunarMonth, ...]:
    """The months from the eleventh of this lunar year up to the tenth of the next."""
    firsts = _between_solstices(year)
    leap = _leap_among(firsts) if len(firsts) == 14 else None
    months, count = [], 10
    for at, (first, following) in enumerate(pairwise(firsts)):
        count += at != leap
        months.append(_month(first, following, year, count, leap=at == leap))
    return tuple(months)


def _month(first: date, following: date, year: int, count: int, *, leap: bool) -> LunarMonth:
    """`count`: 11 and 12 as they are, 13 for the first month of the next year."""
    later, month = divmod(count - 1, 12)
    return LunarMonth(first, (following - first).days, year + later, month + 1, leap)


def _between_solstices(year: int) -> list[date]:
    """The first days of the months from the one with this year's solstice to the one with the next year's."""
    firsts = _new_moons(year)
    begin, end = (max(first for first in firsts if first <= _solstice(which)) for which in (year, year + 1))
    return firsts[firsts.index(begin) : firsts.index(end) + 1]


def _leap_among(firsts: list[date]) -> int:
    """The first month in which the sun enters no twelfth of its way: it has no principal term."""
    twelfths = [_twelfth(first) for first in firsts]
    return next(at for at, (here, there) in enumerate(pairwise(twelfths)) if here == there)


# The sky...


@cache
def _sky() -> Any:
    """PyEphem, loaded only when somebody asks for a lunar date. celery-types has stubs of it that know a part only."""
    return import_module("ephem")


def _new_moons(year: int) -> list[date]:
    """The days of new moon from November of this year to the end of the next."""
    moment, days = _sky().Date(f"{year}/11/15"), []
    while moment < _sky().Date(f"{year + 2}/1/1"):
        moment = _sky().next_new_moon(moment)
        days.append(_day_of(moment))
        moment = _sky().Date(moment + 1)
    return days


def _solstice(year: int) -> date:
    return _day_of(_sky().next_winter_solstice(f"{year}/12/1"))


def _twelfth(day: date) -> int:
    """In which twelfth of its yearly way the sun is when the day begins in Viet Nam; 0 begins at the March equinox."""
    moment = _sky().Date(datetime.combine(day, time.min) - _offset(day.year))
    longitude = _sky().Ecliptic(_sky().Sun(moment), epoch=moment).lon
    return int(longitude / math.pi * 6)


def _day_of(moment: Any) -> date:
    """The day in Viet Nam of a moment that PyEphem gives in UTC."""
    utc: datetime = moment.datetime()
    return (utc + _offset(utc.year)).date()


def _offset(year: int) -> timedelta:
    return timedelta(hours=8 if year < 1968 else 7)
