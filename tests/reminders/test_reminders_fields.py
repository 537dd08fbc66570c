"""Events from other applications: by Python, by a Celery task's JSON fields, by a calendar file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from tests.reminders.office import VIETNAM, Calendar, at
from tests.support import Bench, as_producer
from worker import Invalid, Notifier
from worker.reminders import Attendee, EventOutcome, calendars, events
from worker.reminders.fields import cancellation_of, event_of
from worker.reminders.invitations import content_of
from worker.settings import Settings

FIELDS: dict[str, Any] = {
    "source": "clinic",
    "key": "17",
    "starts_at": "2027-03-01T14:00",
    "template": "visit",
    "title": "Kham rang",
    "offsets": ["1d", "1h"],
    "attendees": [{"key": "1", "phone": "0901 000 001", "attributes": {"room": "5"}}],
    "version": 3,
    "late_for": 1800,
    "exceptions": ["2027-03-08", "2027-03-15T14:00"],
    "sms_type": 8,
}


@pytest.fixture
def notifier(calendar: Calendar, database_url: str) -> Iterator[Notifier]:
    with Notifier(
        Settings.from_environ({"DATABASE_URL": as_producer(database_url), "ESMS_BRANDNAME": "sangbrand"})
    ) as notifier:
        yield notifier


def test_json_fields_become_an_event() -> None:
    event = event_of(FIELDS)
    assert event.starts_at == datetime(2027, 3, 1, 14)  # noqa: DTZ001
    assert event.attendees == [Attendee(key="1", phone="0901 000 001", attributes={"room": "5"})]
    assert (event.late_for, event.channel.sms_type, event.version) == (timedelta(minutes=30), 8, 3)
    assert event_of(FIELDS | {"version": "2027-01-01T00:00Z"}).version == datetime(2027, 1, 1, tzinfo=UTC)


def test_pythons_own_days_and_lengths_are_taken_for_what_their_texts_and_seconds_are() -> None:
    objects = {"starts_at": date(2027, 3, 1), "exceptions": [date(2027, 3, 8)], "late_for": timedelta(minutes=30)}
    texts = {"starts_at": "2027-03-01", "exceptions": ["2027-03-08"], "late_for": 1800}
    both = [event_of(FIELDS | each | {"all_day_at": at}) for each, at in ((objects, time(9, 30)), (texts, "09:30"))]
    assert both[0] == both[1]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"starts_at": "tomorrow"}, "starts_at: is no date and time"),
        ({"starts": "2027-03-01"}, "starts: is no field of event"),
        ({"attendees": {"key": "1"}}, "attendees: is no list"),
        ({"attendees": ["0901"]}, "attendees[0]: is no attendee"),
        ({"attendees": [{"phone": "0901"}]}, "attendees[0].key: is missing"),
        ({"attendees": [{"key": "1", "fone": "0901"}]}, "attendees[0].fone: is no field"),
        ({"late_for": "1h"}, "late_for: is no number of seconds"),
        ({"exceptions": "2027-03-08"}, "exceptions: is no list"),
        ({"exceptions": ["2027-13-08"]}, "exceptions: holds no date"),
        ({"version": "new"}, "version: is no date and time"),
    ],
)
def test_wrong_fields_are_named(change: dict[str, object], error: str) -> None:
    with pytest.raises(Invalid) as told:
        event_of(FIELDS | change)
    assert error in str(told.value)
    with pytest.raises(Invalid, match="key: is missing"):
        cancellation_of({"source": "clinic"})
    with pytest.raises(Invalid, match="keys: is no field"):
        cancellation_of({"source": "clinic", "keys": "17"})


def soon(days: int = 30) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


def test_a_producer_upserts_and_cancels_by_postgress_clock(notifier: Notifier, calendar: Calendar) -> None:
    fields = FIELDS | {"starts_at": soon()}
    assert notifier.reminders.upsert_event(**fields).outcome is EventOutcome.ADDED
    assert notifier.reminders.upsert_event(**fields).outcome is EventOutcome.UNCHANGED
    assert notifier.reminders.cancel_event(source="clinic", key="17", version=4).outcome is EventOutcome.CANCELLED
    assert notifier.reminders.upsert_event(**fields).outcome is EventOutcome.OLDER


def test_it_joins_the_callers_transaction(notifier: Notifier, calendar: Calendar) -> None:
    with pytest.raises(ZeroDivisionError), calendar.database.begin() as session:
        notifier.reminders.upsert_event(**FIELDS | {"starts_at": soon()}, session=session)
        raise ZeroDivisionError
    assert calendar.rows("SELECT 1 FROM event") == []
    with calendar.database.begin() as session:
        with pytest.raises(Invalid):
            notifier.reminders.upsert_event(**FIELDS | {"starts_at": soon(-30)}, session=session)
        notifier.reminders.upsert_event(**FIELDS | {"starts_at": soon(), "key": "18"}, session=session)
    assert calendar.rows("SELECT key FROM event") == [("18",)]


def test_what_intake_would_refuse_on_the_day_is_refused_when_it_is_saved(calendar: Calendar, database_url: str) -> None:
    from worker.reminders import Anniversary

    with Notifier(Settings.from_environ({"DATABASE_URL": as_producer(database_url)})) as notifier:
        with pytest.raises(Invalid, match="brandname"):
            notifier.reminders.add(Anniversary(name="x", template="wish"))
        with pytest.raises(Invalid, match="brandname"):
            notifier.reminders.upsert_event(**FIELDS | {"starts_at": soon(), "sms_type": 2})
    assert calendar.rows("SELECT 1 FROM reminder UNION ALL SELECT 1 FROM event") == []


def test_celerys_tasks_store_cancel_and_make(
    bench: Bench, calendar: Calendar, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", bench.settings.database_url)
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.setenv("ESMS_BRANDNAME", "sangbrand")
    from worker import runtime, tasks

    monkeypatch.setattr(runtime, "_current", None)
    try:
        tasks.upsert_event(**FIELDS | {"starts_at": soon(), "offsets": ["30d"]})
        tasks.upsert_event(**FIELDS | {"key": "wrong", "starts_at": "tomorrow"})  # refused, told in the log
        tasks.upsert_event(**FIELDS | {"key": "off", "starts_at": soon()})
        tasks.cancel_event(source="clinic", key="off", version=4)
        tasks.remind()
        assert calendar.sent().total() == 1
        tasks.remind()
        assert calendar.sent().total() == 1
    finally:
        runtime.current().database.close()
        runtime.current().bell.close()
        monkeypatch.setattr(runtime, "_current", None)


CALENDAR_FILE = b"""BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//test//EN\r
BEGIN:VEVENT\r
UID:one@clinic\r
DTSTAMP:20270101T000000Z\r
DTSTART;TZID=Asia/Ho_Chi_Minh:20270301T140000\r
DTEND;TZID=Asia/Ho_Chi_Minh:20270301T150000\r
SUMMARY:Kham rang\r
LOCATION:Phong 1\r
SEQUENCE:%d\r
%sEND:VEVENT\r
BEGIN:VEVENT\r
UID:weekly@clinic\r
DTSTAMP:20270101T000000Z\r
DTSTART:20270302T100000Z\r
RRULE:FREQ=WEEKLY;COUNT=3\r
SUMMARY:Lop hoc\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:old@clinic\r
DTSTAMP:20200101T000000Z\r
DTSTART:20200302T100000Z\r
SUMMARY:Da qua\r
END:VEVENT\r
END:VCALENDAR\r
"""


def take(calendar: Calendar, data: bytes, **besides: Any) -> calendars.Imported:
    with calendar.database.begin() as session:
        guests = [Attendee(key="lan", phone="0901000001")]
        how = {"template": "visit", "offsets": ["1h"]} | besides
        return calendars.import_ics(
            session, data, calendar.settings, source="ics", guests=guests, now=calendar.now, **how
        )


def test_a_calendar_file_is_taken_in_and_the_same_again_changes_nothing(calendar: Calendar) -> None:
    found = take(calendar, CALENDAR_FILE % (0, b""))
    assert (dict(found.outcomes), found.over) == ({"added": 2}, 1)
    assert dict(take(calendar, CALENDAR_FILE % (0, b"")).outcomes) == {"unchanged": 2}
    calendar.tick("2027-03-01 13:00")
    calendar.tick("2027-03-02 16:00")
    assert calendar.dates("+84901000001") == ["2027-03-01 13:00", "2027-03-02 16:00"]
    assert dict(take(calendar, CALENDAR_FILE % (1, b"STATUS:CANCELLED\r\n")).outcomes)["cancelled"] == 1
    assert calendar.now == at("2027-03-02 16:00")


def test_a_known_series_that_now_ends_before_it_starts_is_called_off(calendar: Calendar) -> None:
    """Which is what programs write when somebody ends a series at its first instance."""
    cut = (CALENDAR_FILE % (0, b"")).replace(b"COUNT=3", b"UNTIL=20200101")
    assert (dict((first := take(calendar, cut)).outcomes), first.over_before_start) == ({"added": 1}, 1)
    take(calendar, CALENDAR_FILE % (0, b""))
    assert dict(take(calendar, cut).outcomes) == {"unchanged": 1, "cancelled": 1}
    calendar.tick("2027-03-02 16:00")
    assert calendar.sent() == {}


SERIES = b"""BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//test//EN\r
BEGIN:VEVENT\r
UID:weekly\r
DTSTAMP:20270101T000000Z\r
DTSTART:20270302T100000Z\r
RRULE:FREQ=WEEKLY;COUNT=3\r
SUMMARY:Lop hoc\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:weekly\r
RECURRENCE-ID:20270309T100000Z\r
DTSTAMP:20270101T000000Z\r
DTSTART:20270310T080000Z\r
SUMMARY:Lop hoc doi\r
END:VEVENT\r
END:VCALENDAR\r
"""


def test_a_moved_instance_is_cancelled_with_its_series(calendar: Calendar) -> None:
    assert dict(take(calendar, SERIES).outcomes) == {"added": 2}
    calendar.tick("2027-03-02 16:00")
    calendar.tick("2027-03-10 14:00")
    with calendar.database.begin() as session:
        change = events.cancel(session, "ics", "weekly", now=calendar.now)
    assert (change.outcome, change.recalled) == ("cancelled", 2)
    assert calendar.rows("SELECT key FROM event WHERE cancelled_at IS NULL OR next_at IS NOT NULL") == []
    calendar.tick("2027-03-16 16:00")
    assert calendar.sent() == {}


WHOLE_DAYS = b"""BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//test//EN\r
BEGIN:VEVENT\r
UID:day\r
DTSTAMP:20270101T000000Z\r
DTSTART;VALUE=DATE:20270302\r
RRULE:FREQ=DAILY;UNTIL=20270304\r
EXDATE;VALUE=DATE:20270303\r
SUMMARY:Nghi le\r
END:VEVENT\r
END:VCALENDAR\r
"""


@pytest.mark.parametrize(
    ("how", "sent"),
    [
        ({}, ["2027-03-01 08:00", "2027-03-02 07:00", "2027-03-03 08:00", "2027-03-04 07:00"]),
        ({"all_day_at": time(9, 30)}, ["2027-03-01 09:30", "2027-03-02 08:30", "2027-03-03 09:30", "2027-03-04 08:30"]),
    ],
)
def test_whole_days_are_reminded_of_as_if_they_began_in_the_morning(
    calendar: Calendar, how: dict[str, Any], sent: list[str]
) -> None:
    found = take(calendar, WHOLE_DAYS, offsets=["1d", "1h"], **how)
    assert (found.all_day, dict(found.outcomes)) == (1, {"added": 1})
    for day in range(1, 6):
        for hour in range(24):
            calendar.tick(f"2027-03-0{day} {hour:02}:30")
    assert calendar.dates("+84901000001") == sent


def test_a_whole_day_of_an_application_begins_when_it_says() -> None:
    given = {"source": "x", "key": "1", "starts_at": "2027-03-02", "template": "visit", "offsets": ["1h"]}
    for at_, starts in (({}, "08:00"), ({"all_day_at": "10:15"}, "10:15")):
        content = content_of(event_of(given | at_), "Asia/Ho_Chi_Minh")
        assert f"{content['starts_at'].astimezone(VIETNAM):%Y-%m-%d %H:%M}" == f"2027-03-02 {starts}"
    with pytest.raises(Invalid, match="all_day_at: is no time of day"):
        event_of(given | {"all_day_at": "8 o'clock"})


def test_a_file_that_is_no_calendar_stores_nothing(calendar: Calendar) -> None:
    for data in (b"", b"hello", CALENDAR_FILE[:200], CALENDAR_FILE.replace(b"20270301T140000", b"2027")):
        with pytest.raises(Invalid):
            take(calendar, data)
    assert calendar.rows("SELECT 1 FROM event") == []
