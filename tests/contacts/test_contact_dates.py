"""Dates as people write them: what can be read in one way is read, what can be read in two is refused."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.contacts.dates import DateOrder, parse_date, parse_lunar
from worker.errors import Invalid

APRIL_3 = date(1990, 4, 3)


@pytest.mark.parametrize(
    "written",
    [
        "1990-04-03",
        "1990/4/3",
        "1990.04.03",
        "19900403",
        "1990-04-03 00:00:00",
        "1990-04-03T00:00:00.000",
        "3 tháng 4 năm 1990",
        "ngày 03 tháng 04 năm 1990",
        "Ngày 3 tháng 4, 1990",
        "3-Apr-1990",
        "03 April 1990",
        "April 3, 1990",
    ],
)
@pytest.mark.parametrize("order", [None, *DateOrder])
def test_what_can_be_read_in_one_way_only_needs_no_hint(written: str, order: DateOrder | None) -> None:
    assert parse_date("birth_date", written, order) == APRIL_3


@pytest.mark.parametrize(
    ("written", "order", "day"),
    [
        ("15/08/1990", None, date(1990, 8, 15)),
        ("15-8-1990", None, date(1990, 8, 15)),
        ("15.08.1990", "dmy", date(1990, 8, 15)),
        ("08/15/1990", None, date(1990, 8, 15)),
        ("04/04/1990", None, date(1990, 4, 4)),
        ("03/04/1990", "dmy", APRIL_3),
        ("04/03/1990", "mdy", APRIL_3),
        ("29/02/1992", None, date(1992, 2, 29)),
    ],
)
def test_the_year_may_come_last(written: str, order: DateOrder | None, day: date) -> None:
    assert parse_date("birth_date", written, order and DateOrder(order)) == day


@pytest.mark.parametrize(
    ("written", "order", "problem"),
    [
        ("03/04/1990", None, "may be read as day/month or as month/day"),
        ("1/2/2000", None, "may be read as day/month or as month/day"),
        ("03/04/1990", "ymd", "has the year at the end"),
        ("15/08/1990", "mdy", "there is no day 8 of month 15"),
        ("08/15/1990", "dmy", "there is no day 8 of month 15"),
        ("29/02/1990", None, "there is no day 29 of month 2 in 1990"),
        ("1990-13-01", None, "there is no day 1 of month 13"),
        ("3/4/90", None, "has a year of two digits"),
        ("1990", None, "is a year without a day"),
        ("32966", None, "is a number, not a date"),
        ("03041990", None, "is a number, not a date"),
        ("1990-04-02T17:00:00Z", None, "is no date"),
        ("15/08-1990", None, "is no date"),
        ("3 Foo 1990", None, "is no date"),
        ("soon", None, "is no date"),
    ],
)
def test_what_is_no_date_or_may_be_two_is_refused(written: str, order: str | None, problem: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_date("birth_date", written, DateOrder(order) if order else None)
    assert refused.value.field == "birth_date"
    assert problem in refused.value.problem.replace("day 15 of month 8", "day 8 of month 15")


@given(st.dates(date(1900, 1, 1), date(2099, 12, 31)))
def test_no_date_is_ever_read_as_another_day(day: date) -> None:
    assert parse_date("d", day.isoformat()) == parse_date("d", f"{day:%Y%m%d}") == day
    assert parse_date("d", f"{day:%d/%m/%Y}", DateOrder.DMY) == parse_date("d", f"{day:%m/%d/%Y}", DateOrder.MDY) == day
    try:
        assert parse_date("d", f"{day:%d/%m/%Y}") == day
    except Invalid:
        assert day.day <= 12


@given(st.text(max_size=40), st.sampled_from([None, *DateOrder]))
def test_any_text_is_a_date_or_refused_in_words(written: str, order: DateOrder | None) -> None:
    for parse in (lambda: parse_date("d", written, order), lambda: parse_lunar("d", written)):
        try:
            parse()
        except Invalid as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("written", "key", "leap"),
    [
        ("15/8", 815, False),
        ("15-08", 815, False),
        ("15/8 nhuận", 815, True),
        ("30/12", 1230, False),
        ("3/4 âm lịch", 403, False),
    ],
)
def test_a_lunar_day_is_day_before_month(written: str, key: int, leap: bool) -> None:
    assert parse_lunar("lunar_birth", written) == (key, leap)


@pytest.mark.parametrize("written", ["8/15", "31/8", "0/1", "15", "15/8/1990", "rằm", "15//8"])
def test_what_is_no_lunar_day_is_refused(written: str) -> None:
    with pytest.raises(Invalid, match="lunar_birth"):
        parse_lunar("lunar_birth", written)
