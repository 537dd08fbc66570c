"""The Vietnamese lunar calendar against dates that are known, a formula that is not ours, and itself over 300 years."""

from __future__ import annotations

import math
from datetime import date, timedelta
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.recurrence import LunarDate, RecurrenceError, to_lunar, to_solar
from worker.recurrence.lunar import FIRST_YEAR, LAST_YEAR, LunarMonth, months_of

DAY = timedelta(days=1)
FIRST, LAST = date(1900, 1, 31), to_solar(LunarDate(LAST_YEAR, 12, 29))

# Printed calendars of Viet Nam (until 1967 they went by UTC+8).
TET = {
    1945: (2, 13), 1950: (2, 17), 1954: (2, 3), 1955: (1, 24), 1960: (1, 28), 1965: (2, 2), 1966: (1, 21),
    1967: (2, 9), 1968: (1, 29), 1969: (2, 16), 1970: (2, 6), 1971: (1, 27), 1972: (2, 15), 1973: (2, 3),
    1974: (1, 23), 1975: (2, 11), 1976: (1, 31), 1977: (2, 18), 1978: (2, 7), 1979: (1, 28), 1980: (2, 16),
    1981: (2, 5), 1982: (1, 25), 1983: (2, 13), 1984: (2, 2), 1985: (1, 21), 1986: (2, 9), 1987: (1, 29),
    1988: (2, 17), 1989: (2, 6), 1990: (1, 27), 1991: (2, 15), 1992: (2, 4), 1993: (1, 23), 1994: (2, 10),
    1995: (1, 31), 1996: (2, 19), 1997: (2, 7), 1998: (1, 28), 1999: (2, 16), 2000: (2, 5), 2001: (1, 24),
    2002: (2, 12), 2003: (2, 1), 2004: (1, 22), 2005: (2, 9), 2006: (1, 29), 2007: (2, 17), 2008: (2, 7),
    2009: (1, 26), 2010: (2, 14), 2011: (2, 3), 2012: (1, 23), 2013: (2, 10), 2014: (1, 31), 2015: (2, 19),
    2016: (2, 8), 2017: (1, 28), 2018: (2, 16), 2019: (2, 5), 2020: (1, 25), 2021: (2, 12), 2022: (2, 1),
    2023: (1, 22), 2024: (2, 10), 2025: (1, 29), 2026: (2, 17), 2027: (2, 6), 2028: (1, 26), 2029: (2, 13),
    2030: (2, 2), 2031: (1, 23), 2032: (2, 11), 2033: (1, 31), 2034: (2, 19), 2035: (2, 8), 2036: (1, 28),
    2037: (2, 15), 2038: (2, 4), 2039: (1, 24), 2040: (2, 12), 2041: (2, 1), 2042: (1, 22), 2043: (2, 10),
    2044: (1, 30), 2045: (2, 17), 2046: (2, 6), 2047: (1, 26), 2048: (2, 14), 2049: (2, 2), 2050: (1, 23),
    2053: (2, 18),
}  # fmt: skip

IN_CHINA = {1968: (1, 30), 1969: (2, 17), 1985: (2, 20), 2007: (2, 18), 2030: (2, 3), 2053: (2, 19)}

LEAP_MONTHS = {
    1968: 7, 1971: 5, 1974: 4, 1976: 8, 1979: 6, 1982: 4, 1985: 2, 1987: 7, 1990: 5, 1993: 3, 1995: 8, 1998: 5,
    2001: 4, 2004: 2, 2006: 7, 2009: 5, 2012: 4, 2014: 9, 2017: 6, 2020: 4, 2023: 2, 2025: 6, 2028: 5, 2031: 3,
    2033: 11, 2036: 6, 2039: 5, 2042: 2, 2044: 7, 2047: 5, 2050: 3,
}  # fmt: skip


@pytest.mark.parametrize(("year", "tet"), TET.items())
def test_tet_is_on_the_day_of_the_printed_calendar(year: int, tet: tuple[int, int]) -> None:
    assert to_solar(LunarDate(year, 1, 1)) == date(year, *tet)
    assert to_lunar(date(year, *tet)) == LunarDate(year, 1, 1)
    assert to_lunar(date(year, *tet) - DAY).month == 12


@pytest.mark.parametrize(("year", "tet"), IN_CHINA.items())
def test_tet_is_not_chinas_new_year_where_the_two_differ(year: int, tet: tuple[int, int]) -> None:
    assert to_solar(LunarDate(year, 1, 1)) != date(year, *tet)


@pytest.mark.parametrize("year", range(1968, 2051))
def test_leap_months_are_those_of_the_printed_calendar(year: int) -> None:
    """1984 has none here, and China had a leap tenth month; 1987 has the seventh, and China the sixth."""
    assert [month.month for month in months_of(year) if month.leap] == [
        LEAP_MONTHS[y] for y in [year] if y in LEAP_MONTHS
    ]


@pytest.mark.parametrize(
    ("day", "lunar"),
    [
        (date(1945, 9, 2), LunarDate(1945, 7, 26)),  # independence
        (date(1954, 5, 7), LunarDate(1954, 4, 5)),
        (date(1975, 4, 30), LunarDate(1975, 3, 20)),  # the 19th in the South, which went by UTC+8 to its end
        (date(2023, 3, 22), LunarDate(2023, 2, 1, leap=True)),
        (date(2024, 4, 18), LunarDate(2024, 3, 10)),  # the Hung kings
        (date(2024, 9, 17), LunarDate(2024, 8, 15)),  # mid-autumn
        (date(2025, 4, 7), LunarDate(2025, 3, 10)),
        (date(2025, 7, 25), LunarDate(2025, 6, 1, leap=True)),
        (date(2026, 4, 26), LunarDate(2026, 3, 10)),
        (date(2026, 9, 25), LunarDate(2026, 8, 15)),
    ],
)
def test_holidays_of_known_years(day: date, lunar: LunarDate) -> None:
    assert (to_lunar(day), to_solar(lunar)) == (lunar, day)


@pytest.mark.long
def test_every_day_of_three_hundred_years_goes_there_and_back_and_each_follows_the_last() -> None:
    months = [month for year in range(FIRST_YEAR, LAST_YEAR + 1) for month in months_of(year)]
    assert {month.days for month in months} == {29, 30}
    assert all(one.first + one.days * DAY == following.first for one, following in pairwise(months))
    for day in (FIRST + n * DAY for n in range(0, (LAST - FIRST).days, 7)):
        assert to_solar(to_lunar(day)) == day


def test_a_year_has_the_twelve_months_and_at_most_one_of_them_twice() -> None:
    for year in range(FIRST_YEAR, LAST_YEAR + 1):
        months = months_of(year)
        assert [month.month for month in months if not month.leap] == list(range(1, 13))
        assert len(months) in (12, 13)
        assert all(b.month == a.month and not a.leap for a, b in pairwise(months) if b.leap)


@given(st.dates(FIRST, LAST))
def test_the_next_day_is_the_next_number_or_the_first(day: date) -> None:
    today, tomorrow = to_lunar(day), to_lunar(day + DAY)
    assert tomorrow.day == today.day + 1 or (tomorrow.day == 1 and today.day in (29, 30))


@pytest.mark.parametrize(
    "wrong",
    [
        LunarDate(2025, 13, 1),
        LunarDate(2025, 0, 1),
        LunarDate(2025, 1, 0),
        LunarDate(2025, 1, 31),
        LunarDate(2025, 5, 1, leap=True),  # it is the sixth that year
        LunarDate(2026, 6, 1, leap=True),
        LunarDate(2025, 12, 30) if months_of(2025)[-1].days == 29 else LunarDate(2025, 12, 31),
        LunarDate(1899, 12, 1),
        LunarDate(2200, 1, 1),
    ],
)
def test_a_date_that_the_calendar_has_not_is_refused(wrong: LunarDate) -> None:
    with pytest.raises(RecurrenceError, match=r"^lunar date: .*: give "):
        to_solar(wrong)


@pytest.mark.parametrize(
    "day", [FIRST - DAY, date(1, 1, 1), to_solar(LunarDate(LAST_YEAR, 12, 29)) + 3 * DAY, date.max]
)
def test_a_day_outside_of_the_calendar_is_refused(day: date) -> None:
    with pytest.raises(RecurrenceError, match="out of reach"):
        to_lunar(day)


# Hồ Ngọc Đức's published formula (after Meeus, Astronomical Algorithms, 1998), which is right within about two minutes.


def sin(degrees: float) -> float:
    return math.sin(math.radians(degrees))


@cache
def new_moon(k: int, zone: float) -> int:
    """The Julian day of the k-th new moon since 1900."""
    t = k / 1236.85
    mean = 2415020.75933 + 29.53058868 * k + 0.0001178 * t**2 - 0.000000155 * t**3
    mean += 0.00033 * sin(166.56 + 132.87 * t - 0.009173 * t**2)
    sun = 359.2242 + 29.10535608 * k - 0.0000333 * t**2 - 0.00000347 * t**3
    moon = 306.0253 + 385.81691806 * k + 0.0107306 * t**2 + 0.00001236 * t**3
    node = 21.2964 + 390.67050646 * k - 0.0016528 * t**2 - 0.00000239 * t**3
    more = (0.1734 - 0.000393 * t) * sin(sun) + 0.0021 * sin(2 * sun) - 0.4068 * sin(moon) + 0.0161 * sin(2 * moon)
    more += -0.0004 * sin(3 * moon) + 0.0104 * sin(2 * node) - 0.0051 * sin(sun + moon) - 0.0074 * sin(sun - moon)
    more += 0.0004 * sin(2 * node + sun) - 0.0004 * sin(2 * node - sun) - 0.0006 * sin(2 * node + moon)
    more += 0.0010 * sin(2 * node - moon) + 0.0005 * sin(2 * moon + sun)
    return math.floor(mean + more - (-0.000278 + 0.000265 * t + 0.000262 * t**2) + 0.5 + zone / 24)


def sun_twelfth(julian_day: int, zone: int) -> int:
    t = (julian_day - 2451545.5 - zone / 24) / 36525
    mean = 357.52910 + 35999.05030 * t - 0.0001559 * t**2 - 0.00000048 * t**3
    more = (1.914600 - 0.004817 * t - 0.000014 * t**2) * sin(mean)
    more += (0.019993 - 0.000101 * t) * sin(2 * mean) + 0.000290 * sin(3 * mean)
    return math.floor((280.46645 + 36000.76983 * t + 0.0003032 * t**2 + more) % 360 / 30)


def firsts_by_formula(begin: int, end: int, zone: float) -> set[date]:
    return {date.fromordinal(new_moon(k, zone) - 1721425) for k in range((begin - 1900) * 12, (end - 1899) * 13)}


# New moons within two minutes before midnight, which the formula has after it.
NEAR_MIDNIGHT = {date(2072, 12, 9), date(2077, 11, 15)}


def test_months_begin_where_the_published_formula_has_them_but_for_two_near_midnight() -> None:
    ours = {month.first for year in range(1969, 2100) for month in months_of(year)}
    first, last = min(ours), max(ours)
    theirs = {day for day in firsts_by_formula(1968, 2101, 7) if first <= day <= last}
    assert ours - theirs == NEAR_MIDNIGHT
    assert theirs - ours == {day + DAY for day in NEAR_MIDNIGHT}


def test_before_1968_months_begin_by_the_clock_of_that_time() -> None:
    ours = {month.first for year in range(FIRST_YEAR, 1967) for month in months_of(year)}
    theirs = {day for day in firsts_by_formula(1899, 1968, 8) if min(ours) <= day <= max(ours)}
    assert ours == theirs


def test_from_1929_back_four_months_begin_a_day_later_than_by_the_clock_of_peking() -> None:
    """Which the calendars of that time were printed by: 116°25' east."""
    ours = {month.first for year in range(FIRST_YEAR, 1929) for month in months_of(year)}
    theirs = {day for day in firsts_by_formula(1899, 1930, 7 + 46 / 60) if min(ours) <= day <= max(ours)}
    assert ours - theirs == {date(1906, 4, 24), date(1914, 11, 18), date(1916, 2, 4), date(1920, 11, 11)}
    assert theirs - ours == {day - DAY for day in ours - theirs}


def solstice_lies_in(month: LunarMonth) -> bool:
    first, following = (day.toordinal() + 1721425 for day in (month.first, month.first + month.days * DAY))
    return sun_twelfth(first, 7) < 9 <= sun_twelfth(following, 7)


@pytest.mark.long
def test_the_eleventh_month_holds_the_winter_solstice() -> None:
    for year in range(1969, 2150):
        assert [month.key for month in months_of(year) if solstice_lies_in(month)] == [(year, 11, False)]
