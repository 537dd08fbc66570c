"""Whose day it is, on odd dates too: nobody is missed where the rule says so, and nobody has two days by accident."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest

from worker.recurrence import Feb29, LeapMonth, LunarDate, ShortMonth, lunar_days_on, solar_days_on, to_solar
from worker.recurrence.lunar import months_of

DAY = timedelta(days=1)


def days_of(year: int) -> list[date]:
    return [date(year, 1, 1) + n * DAY for n in range((date(year + 1, 1, 1) - date(year, 1, 1)).days)]


@pytest.mark.parametrize(
    ("year", "feb29", "on"),
    [
        (2026, Feb29.FEB28, [date(2026, 2, 28)]),
        (2026, Feb29.MAR1, [date(2026, 3, 1)]),
        (2026, Feb29.LEAP_YEARS_ONLY, []),
        (2100, Feb29.FEB28, [date(2100, 2, 28)]),
        *((2028, feb29, [date(2028, 2, 29)]) for feb29 in Feb29),
        *((2000, feb29, [date(2000, 2, 29)]) for feb29 in Feb29),
    ],
)
def test_who_was_born_on_29_february_has_the_day_that_the_rule_says(year: int, feb29: Feb29, on: list[date]) -> None:
    assert [day for day in days_of(year) if 229 in solar_days_on(day, feb29)] == on


@pytest.mark.parametrize("feb29", Feb29)
@pytest.mark.parametrize("year", [2026, 2028])
def test_everybody_else_has_one_birthday_a_year(year: int, feb29: Feb29) -> None:
    kept = Counter(key for day in days_of(year) for key in solar_days_on(day, feb29))
    assert len(kept) >= 365
    assert set(kept.values()) == {1}


def kept_on(year: int, key: int, born_leap: bool, leap: LeapMonth, short: ShortMonth) -> list[date]:
    """The days on which a person's day of this lunar year is kept."""
    months = months_of(year)
    tet, next_tet = months[0].first, months[-1].first + months[-1].days * DAY
    if key == 1230:  # it may be kept on the first of the next year, as that of the year before was in this one
        tet, next_tet = tet + DAY, next_tet + DAY
    return [
        day
        for day in (tet + n * DAY for n in range((next_tet - tet).days))
        if any(key == kept and whose in (None, born_leap) for kept, whose in lunar_days_on(day, leap, short))
    ]


@pytest.mark.parametrize(
    ("leap", "born_leap", "months"),
    [
        (LeapMonth.FIRST, False, [False]),
        (LeapMonth.SECOND, False, [True]),
        (LeapMonth.BOTH, False, [False, True]),
        (LeapMonth.FIRST, True, [True]),
        (LeapMonth.SECOND, True, [True]),
        (LeapMonth.BOTH, True, [False, True]),
    ],
)
def test_in_a_year_with_the_month_twice_the_rule_chooses_and_the_leap_born_keep_theirs(
    leap: LeapMonth, born_leap: bool, months: list[bool]
) -> None:
    expected = [to_solar(LunarDate(2025, 6, 15, which)) for which in months]
    assert kept_on(2025, 615, born_leap, leap, ShortMonth.SKIP) == expected


@pytest.mark.parametrize("leap", LeapMonth)
@pytest.mark.parametrize("born_leap", [False, True])
def test_in_a_year_without_it_everybody_has_the_only_one(leap: LeapMonth, born_leap: bool) -> None:
    assert kept_on(2026, 615, born_leap, leap, ShortMonth.SKIP) == [to_solar(LunarDate(2026, 6, 15))]


@pytest.mark.parametrize(
    ("short", "on"),
    [
        (ShortMonth.DAY29, [LunarDate(2026, 2, 29)]),
        (ShortMonth.NEXT_DAY, [LunarDate(2026, 3, 1)]),
        (ShortMonth.SKIP, []),
    ],
)
def test_the_thirtieth_of_a_short_month_is_kept_as_the_rule_says(short: ShortMonth, on: list[LunarDate]) -> None:
    short_month = next(month for month in months_of(2026) if month.days == 29)
    assert short_month.month == 2, "the table above needs another month"
    assert kept_on(2026, 230, False, LeapMonth.FIRST, short) == [to_solar(lunar) for lunar in on]


@pytest.mark.parametrize("short", ShortMonth)
def test_the_thirtieth_of_a_long_month_is_the_thirtieth(short: ShortMonth) -> None:
    month = next(month for month in months_of(2026) if month.days == 30)
    assert kept_on(2026, month.month * 100 + 30, False, LeapMonth.FIRST, short) == [month.first + 29 * DAY]


@pytest.mark.parametrize("leap", [LeapMonth.FIRST, LeapMonth.SECOND])
@pytest.mark.parametrize("short", [ShortMonth.DAY29, ShortMonth.NEXT_DAY])
@pytest.mark.parametrize("year", [2025, 2026, 2033, 2050])
def test_nobody_is_left_out_and_nobody_has_two_days(year: int, leap: LeapMonth, short: ShortMonth) -> None:
    for month in range(1, 13):
        for day in (1, 15, 29, 30):
            for born_leap in (False, True):
                assert len(kept_on(year, month * 100 + day, born_leap, leap, short)) == 1, (month, day, born_leap)
