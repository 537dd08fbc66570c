"""Cron texts against a walker that looks at each minute, and against what people get wrong."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.recurrence import RecurrenceError, parse_cron
from worker.recurrence.cron import Cron, _read

START = datetime(2026, 1, 5, 8)  # a Monday
DAY = timedelta(days=1)
LIMITS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


def times(text: str, count: int, start: datetime = START) -> list[str]:
    return [f"{moment:%Y-%m-%d %H:%M}" for moment in islice(parse_cron(text, start, zone="UTC").from_start(), count)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 8 * * *", ["2026-01-05 08:00", "2026-01-06 08:00"]),
        ("  0   8 * *\tmon-fri ", ["2026-01-05 08:00", "2026-01-06 08:00"]),
        ("*/15 * * * *", ["2026-01-05 08:00", "2026-01-05 08:15"]),
        ("30 7 * * 0", ["2026-01-11 07:30", "2026-01-18 07:30"]),
        ("30 7 * * 7", ["2026-01-11 07:30", "2026-01-18 07:30"]),
        ("0 9 1 JAN,JUL *", ["2026-07-01 09:00", "2027-01-01 09:00"]),
        ("0 9 L * *", ["2026-01-31 09:00", "2026-02-28 09:00"]),
        ("0 9 * * FRI#2", ["2026-01-09 09:00", "2026-02-13 09:00"]),
        ("0 9 13 * FRI", ["2026-01-09 09:00", "2026-01-13 09:00"]),  # either will do
        ("0 9 29 2 *", ["2028-02-29 09:00", "2032-02-29 09:00"]),
        ("0 9-17/4 * * *", ["2026-01-05 09:00", "2026-01-05 13:00"]),
        ("0 9-9/1 * * *", ["2026-01-05 09:00", "2026-01-06 09:00"]),  # not 10:00 and 11:00
        ("0 9 * * MON-1/2", ["2026-01-05 09:00", "2026-01-12 09:00"]),
    ],
)
def test_texts_that_people_write_mean_what_they_mean(text: str, expected: list[str]) -> None:
    assert times(text, 2) == expected


# Against a walker that looks at each minute...


@st.composite
def fields(draw: st.DrawFn) -> list[tuple[str, set[int]]]:
    """Each field as its text and as the numbers that it means."""
    return [draw(one_field(*limits)) for limits in LIMITS]


def one_field(least: int, most: int) -> st.SearchStrategy[tuple[str, set[int]]]:
    number = st.integers(least, most)
    every = st.just(("*", set(range(least, most + 1))))
    steps = st.integers(1, 30).map(lambda step: (f"*/{step}", set(range(least, most + 1, step))))
    lists = st.sets(number, min_size=1, max_size=4).map(lambda some: (",".join(map(str, sorted(some))), some))
    ranges = (
        st.tuples(number, number)
        .map(sorted)
        .map(lambda pair: (f"{pair[0]}-{pair[1]}", set(range(pair[0], pair[1] + 1))))
    )
    stepped = st.tuples(number, number).map(sorted).flatmap(one_range)
    return st.one_of(every, steps, lists, ranges, stepped)


def one_range(pair: list[int]) -> st.SearchStrategy[tuple[str, set[int]]]:
    first, last = pair
    return st.integers(1, 9).map(lambda step: (f"{first}-{last}/{step}", set(range(first, last + 1, step))))


def matches(moment: datetime, wanted: list[tuple[str, set[int]]]) -> bool:
    minutes, hours, days, months, weekdays = (numbers for _, numbers in wanted)
    on_day, on_weekday = moment.day in days, moment.isoweekday() in weekdays or moment.isoweekday() % 7 in weekdays
    both = wanted[2][0].startswith("*") or wanted[4][0].startswith("*")
    return (
        moment.minute in minutes
        and moment.hour in hours
        and moment.month in months
        and ((on_day and on_weekday) if both else (on_day or on_weekday))
    )


@given(fields(), st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)))
def test_a_text_gives_the_minutes_of_a_walker_that_looks_at_each(
    wanted: list[tuple[str, set[int]]], since: datetime
) -> None:
    """The pattern itself: most of these texts come too often to be a rule."""
    text = " ".join(text for text, _ in wanted)
    since = since.replace(second=0, microsecond=0)
    walked = [since + n * timedelta(minutes=1) for n in range(5 * 24 * 60)]
    expected = [moment for moment in walked if matches(moment, wanted)][:200]
    try:
        parse_cron(text, since, zone="UTC")
    except RecurrenceError as refused:
        if "never comes" in refused.problem or "bad" in refused.problem:
            assert not expected
            return
    found = islice(Cron(" ".join(_read(text).parts[1:])).walls(since, since), 200)
    assert [moment for moment in found if moment <= walked[-1]] == expected


def test_a_rule_is_the_pattern_between_its_start_and_its_end_without_exceptions() -> None:
    rule = parse_cron(
        "0 8 * * *",
        START,
        zone="Asia/Ho_Chi_Minh",
        until=date(2026, 1, 8),
        exceptions=[datetime(2026, 1, 6, 1, tzinfo=UTC)],
    )
    assert [moment.day for moment in rule.from_start()] == [5, 7, 8]
    assert rule.after(datetime(2026, 1, 7, 8), 5) == [datetime(2026, 1, 8, 8, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))]


def test_the_text_parses_to_the_same_rule_again() -> None:
    once = parse_cron(" 0 8 * *  mon-fri", START, zone="Asia/Ho_Chi_Minh")
    assert once.text == "0 8 * * MON-FRI"
    assert parse_cron(once.text, once.start, zone=once.zone) == once


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "it has 0 fields instead of 5"),
        ("0 8 * *", "it has 4 fields instead of 5"),
        ("0 0 8 * * *", "it has 6 fields instead of 5"),  # with seconds
        ("@daily", "it has 1 fields instead of 5"),
        ("60 8 * * *", "bad minute in '60 8 * * *'"),
        ("0 24 * * *", "bad hour in '0 24 * * *'"),
        ("0 8 0 * *", "bad day-of-month in '0 8 0 * *'"),
        ("0 8 * 13 *", "bad month in '0 8 * 13 *'"),
        ("0 8 * * 8", "bad day-of-week in '0 8 * * 8'"),
        ("0 8 * * MONDAY", "bad day-of-week in '0 8 * * MONDAY'"),
        ("*/0 8 * * *", "bad minute in '*/0 8 * * *'"),
        ("0 9-9/0 * * *", "bad hour in '0 9-9/0 * * *'"),
        ("0 8 30 2 *", "bad day-of-month in '0 8 30 2 *'"),
        ("0 " * 200, "it is longer than 200 characters"),
    ],
)
def test_a_text_that_is_no_cron_is_refused_and_named(text: str, problem: str) -> None:
    with pytest.raises(RecurrenceError) as refused:
        parse_cron(text, START, zone="UTC")
    assert (refused.value.field, refused.value.problem) == ("cron", problem)


@pytest.mark.parametrize("text", ["* * * * *", "*/14 * * * *", "0,10 8 * * *", "0,50 * * * *", "0,55 0,23 * * *"])
def test_what_comes_more_often_than_every_15_minutes_is_refused(text: str) -> None:
    with pytest.raises(RecurrenceError, match="more often than every 15 minutes"):
        parse_cron(text, START, zone="UTC")


@pytest.mark.parametrize("text", ["0 8 31 2,4 *", "0 8 * 2 MON#5", "0 0 31 4 *"])
def test_what_comes_never_or_not_for_decades_ends_soon(text: str) -> None:
    try:
        found = list(islice(parse_cron(text, START, zone="UTC").from_start(), 2))
    except RecurrenceError as refused:
        assert "never comes" in refused.problem or "bad day" in refused.problem
    else:
        assert all(moment.month == 2 and moment.day == 29 for moment in found)


@given(st.text(max_size=40) | st.text("0123456789*/,-#LWMONSU ", max_size=30))
def test_any_other_text_is_refused_in_one_line(text: str) -> None:
    try:
        parse_cron(text, START, zone="UTC")
    except RecurrenceError as refused:
        assert len(str(refused).splitlines()) == 1
