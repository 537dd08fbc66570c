"""A year of ticks over all kinds of rules, and the plan held against an expansion that shares nothing with it."""

from __future__ import annotations

from calendar import isleap
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from itertools import takewhile
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reminders.office import VIETNAM, Calendar, at
from worker.lifecycle import ReminderKind
from worker.recurrence import Feb29, LeapMonth, ShortMonth, to_lunar
from worker.reminder_rows import EventRow, RuleRow
from worker.reminders import Anniversary, Attendee, Recurring, rule_changes
from worker.reminders.people import keys_of
from worker.reminders.plan import dues, dues_at, first_instant, next_instant
from worker.reminders.rules import row_of
from worker.reminders.simulate import simulate

ZONES = ["Asia/Ho_Chi_Minh", "Europe/Berlin", "America/New_York", "UTC"]


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_year_of_ticks_makes_exactly_what_the_simulation_says(calendar: Calendar) -> None:
    """One tick at noon and one at midnight: some reminders are made ahead, most late, all in time."""
    for place in range(60):
        born = date(1990, 1, 1) + timedelta(days=place * 6)
        calendar.contact(f"c{place}", born=born.isoformat(), tags=["class"] if place < 3 else [])
    calendar.contact("leap", born="2000-02-29")
    calendar.contact("gone", death_date=date(2020, 5, 5), death_day=505, lunar_death_day=413, lunar_death_leap=False)
    kinds = set(ReminderKind) - {ReminderKind.RECURRING}
    for kind in kinds:
        calendar.birthdays(name=kind, kind=kind, leap=LeapMonth.BOTH)
    calendar.add(Recurring(name="class", template="wish", tags=["class"], rrule="FREQ=WEEKLY;BYDAY=TU", late_for=DAY))
    calendar.add(Recurring(name="fees", template="wish", tags=["class"], cron="0 9 1 * *", late_for=DAY))
    calendar.event("yearly", "2027-01-10 18:00", recurrence="FREQ=MONTHLY", offsets=["1d"], attendees=[LAN, MAI])
    with calendar.database.begin() as session:
        expected = simulate(session, date(2027, 1, 1), date(2027, 12, 31), zone=VIETNAM)
    moment, made, skipped = calendar.now, 0, 0
    while moment < at("2028-01-01 00:00"):
        total = calendar.tick(moment)
        made, skipped = made + total.made, skipped + total.skipped.total()
        moment += timedelta(hours=12)
    assert (made, skipped) == (expected.messages, 0)
    by_day = calendar.rows("SELECT (occurs_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date AS day, count(*) AS n "
                           "FROM occurrence WHERE state = 'made' GROUP BY 1")  # fmt: skip
    assert {row.day: row.n for row in by_day} == {day.day: day.messages for day in expected.days if day.messages}
    names = Counter(
        row.recipient for row in calendar.rows("SELECT recipient FROM occurrence WHERE occasion LIKE '2027-%'")
    )
    assert names["hr\tleap"] == 2  # by the solar and the lunar calendar


DAY = timedelta(days=1)
LAN, MAI = Attendee(key="lan", phone="0901000001"), Attendee(key="mai", phone="0901000002")


# The plan against a walk through each day...

feb29s, leaps, shorts = st.sampled_from(Feb29), st.sampled_from(LeapMonth), st.sampled_from(ShortMonth)
days = st.dates(date(1950, 1, 1), date(2090, 12, 31))


@given(born=st.dates(date(1930, 1, 1), date(2026, 12, 31)), feb29=feb29s, since=days)
def test_everybody_has_one_birthday_a_year_but_who_is_born_on_29_february(
    born: date, feb29: Feb29, since: date
) -> None:
    rule = Anniversary(name="x", template="x", feb29=feb29)
    year = since.year
    every = [date(year, 1, 1) + timedelta(days=place) for place in range(366 if isleap(year) else 365)]
    kept = [day for day in every if (born.month * 100 + born.day, None) in keys_of(rule, day)]
    missing = (born.month, born.day) == (2, 29) and not isleap(year)
    expected = {Feb29.FEB28: [(2, 28)], Feb29.MAR1: [(3, 1)], Feb29.LEAP_YEARS_ONLY: []}[feb29]
    assert [(day.month, day.day) for day in kept] == (expected if missing else [(born.month, born.day)])


@given(born=st.dates(date(1930, 1, 1), date(2026, 12, 31)), year=st.integers(1950, 2090), leap=leaps, short=shorts)
def test_everybody_has_a_lunar_birthday_each_lunar_year(
    born: date, year: int, leap: LeapMonth, short: ShortMonth
) -> None:
    """Whatever the rules: at most two, and none only where the 30th may be left out."""
    rule = Anniversary(name="x", template="x", kind=ReminderKind.LUNAR_BIRTHDAY, leap=leap, short=short)
    lunar = to_lunar(born)
    key = lunar.month * 100 + lunar.day
    start = date(year, 1, 15)
    every = [start + timedelta(days=place) for place in range(440)]
    of_year = [
        day for day in every if any(key == each and which in (None, lunar.leap) for each, which in keys_of(rule, day))
    ]
    of_year = [day for day in of_year if to_lunar(day - timedelta(days=2)).year == year]
    least = 0 if lunar.day == 30 else 1
    assert least <= len(of_year) <= 2
    if leap is not LeapMonth.BOTH and lunar.day < 30:
        assert len(of_year) <= (2 if lunar.leap else 1)


@st.composite
def anniversaries(draw: st.DrawFn) -> RuleRow:
    at_minute = draw(st.integers(0, 23 * 60 - 1))
    late = draw(st.integers(at_minute + 1, 24 * 60 - 1))
    rule = Anniversary(
        name="x",
        template="x",
        at=time(*divmod(at_minute, 60)),
        late_until=time(*divmod(late, 60)),
        days_before=draw(st.integers(0, 60)),
        zone=draw(st.sampled_from(ZONES)),
    )
    return row_of(rule, time_zone="UTC", now=datetime(2027, 1, 1, tzinfo=UTC))


@given(row=anniversaries(), since=days)
def test_a_rule_by_days_occurs_once_each_local_day_and_in_order(row: RuleRow, since: date) -> None:
    zone = ZoneInfo(row.zone)
    begin = datetime.combine(since, time(), UTC)
    found = list(takewhile(lambda due: due.occurs_at < begin + timedelta(days=400), dues(row, begin)))
    local = [due.occurs_at.astimezone(zone) for due in found]
    walked = [local[0].date() + timedelta(days=place) for place in range(len(found))]
    assert [moment.date() for moment in local] == walked
    assert [due.occasion for due in found] == [
        (day + timedelta(days=int(row.spec["days_before"]))).isoformat() for day in walked
    ]
    assert all(begin < due.occurs_at < due.deadline for due in found)
    expected = row.spec["at"]
    odd = [moment for moment in local if f"{moment:%H:%M}" != expected]
    assert len(odd) <= 3  # the days on which a zone skips this hour


JANUARY = datetime(2027, 1, 2)  # noqa: DTZ001
starts = st.integers(0, 2 * 366 * 1440).map(lambda minutes: JANUARY + timedelta(minutes=minutes))
offset_lists = st.lists(
    st.sampled_from(["0m", "15m", "1h", "1d", "2d", "1d 18:00", "7d", "1d2h"]), min_size=1, max_size=4, unique=True
)


@given(start=starts, offsets=offset_lists, weeks=st.integers(0, 4), zone=st.sampled_from(ZONES))
def test_an_events_reminders_are_all_walked_once_and_in_order(
    start: datetime, offsets: list[str], weeks: int, zone: str
) -> None:
    """Against all pairs of starts and offsets, put together by hand."""
    where = ZoneInfo(zone)
    event = EventRow(
        id=uuid4(),
        source="s",
        key="k",
        template="x",
        zone=zone,
        offsets=tuple(offsets),
        starts_at=start.replace(tzinfo=where).astimezone(UTC).astimezone(where).astimezone(UTC),
        recurrence=f"FREQ=WEEKLY;COUNT={weeks}" if weeks else None,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    assert event.starts_at is not None
    first = event.starts_at.astimezone(where).replace(tzinfo=None)
    every = [_moment(first + timedelta(weeks=week), where) for week in range(weeks or 1)]
    expected = Counter((f"{begins:%Y-%m-%dT%H:%MZ}", offset) for begins in every for offset in offsets)
    walked: Counter[tuple[str, str]] = Counter()
    instants = []
    instant = first_instant(event, datetime(2026, 6, 1, tzinfo=UTC))
    while instant is not None:
        instants.append(instant)
        walked.update((due.occasion, due.before) for due in dues_at(event, instant))
        instant = next_instant(event, instant)
    assert instants == sorted(set(instants))
    assert walked == expected


def _moment(wall: datetime, zone: ZoneInfo) -> datetime:
    """As the zone's law has it, by going through UTC; in a gap, the first moment after it."""
    aware = wall.replace(tzinfo=zone)
    if aware.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == wall:
        return aware.astimezone(UTC)
    moment = aware.astimezone(UTC) - timedelta(hours=3)
    while moment.astimezone(zone).replace(tzinfo=None) < wall:
        moment += timedelta(minutes=1)
    return moment


def test_the_next_occurrences_of_every_kind_can_be_shown(calendar: Calendar) -> None:
    for kind in set(ReminderKind) - {ReminderKind.RECURRING}:
        row = row_of(Anniversary(name="x", template="x", kind=kind), time_zone="Asia/Ho_Chi_Minh", now=calendar.now)
        shown = rule_changes.upcoming(row, after=calendar.now, count=3)
        assert [due.occasion for due in shown] == ["2027-01-01", "2027-01-02", "2027-01-03"]
