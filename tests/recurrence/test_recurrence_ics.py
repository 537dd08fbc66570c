"""Calendar files as programs write them, and as nobody should."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.recurrence import IcsEvent, RecurrenceError, parse_rrule, read_ics
from worker.recurrence.ics.bounds import MOST_BYTES

HANOI, BERLIN = ZoneInfo("Asia/Ho_Chi_Minh"), ZoneInfo("Europe/Berlin")
MEETING = (
    "UID:m\nSUMMARY:Họp\nDTSTART;TZID=Asia/Ho_Chi_Minh:20260105T090000\nDTEND;TZID=Asia/Ho_Chi_Minh:20260105T100000"
)
WEEKLY = f"{MEETING}\nRRULE:FREQ=WEEKLY;COUNT=4"


def calendar(*events: str, head: str = "") -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//", *head.splitlines()]
    for event in events:
        lines += ["BEGIN:VEVENT", *event.splitlines(), "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def zone_block(name: str, *, offset: str = "+0700", rule: str = "", start: str = "16010101T000000") -> str:
    rule_line = f"RRULE:{rule}\n" * bool(rule)
    return (
        f"BEGIN:VTIMEZONE\nTZID:{name}\nBEGIN:STANDARD\nDTSTART:{start}\n{rule_line}"
        f"TZOFFSETFROM:{offset}\nTZOFFSETTO:{offset}\nEND:STANDARD\nEND:VTIMEZONE"
    )


def read(*events: str, head: str = "") -> list[IcsEvent]:
    return read_ics(calendar(*events, head=head), zone=HANOI)


def one(event: str, head: str = "") -> IcsEvent:
    (found,) = read(event, head=head)
    return found


def moments(event: IcsEvent) -> list[datetime]:
    assert event.rrule
    rule = parse_rrule(event.rrule, event.starts_at, zone=event.zone, exceptions=event.exdates)
    return [moment.astimezone(UTC) for moment in rule.after(datetime(2000, 1, 1), 10)]


def utc(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def test_an_event_says_what_its_calendar_says() -> None:
    event = one(
        f"{MEETING}\nLOCATION:Phòng 3\\, tầng 2\nSEQUENCE:4\nLAST-MODIFIED:20260101T000000Z\n"
        "ATTENDEE;CN=Lan;PARTSTAT=ACCEPTED:mailto:lan@example.com\n"
        'ATTENDEE;CN="Minh, A";PARTSTAT=DECLINED:MAILTO:minh@example.com\n'
        "ATTENDEE;CN=Hoa;EMAIL=hoa@example.com:tel:+84901234567\n"
        "ATTENDEE;CN=Phòng 3;CUTYPE=ROOM:mailto:room3@example.com"
    )
    assert (event.key, event.title, event.place, event.sequence) == ("m", "Họp", "Phòng 3, tầng 2", 4)
    assert event.starts_at == datetime(2026, 1, 5, 9, tzinfo=HANOI)
    assert event.ends_at == datetime(2026, 1, 5, 10, tzinfo=HANOI)
    assert (event.zone, event.all_day, event.rrule, event.cancelled) == ("Asia/Ho_Chi_Minh", False, None, False)
    assert event.changed_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert [tuple(person) for person in event.attendees] == [
        ("Lan", None, "lan@example.com", False),
        ("Minh, A", None, "minh@example.com", True),
        ("Hoa", "+84901234567", "hoa@example.com", False),
    ]


def test_people_and_titles_are_not_in_what_is_logged() -> None:
    event = one(f"{MEETING}\nLOCATION:Clinic\nATTENDEE;CN=Lan:tel:+84901234567")
    shown = f"{event!r} {event.attendees!r}"
    assert not [secret for secret in ("Họp", "Clinic", "Lan", "901234567") if secret in shown]


@pytest.mark.parametrize(
    ("start", "starts_at", "zone"),
    [
        ("DTSTART:20260105T090000", utc(1, 5, 2), "Asia/Ho_Chi_Minh"),  # floating
        ("DTSTART:20260105T020000Z", utc(1, 5, 2), "Asia/Ho_Chi_Minh"),  # programs write single events in UTC
        ("DTSTART;TZID=Europe/Berlin:20260105T090000", utc(1, 5, 8), "Europe/Berlin"),
        ("DTSTART;TZID=SE Asia Standard Time:20260105T090000", utc(1, 5, 2), "Asia/Bangkok"),  # Outlook
        ("DTSTART;TZID=/example.com/Europe/Berlin:20260105T090000", utc(1, 5, 8), "Europe/Berlin"),
        ("DTSTART;VALUE=DATE:20260105", utc(1, 4, 17), "Asia/Ho_Chi_Minh"),
        ("DTSTART;TZID=Europe/Berlin:20260329T023000", utc(3, 29, 1), "Europe/Berlin"),  # skipped
    ],
)
def test_a_time_is_meant_in_its_zone_and_in_ours_where_it_has_none(start: str, starts_at: datetime, zone: str) -> None:
    event = one(f"UID:x\n{start}")
    assert (event.starts_at.astimezone(UTC), event.zone) == (starts_at, zone)


@pytest.mark.parametrize(
    ("times", "ends_at"),
    [
        ("DTSTART:20260105T090000", None),
        ("DTSTART:20260105T090000\nDURATION:PT90M", utc(1, 5, 3, 30)),
        ("DTSTART;VALUE=DATE:20260105", utc(1, 5, 17)),
        ("DTSTART;VALUE=DATE:20260105\nDTEND;VALUE=DATE:20260108", utc(1, 7, 17)),
        ("DTSTART;VALUE=DATE:20260105\nDURATION:P2D", utc(1, 6, 17)),
        ("DTSTART;TZID=Europe/Berlin:20260328T120000\nDURATION:P1D", utc(3, 29, 10)),  # a day of 23 hours
        ("DTSTART;TZID=Europe/Berlin:20260328T120000\nDURATION:PT24H", utc(3, 29, 10)),
    ],
)
def test_an_event_ends_where_it_says_or_where_its_duration_does(times: str, ends_at: datetime | None) -> None:
    found = one(f"UID:x\n{times}").ends_at
    assert (found and found.astimezone(UTC)) == ends_at


# Zones of the file's own...


def test_a_zone_that_only_the_file_knows_is_read_by_its_own_hours() -> None:
    start = "UID:x\nDTSTART;TZID=Văn phòng:20260105T090000"
    assert one(start, zone_block("Văn phòng")).starts_at == datetime(2026, 1, 5, 9, tzinfo=HANOI)
    assert one(start, zone_block("Văn phòng", offset="+0900")).starts_at == utc(1, 5, 0)  # not what the last file said


def test_a_zone_is_forgotten_with_its_file() -> None:
    start = "UID:x\nDTSTART;TZID=Office:20260105T090000"
    assert one(start, zone_block("Office"))
    with pytest.raises(RecurrenceError, match="the time zone 'Office' is not known"):
        one(start)


def test_a_series_in_such_a_zone_is_taken_into_ours_where_that_has_the_same_hours() -> None:
    series = "UID:x\nDTSTART;TZID=Office:20260105T090000\nRRULE:FREQ=DAILY"
    assert one(series, zone_block("Office")).zone == "Asia/Ho_Chi_Minh"
    assert one(series, zone_block("Office", offset="+0615")).zone == "Asia/Ho_Chi_Minh"  # always as far apart
    with pytest.raises(RecurrenceError, match="only this file knows its time zone, and the event recurs"):
        read_ics(calendar(series, head=zone_block("Office", offset="+0615")), zone=BERLIN)


@pytest.mark.parametrize(
    ("start", "rule", "zone"),
    [
        ("20260105T010000Z", "FREQ=WEEKLY;BYDAY=MO", "Asia/Ho_Chi_Minh"),
        ("20260105T200000Z", "FREQ=WEEKLY;BYDAY=MO", "UTC"),  # Tuesday in Hanoi
        ("20260105T010000Z", "FREQ=DAILY;BYHOUR=1", "UTC"),
    ],
)
def test_a_series_in_utc_is_taken_into_ours_only_where_its_moments_stay(start: str, rule: str, zone: str) -> None:
    event = one(f"UID:x\nDTSTART:{start}\nRRULE:{rule}")
    assert event.zone == zone
    assert moments(event)[0] == datetime.strptime(start, "%Y%m%dT%H%M%S%z")
    assert len({(moment.weekday(), moment.hour) for moment in moments(event)}) == (1 if "WEEKLY" in rule else 7)


@pytest.mark.parametrize("rule", ["FREQ=SECONDLY", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=YEARLY;BYHOUR=1,2,3"])
def test_a_zone_that_changes_all_the_time_is_refused_before_it_is_asked_for_an_hour(rule: str) -> None:
    hostile = calendar("UID:x\nDTSTART;TZID=Office:20260105T090000", head=zone_block("Office", rule=rule))
    for data in (hostile, hostile.replace(b"RRULE", b"RRU\r\n LE"), hostile.replace(b"VTIMEZONE", b"vtimezone")):
        with pytest.raises(RecurrenceError, match=r"^file: a time zone of its own is too intricate: use zones with"):
            read_ics(data, zone=HANOI)


def test_a_zone_that_changes_as_clocks_do_is_read() -> None:
    summer = "FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU"
    assert one("UID:x\nDTSTART;TZID=Office:20260105T090000", zone_block("Office", rule=summer)).starts_at == utc(
        1, 5, 2
    )


# Series...


def test_a_series_leaves_out_its_exceptions() -> None:
    event = one(f"{WEEKLY}\nEXDATE;TZID=Asia/Ho_Chi_Minh:20260112T090000\nEXDATE;VALUE=DATE:20260119")
    assert event.rrule == "FREQ=WEEKLY;COUNT=4"
    assert event.exdates == (datetime(2026, 1, 12, 9, tzinfo=HANOI), datetime(2026, 1, 19, 9, tzinfo=HANOI))
    assert moments(event) == [utc(1, 5, 2), utc(1, 26, 2)]


def test_a_moved_instance_is_an_event_of_its_own_and_the_series_is_without_it() -> None:
    moved = "UID:m\nRECURRENCE-ID:20260112T020000Z\nDTSTART:20260113T070000Z\nSUMMARY:Họp dời"
    for events in ([WEEKLY, moved], [moved, WEEKLY]):
        series, single = read(*events)
        assert series.exdates == (datetime(2026, 1, 12, 9, tzinfo=HANOI),)
        assert (single.key, single.series, single.rrule) == ("m/20260112T020000Z", "m", None)
        assert (single.starts_at.astimezone(UTC), single.title, single.cancelled) == (utc(1, 13, 7), "Họp dời", False)


def test_a_cancelled_instance_is_told_as_cancelled_and_the_series_is_without_it() -> None:
    series, single = read(WEEKLY, f"{MEETING}\nRECURRENCE-ID;TZID=Asia/Ho_Chi_Minh:20260119T090000\nSTATUS:CANCELLED")
    assert (series.cancelled, single.cancelled, single.key) == (False, True, "m/20260119T020000Z")
    assert utc(1, 19, 2) not in moments(series)


def test_with_the_series_all_its_instances_are_cancelled() -> None:
    events = read(f"{WEEKLY}\nSTATUS:CANCELLED", f"{MEETING}\nRECURRENCE-ID:20260112T020000Z")
    assert [event.cancelled for event in events] == [True, True]


def test_a_file_that_cancels_cancels_all_of_its_events() -> None:
    assert [event.cancelled for event in read(MEETING, "UID:o\nDTSTART:20260105T090000", head="METHOD:CANCEL")] == [
        True,
        True,
    ]


def test_an_added_instance_is_an_event_of_its_own_as_long_as_the_series() -> None:
    series, added = read(
        f"{WEEKLY}\nRDATE;TZID=Asia/Ho_Chi_Minh:20260301T150000\nRDATE:20260112T020000Z\nEXDATE:20260112T020000Z"
    )
    assert moments(series) == [utc(1, 5, 2), utc(1, 19, 2), utc(1, 26, 2)]
    assert (added.key, added.series) == ("m/20260301T080000Z", "m")
    assert (added.starts_at, added.lasts) == (datetime(2026, 3, 1, 15, tzinfo=HANOI), timedelta(hours=1))


def test_a_start_that_is_no_day_of_the_rule_is_not_lost() -> None:
    """A Monday, and then each Wednesday."""
    series, start = read(f"{MEETING}\nRRULE:FREQ=WEEKLY;BYDAY=WE;COUNT=2")
    assert moments(series) == [utc(1, 7, 2), utc(1, 14, 2)]
    assert (start.key, start.starts_at) == ("m/20260105T020000Z", datetime(2026, 1, 5, 9, tzinfo=HANOI))


def test_a_series_without_any_instance_left_is_cancelled() -> None:
    (event,) = read(f"{MEETING}\nRRULE:FREQ=DAILY;COUNT=2\nEXDATE;VALUE=DATE:20260105,20260106")
    assert event.cancelled


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_one_uid_that_is_there_twice_the_newer_counts(order: tuple[int, int]) -> None:
    versions = [f"{MEETING}\nSEQUENCE:1\nDTSTAMP:20260103T000000Z", "UID:m\nDTSTART:20260106T090000\nSEQUENCE:2"]
    assert one_of(read(*(versions[at] for at in order))).sequence == 2
    versions = [f"{MEETING}\nDTSTAMP:20260103T000000Z", "UID:m\nDTSTART:20260106T090000\nDTSTAMP:20260102T000000Z"]
    assert one_of(read(*(versions[at] for at in order))).title == "Họp"


def one_of(events: list[IcsEvent]) -> IcsEvent:
    (event,) = events
    return event


def test_several_calendars_in_one_file_and_other_things_in_it_are_no_trouble() -> None:
    todo = b"BEGIN:VTODO\r\nUID:t\r\nSUMMARY:buy\r\nEND:VTODO\r\nEND:VCALENDAR"
    alarm = f"{MEETING}\nBEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT15M\nEND:VALARM\nX-THING;A=b:ünreadable\nGEO:wrong"
    data = (
        b"\xef\xbb\xbf" + calendar(alarm).replace(b"END:VCALENDAR", todo) + calendar("UID:o\nDTSTART:20260105T090000")
    )
    assert [event.key for event in read_ics(data, zone=HANOI)] == ["m", "o"]
    assert read() == []


# Refused...


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ("DTSTART:20260105T090000", "event 2: UID: it is missing: give each event a UID"),
        ("UID: \nDTSTART:20260105T090000", "event 2: UID: it is missing"),
        ("UID:x\nDTSTART:20260105T090000\nRRULE FREQ=DAILY", "event 2 ('x'): line: one of its lines can't be read"),
        ("UID:x", "event 2 ('x'): DTSTART: it is missing"),
        ("UID:x\nDTSTART:soon", "event 2 ('x'): DTSTART: it can't be read"),
        ("UID:x\nDTSTART:20260230T090000", "event 2 ('x'): DTSTART: it can't be read"),
        (
            "UID:x\nDTSTART:20260105T090000\nDTSTART:20260106T090000",
            "event 2 ('x'): DTSTART: it is there more than once",
        ),
        ("UID:x\nDTSTART:10000101T090000", "event 2 ('x'): DTSTART: its year is out of reach"),
        ("UID:x\nDTSTART:99991231T235959Z\nDURATION:P1D", "event 2 ('x'): DTSTART: its year is out of reach"),
        ("UID:x\nDTSTART:20260105T090000\nDURATION:P9999999D", "event 2 ('x'): DURATION: "),
        (
            "UID:x\nDTSTART:20260105T090000\nDTEND:20260105T080000",
            "event 2 ('x'): DTEND: the event ends before it starts",
        ),
        (
            "UID:x\nDTSTART;TZID=Mars/Base:20260105T090000",
            "event 2 ('x'): DTSTART: the time zone 'Mars/Base' is not known",
        ),
        ("UID:x\nDTSTART:20260105T090000\nRRULE:FREQ=SECONDLY", "event 2 ('x'): rrule: FREQ=SECONDLY comes more often"),
        ("UID:x\nDTSTART:20260105T090000\nRRULE:FREQ=OFTEN", "event 2 ('x'): RRULE: it can't be read"),
        (
            "UID:x\nDTSTART:20260105T090000\nRRULE:FREQ=DAILY\nRRULE:FREQ=DAILY",
            "event 2 ('x'): RRULE: it is there more than",
        ),
        (
            "UID:x\nDTSTART:20260105T090000\nRRULE:FREQ=DAILY\nEXRULE:FREQ=DAILY",
            "event 2 ('x'): EXRULE: exceptions by rule",
        ),
        (
            "UID:x\nDTSTART:20260105T090000\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
            "event 2 ('x'): recurrence: the rule never comes",
        ),
        (
            "UID:x\nDTSTART:20260105T090000\nRECURRENCE-ID;RANGE=THISANDFUTURE:20260105T090000",
            "event 2 ('x'): RECURRENCE-ID: it ch",
        ),
        ("UID:x\nDTSTART:20260105T090000\nEXDATE:never", "event 2 ('x'): EXDATE: it can't be read"),
        ("UID:x\nDTSTART:20260105T090000\nSEQUENCE:new", "event 2 ('x'): SEQUENCE: it can't be read"),
        (f"UID:{'x' * 99}\nDTSTART:soon", f"event 2 ('{'x' * 40}…'): DTSTART: it can't be read"),
    ],
)
def test_a_wrong_event_is_named_with_its_number_and_what_is_wrong(event: str, message: str) -> None:
    with pytest.raises(RecurrenceError) as refused:
        read(MEETING, event)
    assert str(refused.value).startswith(message)
    assert len(str(refused.value).splitlines()) == 1


WHOLE = calendar(MEETING)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "it is no calendar: it is empty or cut off"),
        (WHOLE[:-20], "it is no calendar: it is empty or cut off"),
        (b"name,phone\r\nLan,0901234567\r\n", "it is no calendar: line 1 can't be read"),
        (WHOLE.replace(b"VERSION:", b"VERSION "), "it is no calendar: line 2 can't be read"),
        (b"BEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT\r\n", "it is no calendar: it begins with 'VEVENT'"),
        (WHOLE.decode().encode("utf-16"), "byte 1 is no UTF-8"),
        (b"BEGIN:VCALENDAR\r\n" * 1000, "it is no calendar: its parts lie in each other too deep"),
        (
            b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\nEND:VEVENT\r\n" * 10_001,
            "it has 10001 events; 10000 at most are read",
        ),
        (b"\n" * (MOST_BYTES + 1), "it is larger than 10 MB"),
        (calendar("UID:x\nDTSTART;TZID=Asia:20260105T090000"), None),  # a folder, where zones are files
        (calendar(f"UID:x\nDTSTART;TZID={'x' * 5000}:20260105T090000"), None),
        (calendar("UID:x\nDTSTART;TZID=../../etc/passwd:20260105T090000"), None),
    ],
    ids=range(12),
)
def test_a_file_that_can_not_be_read_is_refused_in_one_line(data: bytes, problem: str | None) -> None:
    with pytest.raises(RecurrenceError) as refused:
        read_ics(data, zone=HANOI)
    assert problem in (None, refused.value.problem)
    assert len(str(refused.value)) < 200
    assert len(str(refused.value).splitlines()) == 1


def test_the_name_of_a_file_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "real.ics"
    path.write_bytes(WHOLE)
    with pytest.raises(RecurrenceError, match="no calendar"):
        read_ics(str(path).encode(), zone=HANOI)


pieces = st.sampled_from(
    [
        b"BEGIN:VCALENDAR", b"END:VCALENDAR", b"BEGIN:VEVENT", b"END:VEVENT", b"UID:x", b"DTSTART:20260105T090000",
        b"DTSTART;VALUE=DATE:20260105", b"DTSTART;VALUE=PERIOD:20260105T090000Z/PT1H", b"RRULE:FREQ=DAILY;COUNT=3",
        b"RRULE:FREQ=HOURLY;BYDAY=9MO", b"EXDATE:20260106T090000", b"RDATE;VALUE=PERIOD:20260107T090000Z/PT1H",
        b"RECURRENCE-ID:20260106T090000", b"DURATION:-PT1H", b"DTEND;VALUE=DATE:20260104", b"ATTENDEE:x",
        b"SEQUENCE:-1", b"STATUS:CANCELLED",
        b"BEGIN:VTIMEZONE", b"TZID:Z", b"END:VTIMEZONE", b"BEGIN:STANDARD", b"END:STANDARD",
        b"DTSTART;TZID=Z:20260105T090000", b"TZOFFSETTO:+9999", b"TZOFFSETFROM:x", b" folded", b":", b"\xff",
        b"METHOD:CANCEL", b"UNTIL", b"DTSTAMP:20260105", b"LAST-MODIFIED;VALUE=DATE:20260105",
    ]
)  # fmt: skip


@given(st.lists(pieces | st.binary(max_size=20), max_size=25), st.booleans())
def test_any_other_file_is_read_or_refused_in_one_line(lines: list[bytes], whole: bool) -> None:
    if whole:
        lines = [b"BEGIN:VCALENDAR", b"BEGIN:VEVENT", b"UID:x", *lines, b"END:VEVENT", b"END:VCALENDAR"]
    try:
        read_ics(b"\r\n".join(lines), zone=HANOI)
    except RecurrenceError as refused:
        assert len(str(refused).splitlines()) == 1
