"""RRULEs against a walker that looks at each day, against dateutil, and against what people get wrong."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import assume, given
from hypothesis import strategies as st

from worker.recurrence import RecurrenceError, Rule, parse_rrule

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
START = datetime(2026, 1, 5, 8)  # a Monday
DAY = timedelta(days=1)
WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]


def rule(text: str, start: datetime = START, zone: str = "UTC", **more: object) -> Rule:
    return parse_rrule(text, start, zone=zone, **more)  # type: ignore[arg-type]


def walls(found: Rule, since: datetime, until: datetime) -> list[datetime]:
    return [moment.replace(tzinfo=None) for moment in found.between(since, until)]


def first_days(text: str, count: int, start: datetime = START) -> list[str]:
    return [f"{moment:%Y-%m-%d}" for moment in islice(rule(text, start).from_start(), count)]


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("FREQ=DAILY;INTERVAL=10", ["2026-01-05", "2026-01-15", "2026-01-25"]),
        ("FREQ=WEEKLY", ["2026-01-05", "2026-01-12", "2026-01-19"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO", ["2026-01-05", "2026-01-11", "2026-01-19"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;WKST=SU", ["2026-01-05", "2026-01-18", "2026-01-19"]),
        ("FREQ=MONTHLY", ["2026-01-05", "2026-02-05", "2026-03-05"]),
        ("FREQ=MONTHLY;BYMONTHDAY=31", ["2026-01-31", "2026-03-31", "2026-05-31"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", ["2026-01-31", "2026-02-28", "2026-03-31"]),
        ("FREQ=MONTHLY;BYDAY=1MO,-1FR", ["2026-01-05", "2026-01-30", "2026-02-02"]),
        ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", ["2026-02-13", "2026-03-13", "2026-11-13"]),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", ["2026-01-30", "2026-02-27", "2026-03-31"]),
        ("FREQ=MONTHLY;BYDAY=MO,2TU", ["2026-01-05", "2026-01-12", "2026-01-13"]),
        ("FREQ=YEARLY", ["2026-01-05", "2027-01-05", "2028-01-05"]),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", ["2028-02-29", "2032-02-29", "2036-02-29"]),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO", ["2044-02-29", "2072-02-29", "2112-02-29"]),
        ("FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3", ["2026-03-29", "2027-03-28", "2028-03-26"]),
        ("FREQ=YEARLY;BYDAY=20MO", ["2026-05-18", "2027-05-17", "2028-05-15"]),
        ("FREQ=YEARLY;BYWEEKNO=20", ["2026-05-11", "2027-05-17", "2028-05-15"]),
        ("FREQ=YEARLY;BYYEARDAY=-1,100", ["2026-04-10", "2026-12-31", "2027-04-10"]),
    ],
)
def test_rules_that_people_write_mean_what_they_mean(text: str, days: list[str]) -> None:
    assert first_days(text, 3) == days


# Against a walker that looks at each day...

bys: dict[str, st.SearchStrategy[list[Any]]] = {
    "BYMONTH": st.lists(st.integers(1, 12), min_size=1, max_size=3, unique=True),
    "BYMONTHDAY": st.lists(st.sampled_from([1, 2, 15, 28, 29, 30, 31, -1, -2, -31]), min_size=1, unique=True),
    "BYDAY": st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=7, unique=True),
}


@st.composite
def plain_rules(draw: st.DrawFn) -> tuple[str, int, dict[str, list[Any]]]:
    freq = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    names = draw(st.sets(st.sampled_from(sorted(bys)))) - ({"BYMONTHDAY"} if freq == "WEEKLY" else set())
    return freq, draw(st.integers(1, 5)), {name: draw(bys[name]) for name in sorted(names)}


def periods_since(freq: str, start: date, day: date) -> int:
    if freq == "DAILY":
        return (day - start).days
    if freq == "WEEKLY":
        return ((day - day.weekday() * DAY) - (start - start.weekday() * DAY)).days // 7
    return (day.year - start.year) * (12 if freq == "MONTHLY" else 1) + (
        day.month - start.month if freq == "MONTHLY" else 0
    )


def days_walked(freq: str, every: int, given_bys: dict[str, list[Any]], start: date, end: date) -> list[date]:
    """Each day on its own: is it in a period that counts, and does it pass?"""
    parts: dict[str, list[Any]] = dict(given_bys)
    if not parts.keys() & {"BYDAY", "BYMONTHDAY"}:
        if freq == "WEEKLY":
            parts["BYDAY"] = [WEEKDAYS[start.weekday()]]
        if freq in ("MONTHLY", "YEARLY"):
            parts["BYMONTHDAY"] = [start.day]
        if freq == "YEARLY":
            parts.setdefault("BYMONTH", [start.month])
    return [
        day for day in (start + n * DAY for n in range((end - start).days)) if counts(freq, every, parts, start, day)
    ]


def counts(freq: str, every: int, parts: dict[str, list[Any]], start: date, day: date) -> bool:
    next_month = (day.replace(day=28) + 4 * DAY).replace(day=1)
    return (
        periods_since(freq, start, day) % every == 0
        and day.month in parts.get("BYMONTH", [day.month])
        and WEEKDAYS[day.weekday()] in parts.get("BYDAY", WEEKDAYS)
        and bool({day.day, (day - next_month).days} & set(parts.get("BYMONTHDAY", [day.day])))
    )


@given(
    plain_rules(),
    st.datetimes(datetime(2020, 1, 1), datetime(2032, 1, 1)).map(lambda at: at.replace(microsecond=0)),
    st.integers(0, 1500),
    st.integers(1, 1500),
)
def test_a_rule_gives_the_days_of_a_walker_that_looks_at_each(
    plain: tuple[str, int, dict[str, list[Any]]], start: datetime, later: int, length: int
) -> None:
    freq, every, parts = plain
    text = ";".join([f"FREQ={freq}", f"INTERVAL={every}", *(f"{by}={','.join(map(str, parts[by]))}" for by in parts)])
    since, until = start.date() + later * DAY, start.date() + (later + length) * DAY
    expected = [day for day in days_walked(freq, every, parts, start.date(), until) if day >= since]
    try:
        checked = rule(text, start)
    except RecurrenceError:
        assert not expected
        return
    begin, end = (datetime.combine(day, datetime.min.time()) for day in (since, until))
    assert walls(checked, begin, end) == [datetime.combine(day, start.time()) for day in expected]


# Against dateutil...

numbered_days = st.builds(
    lambda nth, day: f"{nth or ''}{day}", st.sampled_from([1, 2, 5, -1, -2]), st.sampled_from(WEEKDAYS)
)


def listed(numbers: st.SearchStrategy[object], most: int = 3) -> st.SearchStrategy[str]:
    return st.lists(numbers, min_size=1, max_size=most, unique=True).map(lambda some: ",".join(map(str, some)))


def optional(name: str, values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(st.just(""), values.map(lambda value: f";{name}={value}"))


# What dateutil and RFC 5545 read alike. It knows a first week's days of December by 1 and not by -53, has a weekday
# with and without number at once as both, BYWEEKNO without a day as the whole week, and BYSETPOS in a first week only
# from its start on. Days of January in week 52 or 53 it misses where it miscounts the weeks of the year before.
yearly = st.builds(
    lambda *parts: "FREQ=YEARLY" + "".join(parts),
    optional("BYMONTH", listed(st.integers(1, 12))),
    st.one_of(optional("BYDAY", listed(st.sampled_from(WEEKDAYS))), optional("BYDAY", listed(numbered_days))),
    optional("BYMONTHDAY", listed(st.integers(-31, 31).filter(bool))),
    optional("BYYEARDAY", listed(st.sampled_from([1, 59, 60, 61, 100, 365, 366, -1, -366, -306]))),
)
by_week = st.builds(
    lambda weeks, days, wkst: f"FREQ=YEARLY;BYWEEKNO={weeks};BYDAY={days}{wkst}",
    listed(st.sampled_from([1, 2, 20, 51, -1, -2])),
    listed(st.sampled_from(WEEKDAYS)),
    optional("WKST", st.sampled_from(WEEKDAYS)),
)
monthly = st.builds(
    lambda *parts: "FREQ=MONTHLY" + "".join(parts),
    optional("BYMONTH", listed(st.integers(1, 12))),
    st.one_of(optional("BYDAY", listed(st.sampled_from(WEEKDAYS))), optional("BYDAY", listed(numbered_days))),
    optional("BYMONTHDAY", listed(st.integers(-31, 31).filter(bool))),
)
chosen = st.builds(
    lambda days, hours, places: f"FREQ=MONTHLY;BYDAY={days};BYHOUR={hours};BYSETPOS={places}",
    listed(st.sampled_from(WEEKDAYS), 7),
    listed(st.integers(0, 23)),
    listed(st.sampled_from([1, 2, 3, 10, -1, -2, -10])),
)
daily = st.builds(
    lambda *parts: "FREQ=DAILY" + "".join(parts),
    optional("BYMONTH", listed(st.integers(1, 12))),
    optional("BYDAY", listed(st.sampled_from(WEEKDAYS))),
    optional("BYHOUR", listed(st.integers(0, 23))),
    optional("BYMINUTE", listed(st.sampled_from([0, 20, 40]))),
)
hourly = st.builds(
    lambda *parts: "".join(parts),
    st.sampled_from(["FREQ=HOURLY", "FREQ=MINUTELY;INTERVAL=15", "FREQ=MINUTELY;INTERVAL=100"]),
    optional("BYDAY", listed(st.sampled_from(WEEKDAYS))),
    optional("BYMONTHDAY", listed(st.sampled_from([1, 15, 31, -1]))),
)
intervals = st.sampled_from(["", ";INTERVAL=2", ";INTERVAL=3", ";INTERVAL=7"])


@given(
    st.one_of(yearly, by_week, monthly, chosen, daily, hourly),
    intervals,
    st.one_of(st.just(""), st.integers(1, 40).map(lambda count: f";COUNT={count}")),
    st.datetimes(datetime(2000, 1, 1), datetime(2030, 1, 1)).map(lambda at: at.replace(microsecond=0)),
    st.integers(0, 3000),
)
def test_a_rule_gives_the_times_of_dateutil(text: str, interval: str, count: str, start: datetime, later: int) -> None:
    full = text + (interval if "INTERVAL" not in text else "") + count
    since, until = start + later * DAY, start + (later + 800) * DAY
    judge = f"{full};UNTIL={until:%Y%m%dT%H%M%S}"
    try:
        checked = rule(full, start)
    except RecurrenceError:
        assume("COUNT" not in full)
        return  # dateutil would look for it until the year 9999
    with warnings.catch_warnings(action="ignore"):  # COUNT and UNTIL at once
        expected = [moment for moment in rrulestr(judge, dtstart=start) if since <= moment < until]
    assert walls(checked, since, until) == expected


# The end, and what is left out...


@pytest.mark.parametrize(
    ("text", "until", "last"),
    [
        ("FREQ=DAILY;UNTIL=20260110", None, datetime(2026, 1, 10, 8)),
        ("FREQ=DAILY;UNTIL=20260110T080000", None, datetime(2026, 1, 10, 8)),
        ("FREQ=DAILY;UNTIL=20260110T075959", None, datetime(2026, 1, 9, 8)),
        ("FREQ=DAILY;UNTIL=20260110T010000Z", None, datetime(2026, 1, 10, 8)),  # 8:00 in Hanoi
        ("FREQ=DAILY;UNTIL=20260110T005959Z", None, datetime(2026, 1, 9, 8)),
        ("FREQ=DAILY", date(2026, 1, 10), datetime(2026, 1, 10, 8)),
        ("FREQ=DAILY", datetime(2026, 1, 10, 8), datetime(2026, 1, 10, 8)),
        ("FREQ=DAILY", datetime(2026, 1, 10, 1, tzinfo=UTC), datetime(2026, 1, 10, 8)),
        ("FREQ=DAILY;UNTIL=20260108", date(2026, 1, 10), datetime(2026, 1, 8, 8)),
        ("FREQ=DAILY;UNTIL=20260112", date(2026, 1, 10), datetime(2026, 1, 10, 8)),
        ("FREQ=DAILY;COUNT=3", None, datetime(2026, 1, 7, 8)),
        ("FREQ=DAILY;COUNT=3", date(2026, 1, 6), datetime(2026, 1, 6, 8)),
    ],
)
def test_the_end_is_inclusive_and_the_earlier_one_counts(text: str, until: date | None, last: datetime) -> None:
    found = list(parse_rrule(text, START, zone=HANOI, until=until).from_start())
    assert found[-1] == last.replace(tzinfo=HANOI)


def test_exceptions_leave_out_a_moment_in_any_zone_or_a_whole_day() -> None:
    left_out = [datetime(2026, 1, 6, 8), datetime(2026, 1, 7, 1, tzinfo=UTC), date(2026, 1, 8), datetime(2026, 1, 9, 9)]
    found = parse_rrule("FREQ=DAILY;COUNT=6", START, zone=HANOI, exceptions=left_out).from_start()
    assert [moment.day for moment in found] == [5, 9, 10]  # COUNT counts what is left out, too


def test_after_is_strict_and_between_takes_its_beginning_and_not_its_end() -> None:
    daily_rule = parse_rrule("FREQ=DAILY", START, zone=HANOI)
    first, second, third = (START.replace(tzinfo=HANOI) + n * DAY for n in range(3))
    assert daily_rule.after(first, 2) == [second, third]
    assert daily_rule.after(first - timedelta(seconds=1)) == [first]
    assert list(daily_rule.between(first, third)) == [first, second]
    assert list(daily_rule.between(third, first)) == []


@given(
    st.sampled_from(
        ["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=TU,SA", "FREQ=MONTHLY;BYMONTHDAY=31,-2", "FREQ=HOURLY;INTERVAL=5"]
    ),
    st.sampled_from(["Asia/Ho_Chi_Minh", "Europe/Berlin", "America/New_York", "Pacific/Apia", "Australia/Lord_Howe"]),
    st.datetimes(datetime(2010, 12, 1), datetime(2012, 1, 31)),
)
@pytest.mark.long
def test_windows_side_by_side_give_each_occurrence_once(text: str, zone: str, start: datetime) -> None:
    checked = rule(text, start, zone)
    begin = start.replace(microsecond=0, tzinfo=UTC) - 2 * DAY
    whole = list(checked.between(begin, begin + 100 * DAY))
    pieces = [moment for n in range(100) for moment in checked.between(begin + n * DAY, begin + (n + 1) * DAY)]
    assert pieces == whole
    assert all(one.astimezone(UTC) < later.astimezone(UTC) for one, later in pairwise(whole))
    walked, at = [], begin
    while (following := checked.after(at)[0]).astimezone(UTC) < begin + 100 * DAY:
        walked.append(following)
        at = following
    assert walked == whole


@pytest.mark.parametrize(
    "text", ["rrule:freq=weekly;byday=mo,th;until=20271231", " FREQ=DAILY;COUNT=3; ", "FREQ=YEARLY"]
)
def test_the_text_parses_to_the_same_rule_again(text: str) -> None:
    once = parse_rrule(text, START, zone=HANOI, exceptions=[date(2026, 1, 6)])
    again = parse_rrule(once.text, once.start, zone=once.zone, exceptions=[date(2026, 1, 6)])
    assert once == again
    assert once.text == text.upper().removeprefix("RRULE:").strip(" ;")


# Refused...


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "'' is no part of a rule"),
        ("nonsense", "'NONSENSE' is no part of a rule"),
        ("FREQ=WEEKLY;BYDAY", "'BYDAY' is no part of a rule"),
        ("FREQ=WEEKLY;BYEASTER=1", "'BYEASTER=1' is no part of a rule"),
        ("FREQ=WEEKLY\nRDATE:20260101", r"FREQ can't be 'WEEKLY\\nRDATE:20260101'"),
        ("INTERVAL=2", "FREQ is missing"),
        ("FREQ=WEEKLY;FREQ=DAILY", "it has FREQ twice"),
        ("FREQ=FORTNIGHTLY", "FREQ can't be 'FORTNIGHTLY'"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL can't be '0'"),
        ("FREQ=DAILY;INTERVAL=99999", "INTERVAL can't be '99999'"),
        ("FREQ=DAILY;INTERVAL=١", "INTERVAL can't be '١'"),
        ("FREQ=DAILY;COUNT=-1", "COUNT can't be '-1'"),
        ("FREQ=DAILY;COUNT=10001", "COUNT can't be '10001'"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20270101", "it has both COUNT and UNTIL"),
        ("FREQ=DAILY;UNTIL=20260230", "UNTIL can't be '20260230'"),
        ("FREQ=DAILY;UNTIL=2026-02-01", "UNTIL can't be '2026-02-01'"),
        ("FREQ=WEEKLY;BYDAY=MONDAY", "BYDAY can't be 'MONDAY'"),
        ("FREQ=MONTHLY;BYDAY=0MO", "BYDAY can't be '0MO'"),
        ("FREQ=MONTHLY;BYDAY=54MO", "BYDAY can't be '54MO'"),
        ("FREQ=WEEKLY;BYDAY=1MO", "a number before a weekday goes with FREQ=MONTHLY or YEARLY only"),
        ("FREQ=YEARLY;BYWEEKNO=3;BYDAY=1MO", "a number before a weekday goes with FREQ=MONTHLY or YEARLY only"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY can't be '32'"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY can't be '0'"),
        ("FREQ=WEEKLY;BYMONTHDAY=3", "BYMONTHDAY doesn't go with FREQ=WEEKLY"),
        ("FREQ=YEARLY;BYMONTH=13", "BYMONTH can't be '13'"),
        ("FREQ=YEARLY;BYMONTH=-1", "BYMONTH can't be '-1'"),
        ("FREQ=MONTHLY;BYWEEKNO=3", "BYWEEKNO goes with FREQ=YEARLY only"),
        ("FREQ=MONTHLY;BYYEARDAY=3", "BYYEARDAY doesn't go with FREQ=MONTHLY"),
        ("FREQ=DAILY;BYHOUR=24", "BYHOUR can't be '24'"),
        ("FREQ=DAILY;BYSECOND=60", "BYSECOND can't be '60'"),
        ("FREQ=DAILY;BYSETPOS=1", "BYSETPOS has nothing to choose from"),
        ("FREQ=DAILY;" + "BYHOUR=1," * 200, "it is longer than 1000 characters"),
        ("FREQ=SECONDLY", "FREQ=SECONDLY comes more often than every 15 minutes"),
    ],
)
def test_a_text_that_is_no_rule_is_refused_and_named(text: str, problem: str) -> None:
    with pytest.raises(RecurrenceError) as refused:
        rule(text)
    assert refused.value.field == "rrule"
    assert refused.value.problem == problem.replace("\\\\", "\\")
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=MINUTELY",
        "FREQ=MINUTELY;INTERVAL=14",
        "FREQ=HOURLY;BYMINUTE=0,10",
        "FREQ=HOURLY;BYMINUTE=0,50",  # ten minutes before the next hour's
        "FREQ=HOURLY;BYSECOND=0,1",
        "FREQ=DAILY;BYHOUR=8;BYMINUTE=0,14",
        "FREQ=DAILY;BYHOUR=23,0;BYMINUTE=0,55",
        "FREQ=YEARLY;BYSECOND=0,30",
        "FREQ=DAILY;BYMINUTE=0,10,20;BYSETPOS=1,2",
        "FREQ=DAILY;BYHOUR=0,23;BYMINUTE=0,50;BYSETPOS=1,-1",  # ten minutes over midnight
    ],
)
def test_what_comes_more_often_than_every_15_minutes_is_refused(text: str) -> None:
    with pytest.raises(RecurrenceError, match="more often than every 15 minutes: leave at least 15 minutes"):
        rule(text)


@pytest.mark.parametrize(
    ("text", "clocks"),
    [
        ("FREQ=DAILY;BYMINUTE=0,10,20,30,40,50;BYSETPOS=1,3,5", ["08:00", "08:20", "08:40", "08:00"]),
        ("FREQ=DAILY;BYHOUR=8,20;BYMINUTE=0,5;BYSETPOS=1,-1", ["08:00", "20:05", "08:00", "20:05"]),
        ("FREQ=DAILY;BYMINUTE=0,1;BYSETPOS=2", ["08:01", "08:01"]),
    ],
)
def test_of_a_daily_rule_only_what_bysetpos_leaves_is_judged_by_how_often_it_comes(
    text: str, clocks: list[str]
) -> None:
    assert [f"{moment:%H:%M}" for moment in islice(rule(text).from_start(), len(clocks))] == clocks


@pytest.mark.parametrize(
    "text", ["FREQ=MINUTELY;INTERVAL=15", "FREQ=HOURLY;BYMINUTE=0,15,30,45", "FREQ=DAILY;BYHOUR=8;BYMINUTE=0,15"]
)
def test_every_15_minutes_is_allowed(text: str) -> None:
    times = list(islice(rule(text).from_start(), 200))
    assert min(later - one for one, later in pairwise(times)) == timedelta(minutes=15)


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MINUTELY;INTERVAL=15;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MINUTELY;INTERVAL=1440;BYHOUR=3",
        "FREQ=HOURLY;INTERVAL=24;BYHOUR=3",
        "FREQ=MONTHLY;INTERVAL=12;BYMONTH=2",
        "FREQ=DAILY;INTERVAL=7;BYDAY=TU",
        "FREQ=YEARLY;BYDAY=1MO;BYSETPOS=366",
        "FREQ=YEARLY;BYYEARDAY=1;BYMONTH=2",
        "FREQ=DAILY;UNTIL=20260104",
        "FREQ=DAILY;BYMINUTE=0,1;BYSETPOS=3",
        "FREQ=DAILY;UNTIL=19000101",
    ],
)
def test_a_rule_that_never_comes_to_pass_is_refused_after_a_bounded_search(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at = count_days(monkeypatch)
    with pytest.raises(RecurrenceError, match="the rule never comes to pass"):
        rule(text)
    assert looked_at() < 26_000


def count_days(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How many days the expansion walks from here on."""
    from worker.recurrence import expansion

    walked: list[int] = []
    real = expansion._run

    def counting(first: date, length: int) -> list[date]:
        walked.append(length)
        return real(first, length)

    monkeypatch.setattr(expansion, "_run", counting)
    return lambda: sum(walked)


def test_an_old_rule_is_not_walked_from_its_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    old = rule("FREQ=DAILY", datetime(1950, 1, 1, 8))
    looked_at = count_days(monkeypatch)
    assert old.after(datetime(2026, 1, 1, 8))[0].date() == date(2026, 1, 2)
    assert looked_at() < 10


def test_all_exceptions_together_leave_nothing_and_are_refused() -> None:
    with pytest.raises(RecurrenceError, match="never comes to pass"):
        rule("FREQ=DAILY;COUNT=2", exceptions=[date(2026, 1, 5), date(2026, 1, 6)])


def test_too_many_exceptions_are_refused() -> None:
    with pytest.raises(RecurrenceError, match=r"^exceptions: there are 10001 of them"):
        rule("FREQ=DAILY", exceptions=[date(2026, 1, 1) + n * DAY for n in range(10_001)])


@pytest.mark.parametrize("year", [1, 1899, 2200, 9999])
def test_a_start_out_of_reach_is_refused(year: int) -> None:
    with pytest.raises(RecurrenceError, match=r"^start: its year is out of reach: give a year from 1900 to 2199"):
        rule("FREQ=DAILY", datetime(year, 6, 1))


def test_a_rule_ends_with_the_last_year_that_counts() -> None:
    assert [moment.year for moment in rule("FREQ=YEARLY", datetime(2198, 1, 1)).from_start()] == [2198, 2199]


@given(
    st.text(max_size=80)
    | st.text("FREQ=DAILYWKB;,-0123456789MOSTEVR ", max_size=60).map(lambda tail: f"FREQ=DAILY;{tail}")
)
def test_any_other_text_is_refused_in_one_line(text: str) -> None:
    try:
        rule(text)
    except RecurrenceError as refused:
        assert len(str(refused).splitlines()) == 1
