"""Calendar files as Outlook, Exchange, Lotus Notes and tzurl write them: zones, whole days, series cut off."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from worker.recurrence import IcsEvent, RecurrenceError, parse_rrule, read_ics

HANOI, BERLIN = ZoneInfo("Asia/Ho_Chi_Minh"), ZoneInfo("Europe/Berlin")

OUTLOOK = """\
BEGIN:VTIMEZONE
TZID:W. Europe Standard Time
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE"""

EXCHANGE = OUTLOOK.replace("W. Europe Standard Time", "(UTC+01:00) Amsterdam\\, Berlin\\, Bern\\, Rome")

LOTUS = """\
BEGIN:VTIMEZONE
TZID:Eastern
BEGIN:STANDARD
DTSTART:19501105T020000
TZOFFSETFROM:-0400
TZOFFSETTO:-0500
RRULE:FREQ=YEARLY;BYMINUTE=0;BYHOUR=2;BYDAY=1SU;BYMONTH=11
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19500312T020000
TZOFFSETFROM:-0500
TZOFFSETTO:-0400
RRULE:FREQ=YEARLY;BYMINUTE=0;BYHOUR=2;BYDAY=2SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE"""

BY_DATE = LOTUS.replace("BYDAY=1SU", "BYDAY=SU;BYMONTHDAY=1,2,3,4,5,6,7").replace(
    "BYDAY=2SU", "BYMONTHDAY=8,9,10,11,12,13,14;BYDAY=SU"
)

TZURL = """\
BEGIN:VTIMEZONE
TZID:/tzurl.org/20240422/Asia/Jerusalem
LAST-MODIFIED:20240422T053450Z
TZURL:https://www.tzurl.org/zoneinfo/Asia/Jerusalem
X-LIC-LOCATION:Asia/Jerusalem
BEGIN:DAYLIGHT
TZNAME:IDT
TZOFFSETFROM:+0200
TZOFFSETTO:+0300
DTSTART:20130329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=23,24,25,26,27,28,29;BYDAY=FR;WKST=SU;BYSETPOS=1
END:DAYLIGHT
BEGIN:STANDARD
TZNAME:IST
TZOFFSETFROM:+0300
TZOFFSETTO:+0200
DTSTART:20131027T020000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE"""


def read(zone: str, *events: str) -> list[IcsEvent]:
    parts = [zone, *(f"BEGIN:VEVENT\n{event}\nEND:VEVENT" for event in events)]
    text = "\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *filter(None, parts), "END:VCALENDAR", ""])
    return read_ics(text.replace("\n", "\r\n").encode(), zone=HANOI)


def named(zone: str) -> str:
    return next(line.partition(":")[2] for line in zone.splitlines() if line.startswith("TZID:")).replace("\\,", ",")


def weekly(name: str, start: str = "20260105T090000") -> str:
    return f'UID:x\nDTSTART;TZID="{name}":{start}\nRRULE:FREQ=WEEKLY'


@pytest.mark.parametrize(
    ("zone", "meant"),
    [
        (OUTLOOK, "Europe/Berlin"),
        (OUTLOOK.replace("W. Europe Standard Time", "Europe/Berlin"), "Europe/Berlin"),
        (OUTLOOK.replace("W. Europe Standard Time", "SE Asia Standard Time"), "Asia/Bangkok"),  # whatever it says
        (LOTUS.replace("Eastern", "Eastern Standard Time"), "America/New_York"),
        (LOTUS.replace("=YEARLY", "=DAILY").replace("Eastern", "America/New_York"), "America/New_York"),
        (TZURL, "Asia/Jerusalem"),
        (TZURL.replace("/tzurl.org/20240422/", ""), "Asia/Jerusalem"),
    ],
)
def test_a_known_name_comes_before_what_the_file_says_of_that_zone(zone: str, meant: str) -> None:
    (event,) = read(zone, weekly(named(zone)))
    assert (event.zone, event.starts_at) == (meant, datetime(2026, 1, 5, 9, tzinfo=ZoneInfo(meant)))


@pytest.mark.parametrize(
    ("zone", "alike"), [(EXCHANGE, "Europe/Berlin"), (LOTUS, "America/New_York"), (BY_DATE, "America/New_York")]
)
def test_a_zone_of_the_files_own_is_the_known_one_that_has_its_hours(zone: str, alike: str) -> None:
    (event,) = read(zone, weekly(named(zone)))
    assert event.rrule
    rule = parse_rrule(event.rrule, event.starts_at, zone=event.zone)
    year = list(islice(rule.from_start(), 52))
    assert [moment.hour for moment in year] == [9] * 52
    assert year == [moment.replace(tzinfo=ZoneInfo(alike)) for moment in year]


def test_a_series_from_before_the_rules_of_its_zone_stays_at_its_time_of_day() -> None:
    """In March of 2005 clocks in New York showed winter time, by the file's rules summer time."""
    (event,) = read(LOTUS, weekly("Eastern", "20050321T090000"))
    assert event.starts_at == datetime(2005, 3, 21, 9, tzinfo=ZoneInfo("America/New_York"))


def test_one_day_apart_is_another_zone() -> None:
    a_week_early = LOTUS.replace("BYDAY=2SU", "BYDAY=1SU")
    with pytest.raises(RecurrenceError, match="only this file knows its time zone"):
        read(a_week_early, weekly("Eastern"))


@pytest.mark.parametrize(
    "hidden",
    [
        (
            "BEGIN:VTIMEZONE\nTZID:Office\nBEGIN:STANDARD\nDTSTART:19700101T000000\nRRULE:FREQ=SECONDLY\nEND:STANDARD\n"
            "TZOFFSETFROM:+0700\nTZOFFSETTO:+0700\nEND:VTIMEZONE"
        ),
        (
            "BEGIN:VTIMEZONE\nBEGIN:VTIMEZONE\nTZID:Europe/Berlin\nEND:VTIMEZONE\nTZID:Office\nBEGIN:STANDARD\n"
            "RRULE:FREQ=SECONDLY\nEND:STANDARD\nEND:VTIMEZONE"
        ),
        "BEGIN:VTIMEZONE\nTZID:Office\nTZID:Europe/Berlin\nRRULE:FREQ=SECONDLY\nEND:VTIMEZONE",
        "BEGIN:VTIMEZONE\nTZID:Office\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30\nEND:VTIMEZONE",
        "BEGIN:VTIMEZONE\nTZID:Office\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTHDAY=1\nEND:VTIMEZONE",
        "BEGIN:VTIMEZONE\nTZID:Office\nRRULE:FREQ=YEARLY;BYHOUR=24\nEND:VTIMEZONE",
    ],
)
def test_a_known_name_beside_it_does_not_hide_a_zone_that_changes_all_the_time(hidden: str) -> None:
    with pytest.raises(RecurrenceError, match="a time zone of its own is too intricate"):
        read(f"{OUTLOOK}\n{hidden}", weekly("Office"))


def test_a_name_without_end_is_refused_at_once() -> None:
    """The parser asks for each of its parts, which would be millions."""
    with pytest.raises(RecurrenceError, match="it is no calendar"):
        read("", f"UID:x\nDTSTART;TZID={'/a' * 1_000_000}:20260105T090000")


# Days...


@pytest.mark.parametrize("zone", ["Europe/Berlin", "W. Europe Standard Time", "Asia/Ho_Chi_Minh", "Nobody's"])
def test_a_day_that_has_a_zone_is_a_whole_day(zone: str) -> None:
    day = f"TZID={zone};VALUE=DATE"
    (event,) = read(
        OUTLOOK, f"UID:x\nDTSTART;{day}:20260105\nDTEND;{day}:20260107\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE;{day}:20260106"
    )
    assert event.all_day
    assert (event.starts_at, event.ends_at) == (
        datetime(2026, 1, 5, tzinfo=HANOI),
        datetime(2026, 1, 7, tzinfo=HANOI),
    )
    assert event.exdates == (datetime(2026, 1, 6, tzinfo=HANOI),)


# Series that end before they start...


@pytest.mark.parametrize(
    ("start", "until"),
    [
        (":20260105T090000", "20260104"),
        (":20260105T090000", "20260105T015959Z"),
        (";VALUE=DATE:20260105", "20260104"),
        (";TZID=W. Europe Standard Time:20260105T090000", "20260105T075959Z"),
    ],
)
def test_a_series_that_ends_before_it_starts_is_said_to_and_the_rest_is_read(start: str, until: str) -> None:
    moved = "UID:x\nRECURRENCE-ID:20260112T020000Z\nDTSTART:20260113T070000Z"
    cut, single, other = read(
        "", f"UID:x\nDTSTART{start}\nRRULE:FREQ=WEEKLY;UNTIL={until}", moved, "UID:o\nDTSTART:20260105T090000"
    )
    assert (cut.key, cut.over_before_start, cut.cancelled) == ("x", True, True)
    assert (single.starts_at.astimezone(UTC), single.cancelled) == (datetime(2026, 1, 13, 7, tzinfo=UTC), False)
    assert (other.key, other.over_before_start, other.cancelled) == ("o", False, False)


def test_a_series_that_ends_as_it_starts_has_one_instance() -> None:
    (event,) = read("", "UID:x\nDTSTART:20260105T090000\nRRULE:FREQ=WEEKLY;UNTIL=20260105T020000Z")
    assert (event.over_before_start, event.cancelled) == (False, False)
