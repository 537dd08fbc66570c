"""Clocks that skip an hour or have it twice, and offsets across them."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.recurrence import (
    Offset,
    RecurrenceError,
    Rule,
    at_wall_clock,
    parse_cron,
    parse_offset,
    parse_rrule,
    zone_named,
)

BERLIN, HANOI = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Ho_Chi_Minh")
ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Ho_Chi_Minh", "UTC"]


@pytest.mark.parametrize(
    ("zone", "wall", "utc"),
    [
        ("Europe/Berlin", datetime(2026, 3, 29, 1, 59), datetime(2026, 3, 29, 0, 59)),
        ("Europe/Berlin", datetime(2026, 3, 29, 2, 0), datetime(2026, 3, 29, 1, 0)),  # skipped
        ("Europe/Berlin", datetime(2026, 3, 29, 2, 30), datetime(2026, 3, 29, 1, 0)),
        ("Europe/Berlin", datetime(2026, 3, 29, 2, 59, 59), datetime(2026, 3, 29, 1, 0)),
        ("Europe/Berlin", datetime(2026, 3, 29, 3, 0), datetime(2026, 3, 29, 1, 0)),
        ("Europe/Berlin", datetime(2026, 10, 25, 2, 30), datetime(2026, 10, 25, 0, 30)),  # twice
        ("Europe/Berlin", datetime(2026, 10, 25, 3, 0), datetime(2026, 10, 25, 2, 0)),
        ("America/New_York", datetime(2026, 3, 8, 2, 15), datetime(2026, 3, 8, 7, 0)),
        ("America/New_York", datetime(2026, 11, 1, 1, 30), datetime(2026, 11, 1, 5, 30)),
        ("Australia/Lord_Howe", datetime(2026, 10, 4, 2, 15), datetime(2026, 10, 3, 15, 30)),  # half an hour
        ("Pacific/Apia", datetime(2011, 12, 30, 12, 0), datetime(2011, 12, 30, 10, 0)),  # a whole day
        ("Asia/Ho_Chi_Minh", datetime(2026, 3, 29, 2, 30), datetime(2026, 3, 28, 19, 30)),
    ],
)
def test_a_skipped_time_means_the_first_moment_after_and_a_doubled_one_the_first(
    zone: str, wall: datetime, utc: datetime
) -> None:
    assert at_wall_clock(wall.date(), wall.time(), ZoneInfo(zone)).astimezone(UTC) == utc.replace(tzinfo=UTC)


@given(st.sampled_from(ZONES), st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1)), st.integers(0, 7200))
def test_a_later_time_on_the_wall_is_never_an_earlier_moment(zone: str, wall: datetime, seconds: int) -> None:
    wall = wall.replace(microsecond=0)
    later = wall + timedelta(seconds=seconds)
    first, second = (at_wall_clock(at.date(), at.time(), ZoneInfo(zone)).astimezone(UTC) for at in (wall, later))
    assert first <= second


@given(st.sampled_from(ZONES), st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1)))
def test_a_time_that_exists_is_what_the_clock_shows_then(zone: str, wall: datetime) -> None:
    moment = at_wall_clock(wall.date(), wall.time(), ZoneInfo(zone)).astimezone(UTC)
    shown = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    before = (moment - timedelta(seconds=1)).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    assert shown == wall or before < wall < shown  # or it lies in what was skipped right before


@pytest.mark.parametrize(
    "name", ["", "Mars/Base", "../etc/passwd", "/etc/localtime", "Asia", "Asia/Ho Chi Minh", "a\0b"]
)
def test_a_zone_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(RecurrenceError, match=r"^zone: there is no time zone .*: use a name like Asia/Ho_Chi_Minh$"):
        zone_named(name)


def test_a_daily_rule_keeps_its_hour_all_year_and_moves_only_where_that_is_skipped() -> None:
    rule = parse_rrule("FREQ=DAILY", datetime(2026, 3, 27, 2, 30), zone=BERLIN)
    assert [f"{moment:%d %H:%M%z}" for moment in rule.after(datetime(2026, 3, 26), 4)] == [
        "27 02:30+0100", "28 02:30+0100", "29 03:00+0200", "30 02:30+0200",
    ]  # fmt: skip
    assert [f"{moment:%d %H:%M%z}" for moment in rule.after(datetime(2026, 10, 24), 3)] == [
        "24 02:30+0200", "25 02:30+0200", "26 02:30+0100",
    ]  # fmt: skip


HOURLY = {
    "cron": parse_cron("30 * * * *", datetime(2026, 3, 29), zone=BERLIN),
    "rrule": parse_rrule("FREQ=HOURLY", datetime(2026, 3, 29, 0, 30), zone=BERLIN),
}


@pytest.mark.parametrize("rule", HOURLY.values(), ids=HOURLY.keys())
def test_an_hourly_rule_has_each_hour_of_the_wall_once(rule: Rule) -> None:
    spring = [f"{moment:%H:%M}" for moment in rule.between(datetime(2026, 3, 29), datetime(2026, 3, 29, 5))]
    autumn = [f"{moment:%H:%M}" for moment in rule.between(datetime(2026, 10, 25), datetime(2026, 10, 25, 5))]
    assert spring == ["00:30", "01:30", "03:00", "03:30", "04:30"]
    assert autumn == ["00:30", "01:30", "02:30", "03:30", "04:30"]


@pytest.mark.parametrize(
    ("rule", "after_the_gap"),
    [
        (parse_cron("30 2 * * *", datetime(2026, 3, 1), zone=BERLIN), datetime(2026, 3, 29, 3, tzinfo=BERLIN)),
        (
            parse_rrule("FREQ=DAILY", datetime(2011, 12, 1, 8), zone="Pacific/Apia"),
            datetime(2011, 12, 31, tzinfo=ZoneInfo("Pacific/Apia")),
        ),
    ],
    ids=["an hour", "a day"],
)
def test_a_window_that_begins_where_a_gap_ends_has_what_was_skipped(rule: Rule, after_the_gap: datetime) -> None:
    assert list(rule.between(after_the_gap, after_the_gap + timedelta(hours=1))) == [after_the_gap]
    assert rule.after(after_the_gap - timedelta(days=3))[0] <= after_the_gap


def test_two_times_in_one_gap_are_one_occurrence() -> None:
    rule = parse_cron("0,20,40 2 * * *", datetime(2026, 3, 29), zone=BERLIN)
    assert [f"{moment:%d %H:%M}" for moment in rule.after(datetime(2026, 3, 29), 2)] == ["29 03:00", "30 02:00"]


def test_a_rule_that_starts_in_a_gap_keeps_its_time() -> None:
    rule = parse_rrule("FREQ=DAILY", datetime(2026, 3, 29, 2, 30), zone=BERLIN)
    assert [f"{moment:%d %H:%M}" for moment in rule.after(datetime(2026, 3, 29), 2)] == ["29 03:00", "30 02:30"]


def test_an_exception_in_a_doubled_hour_leaves_out_the_first_of_the_two() -> None:
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    for one, days in ((first, [26]), (first + timedelta(hours=1), [25, 26])):
        rule = parse_rrule("FREQ=DAILY;COUNT=2", datetime(2026, 10, 25, 2, 30), zone=BERLIN, exceptions=[one])
        assert [moment.day for moment in rule.from_start()] == days


def test_a_window_that_ends_in_a_doubled_hour_ends_at_its_moment() -> None:
    rule = parse_rrule("FREQ=DAILY", datetime(2026, 10, 20, 2, 30), zone=BERLIN)
    again = datetime(2026, 10, 25, 1, 30, tzinfo=UTC).astimezone(BERLIN)  # 02:30 for the second time
    assert [moment.day for moment in rule.between(again, datetime(2026, 10, 27))] == [26]
    assert [moment.day for moment in rule.between(datetime(2026, 10, 25), again)] == [25]
    assert [moment.day for moment in rule.after(again)] == [26]


# Offsets...


@pytest.mark.parametrize(
    ("text", "short", "before"),
    [
        ("0m", "0m", "25 09:00"),
        ("30 minutes", "30m", "25 08:30"),
        ("90m", "1h30m", "25 07:30"),
        ("1h 30m before", "1h30m", "25 07:30"),
        ("1 hour, 30 minutes before", "1h30m", "25 07:30"),
        ("1 day before", "1d", "24 09:00"),
        ("1d", "1d", "24 09:00"),
        ("the day before", "1d", "24 09:00"),
        ("2 weeks", "14d", "11 09:00"),
        ("1d12h", "1d12h", "23 21:00"),
        ("18:00 the evening before", "1d 18:00", "24 18:00"),
        ("The Evening Before at 18:00", "1d 18:00", "24 18:00"),
        ("1d 18:00", "1d 18:00", "24 18:00"),
        ("7:05 2 days before", "2d 07:05", "23 07:05"),
        ("0d 07:00", "0d 07:00", "25 07:00"),
        ("07:00 the same day", "0d 07:00", "25 07:00"),
        ("same day 18:00", "0d 18:00", "25 18:00"),
        ("-PT1H", "1h", "25 08:00"),
        ("-P1DT2H", "1d2h", "24 07:00"),
        ("-P1W", "7d", "18 09:00"),
        ("-PT0S", "0m", "25 09:00"),
        ("PT0S", "0m", "25 09:00"),
        ("1 ngày trước", "1d", "24 09:00"),
        ("30 phút trước", "30m", "25 08:30"),
        ("18:00 hôm trước", "1d 18:00", "24 18:00"),
    ],
)
def test_offsets_in_the_ways_that_people_write_them(text: str, short: str, before: str) -> None:
    offset = parse_offset(text)
    assert offset.text == short
    assert parse_offset(short) == offset
    assert f"{offset.before(datetime(2026, 11, 25, 9, tzinfo=HANOI), HANOI):%d %H:%M}" == before


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "'' is no offset"),
        ("soon", "'soon' is no offset"),
        ("18:00", "'18:00' is no offset"),  # of which day?
        ("25:00 1d", "'25:00 1d' is no offset"),
        ("1", "'1' is no offset"),
        ("1 fortnight", "'1 fortnight' is no offset"),
        ("1h 18:00", "'1h 18:00' is no offset"),
        ("-1d", "'-1d' is no offset"),
        ("1d and more", "'1d and more' is no offset"),
        ("P", "'P' is no offset"),
        ("-P1DT", "'-P1DT' is no offset"),
        ("PT1H", "'PT1H' lies after the start"),
        ("367d", "it is more than 366 days"),
        ("9000h", "it is more than 366 days"),
        ("999999w", "it is more than 366 days"),
        ("1d " * 40, f"{'1d ' * 13 + '1' + '…'!r} is no offset"),
    ],
)
def test_what_is_no_offset_is_refused_and_named(text: str, problem: str) -> None:
    with pytest.raises(RecurrenceError) as refused:
        parse_offset(text)
    assert (refused.value.field, refused.value.problem) == ("offset", problem)


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("1d", "28 12:00+0100"),  # the same hour on the wall, 23 hours before
        ("24h", "28 11:00+0100"),
        ("0d 02:30", "29 03:00+0200"),
        ("1d12h", "28 00:00+0100"),
        ("9h30m", "29 01:30+0100"),
    ],
)
def test_days_go_by_the_calendar_and_hours_by_the_clock(text: str, before: str) -> None:
    start = datetime(2026, 3, 29, 12, tzinfo=BERLIN)
    assert f"{parse_offset(text).before(start, BERLIN):%d %H:%M%z}" == before


def test_the_time_of_day_is_that_of_the_zone_wherever_the_start_was_written() -> None:
    start = datetime(2026, 11, 24, 23, tzinfo=UTC)  # the 25th in Hanoi
    assert parse_offset("1d 18:00").before(start, HANOI) == datetime(2026, 11, 24, 18, tzinfo=HANOI)
    assert parse_offset("1h").before(datetime(2026, 11, 25, 6), HANOI) == datetime(2026, 11, 25, 5, tzinfo=HANOI)


@given(
    st.integers(0, 300),
    st.integers(0, 2000),
    st.one_of(st.none(), st.times().map(lambda at: at.replace(second=0, microsecond=0))),
)
def test_every_offset_has_a_text_that_means_it(days: int, minutes: int, at: time | None) -> None:
    offset = Offset(days, timedelta(minutes=0 if at else minutes), at)
    assert parse_offset(offset.text) == offset


@given(st.text(max_size=30) | st.text("0123456789 dhmPT-:before", max_size=20))
def test_any_other_text_is_refused_in_one_line(text: str) -> None:
    try:
        parse_offset(text)
    except RecurrenceError as refused:
        assert len(str(refused).splitlines()) == 1


def test_an_error_survives_the_way_from_process_to_process() -> None:
    error = RecurrenceError("rrule", "wrong", "fix it")
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.field) == ("rrule: wrong: fix it", "rrule")
