"""Days as people write them. What can be read in two ways is refused, unless somebody said how it is meant."""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum

from worker.errors import Invalid
from worker.text import strip_diacritics


class DateOrder(StrEnum):
    """How dates with the year at the end are meant; `ymd`: none of those."""

    DMY = "dmy"
    MDY = "mdy"
    YMD = "ymd"


MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_midnight = r"(?:[ t]00:00(?::00(?:\.0+)?)?)?"  # what databases and spreadsheets put behind a day
_year_first = re.compile(rf"(\d{{4}})([-/.])(\d{{1,2}})\2(\d{{1,2}}){_midnight}").fullmatch
_year_last = re.compile(rf"(\d{{1,2}})([-/.])(\d{{1,2}})\2(\d{{4}}){_midnight}").fullmatch
_short_year = re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2}").fullmatch
_compact = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)").fullmatch
_in_words = re.compile(r"(?:ngay )?(\d{1,2}) thang (\d{1,2})(?: nam|,)? (\d{4})").fullmatch
_day_month_name = re.compile(r"(\d{1,2})[- ]([a-z]{3})[a-z]*\.?[-, ]+(\d{4})").fullmatch
_month_name_day = re.compile(r"([a-z]{3})[a-z]*\.? (\d{1,2}),? (\d{4})").fullmatch
_lunar = re.compile(r"(\d{1,2})[-/.](\d{1,2})( nhuan| leap)?(?: am lich| al)?").fullmatch

SAY_HOW = "say how such dates are meant: --dates dmy or --dates mdy"
WRITE_IT = "write it like 1990-08-15 or 15/08/1990"


def parse_date(field: str, written: str, order: DateOrder | None = None) -> date:
    """The day that is written: year first, year last, with the month's name, or in Vietnamese words. Raises Invalid.

    order: None refuses 03/04/1990, which may be April or March; what can be read in one way only is read in that way.
    """
    plain = " ".join(strip_diacritics(written).casefold().split())
    if found := _year_first(plain):
        return _day(field, found[1], found[3], found[4])
    if found := _compact(plain):
        return _day(field, *found.groups())
    if found := _year_last(plain):
        return _ordered(field, found[1], found[3], found[4], order)
    if found := _in_words(plain):
        return _day(field, found[3], found[2], found[1])
    if found := _day_month_name(plain):
        return _named(field, found[3], found[2], found[1])
    if found := _month_name_day(plain):
        return _named(field, found[3], found[1], found[2])
    raise _unreadable(field, plain)


def parse_lunar(field: str, written: str) -> tuple[int, bool]:
    """A day of the lunar year, always day before month: "15/8" or "15/8 nhuận". As month * 100 + day, and leap or not.

    Raises Invalid.
    """
    found = _lunar(" ".join(strip_diacritics(written).casefold().split()))
    if found is None:
        raise Invalid(field, "is no day of the lunar year", 'write day and month, like 15/8 or "15/8 nhuận"')
    day, month = int(found[1]), int(found[2])
    if not (1 <= day <= 30 and 1 <= month <= 12):
        raise Invalid(field, f"there is no day {day} of month {month}", "write day before month; there are 30 and 12")
    return month * 100 + day, found[3] is not None


def _ordered(field: str, first: str, second: str, year: str, order: DateOrder | None) -> date:
    """The year is last; which of the others is the month?"""
    if order is DateOrder.YMD:
        raise Invalid(field, "has the year at the end, against --dates ymd", SAY_HOW)
    if order is DateOrder.MDY:
        return _day(field, year, first, second)
    if order is None and first != second and int(first) <= 12:
        if int(second) <= 12:
            raise Invalid(field, "may be read as day/month or as month/day", SAY_HOW)
        return _day(field, year, first, second)
    return _day(field, year, second, first)


def _named(field: str, year: str, name: str, day: str) -> date:
    if name not in MONTHS:
        raise Invalid(field, "is no date", WRITE_IT)
    return _day(field, year, str(MONTHS.index(name) + 1), day)


def _day(field: str, year: str, month: str, day: str) -> date:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        raise Invalid(field, f"there is no day {int(day)} of month {int(month)} in {year}", "correct it") from None


def _unreadable(field: str, plain: str) -> Invalid:
    if _short_year(plain):
        return Invalid(field, "has a year of two digits", "write the year with four")
    if plain.isdigit() and len(plain) == 4:
        return Invalid(field, "is a year without a day", WRITE_IT)
    if plain.isdigit():
        return Invalid(field, "is a number, not a date", "format its column as a date, or write it like 1990-08-15")
    return Invalid(field, "is no date", WRITE_IT)
