"""Events of other applications: moved, changed, called off, in any order; whose reminders follow, and whose can't."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from threading import Thread

import pytest

from tests.reminders.office import Calendar, at, guests
from worker.errors import Invalid, NotFound
from worker.lifecycle import Status
from worker.reminders import Attendee, EventOutcome

LAN, MAI = Attendee(key="lan", phone="0901000001"), Attendee(key="mai", phone="0901000002")
LANS, MAIS = "+84901000001", "+84901000002"


def test_each_offset_reminds_each_attendee_in_time(calendar: Calendar) -> None:
    change = calendar.event(offsets=["1d", "1h", "1d 18:00"], attendees=[LAN, MAI])
    assert (change.outcome, change.added, change.next_at) == (EventOutcome.ADDED, 2, at("2027-02-28 14:00"))
    for moment in ("2027-02-28 14:00", "2027-02-28 18:00", "2027-03-01 13:00", "2027-03-01 14:00"):
        calendar.tick(moment)
    assert calendar.dates(LANS) == ["2027-02-28 14:00", "2027-02-28 18:00", "2027-03-01 13:00"]
    assert calendar.dates(MAIS) == calendar.dates(LANS)
    assert set(calendar.texts()) == {"Nhac hen: Kham rang luc 14:00 ngay 01/03/2027"}


def test_a_moved_meeting_moves_what_has_not_gone_out(calendar: Calendar) -> None:
    calendar.event()
    calendar.tick("2027-02-28 13:50")
    change = calendar.event(starts="2027-03-02 09:00")
    assert (change.outcome, change.recalled, change.too_late) == (EventOutcome.CHANGED, 1, ())
    for moment in ("2027-03-01 09:00", "2027-03-01 13:00", "2027-03-02 08:00"):
        calendar.tick(moment)
    assert calendar.dates(LANS) == ["2027-03-01 09:00", "2027-03-02 08:00"]
    assert set(calendar.texts()) == {"Nhac hen: Kham rang luc 09:00 ngay 02/03/2027"}


def test_a_moved_meeting_tells_whom_it_has_reached_already_and_reminds_them_of_the_new_start(
    calendar: Calendar,
) -> None:
    calendar.event(attendees=[LAN, MAI])
    calendar.tick("2027-02-28 14:00")
    calendar.set_sending(f"(SELECT id FROM message WHERE phone = '{LANS}')")
    change = calendar.event(starts="2027-03-05 09:00", attendees=[LAN, MAI])
    assert change.recalled == 1
    [late] = change.too_late
    assert (late.attendee, late.occurs_at, late.status) == ("lan", at("2027-02-28 14:00"), Status.SENDING)
    calendar.tick("2027-03-04 09:00")
    assert calendar.dates(LANS) == ["2027-02-28 14:00", "2027-03-04 09:00"]
    assert calendar.dates(MAIS) == ["2027-03-04 09:00"]


def test_moved_there_and_back_is_made_once_for_the_old_start(calendar: Calendar) -> None:
    calendar.event(attendees=[LAN, MAI])
    calendar.tick("2027-02-28 13:50")
    calendar.set_sending(f"(SELECT id FROM message WHERE phone = '{LANS}')")
    calendar.event(starts="2027-03-05 09:00", attendees=[LAN, MAI])
    calendar.event(attendees=[LAN, MAI])
    calendar.tick()
    assert calendar.dates(LANS) == calendar.dates(MAIS) == ["2027-02-28 14:00"]


def test_another_place_says_the_new_one_to_whom_it_has_not_reached(calendar: Calendar) -> None:
    calendar.template("visit", "{title} tai {place}")
    calendar.event(place="Phong 1")
    calendar.tick("2027-02-28 13:50")
    assert calendar.event(place="Phong 2").recalled == 1
    calendar.tick()
    assert calendar.texts() == ["Kham rang tai Phong 2"]


def test_the_same_event_again_changes_nothing(calendar: Calendar) -> None:
    calendar.event()
    calendar.tick("2027-02-28 13:50")
    change = calendar.event()
    assert (change.outcome, change.recalled) == (EventOutcome.UNCHANGED, 0)
    calendar.tick("2027-02-28 14:00")
    assert calendar.dates(LANS) == ["2027-02-28 14:00"]


def test_attendees_added_removed_and_changed_touch_only_theirs(calendar: Calendar) -> None:
    calendar.event(attendees=[LAN, MAI])
    calendar.tick("2027-02-28 13:50")
    first = dict(calendar.rows("SELECT phone, id::text FROM message"))
    new = Attendee(key="hoa", phone="0901000003")
    change = calendar.event(attendees=[LAN, new])
    assert (change.added, change.removed, change.recalled) == (1, 1, 1)
    calendar.tick()
    assert calendar.sent() == {LANS: 1, "+84901000003": 1}
    assert dict(calendar.rows("SELECT phone, id::text FROM message"))[LANS] == first[LANS]
    change = calendar.event(attendees=[Attendee(key="lan", phone="0901000009"), new])
    assert (change.changed, change.recalled) == (1, 1)
    calendar.tick()
    assert calendar.sent() == {"+84901000009": 1, "+84901000003": 1}
    assert calendar.event(attendees=None).outcome is EventOutcome.UNCHANGED


def test_who_is_added_late_gets_the_last_reminder_that_is_due_and_not_all_of_them(calendar: Calendar) -> None:
    calendar.event(offsets=["2d", "1d", "1h"], attendees=[LAN])
    calendar.tick("2027-02-27 14:00")
    calendar.tick("2027-02-28 14:00")
    calendar.event(offsets=["2d", "1d", "1h"], attendees=[LAN, MAI])
    calendar.tick("2027-02-28 15:00")
    calendar.tick("2027-03-01 13:00")
    assert len(calendar.dates(LANS)) == 3
    assert calendar.dates(MAIS) == ["2027-02-28 14:00", "2027-03-01 13:00"]
    assert calendar.reasons() == {"too late: a later reminder of the same event goes out instead": 1}


def test_a_cancelled_event_calls_back_what_it_can_and_tells_the_rest(calendar: Calendar) -> None:
    calendar.event(attendees=[LAN, MAI])
    calendar.tick("2027-02-28 14:00")
    calendar.set_sending(f"(SELECT id FROM message WHERE phone = '{LANS}')")
    change = calendar.cancel()
    assert (change.outcome, change.recalled, len(change.too_late)) == (EventOutcome.CANCELLED, 1, 1)
    calendar.tick("2027-03-01 13:00")
    assert calendar.sent() == {LANS: 1}
    assert calendar.cancel().outcome is EventOutcome.UNCHANGED


def test_an_older_version_changes_nothing_in_any_order(calendar: Calendar) -> None:
    calendar.event(version=5)
    assert calendar.event(starts="2027-04-01 09:00", version=4).outcome is EventOutcome.OLDER
    assert calendar.cancel(version=4).outcome is EventOutcome.OLDER
    assert calendar.cancel(version=6).outcome is EventOutcome.CANCELLED
    assert calendar.event(version=5).outcome is EventOutcome.OLDER
    assert calendar.event(version=7).outcome is EventOutcome.CHANGED
    calendar.tick("2027-02-28 14:00")
    assert calendar.sent() == {LANS: 1}


def test_a_cancellation_that_overtakes_its_event_wins(calendar: Calendar) -> None:
    changed_at = datetime(2027, 1, 2, tzinfo=UTC)
    assert calendar.cancel(version=changed_at).outcome is EventOutcome.CANCELLED
    assert calendar.event(version=changed_at - timedelta(seconds=1)).outcome is EventOutcome.OLDER
    with pytest.raises(NotFound):
        calendar.cancel("unknown")
    assert calendar.rows("SELECT key FROM event") == [("m1",)]


def test_two_first_upserts_at_once_make_one_event(calendar: Calendar) -> None:
    outcomes: list[EventOutcome] = []
    threads = [Thread(target=lambda: outcomes.append(calendar.event().outcome)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(outcomes) == {EventOutcome.ADDED: 1, EventOutcome.UNCHANGED: 7}


def test_a_reminder_late_by_a_beat_that_was_down_goes_out_until_the_start(calendar: Calendar) -> None:
    calendar.event("m1")
    calendar.event("m2", late_for=timedelta(minutes=10))
    calendar.tick("2027-03-01 13:59")
    assert calendar.sent() == {LANS: 1}
    calendar.event("m3", starts="2027-03-02 14:00")
    calendar.tick("2027-03-02 14:00")
    assert calendar.sent() == {LANS: 1}
    assert calendar.reasons()["too late: it could not be made in time"] == 4


def test_a_weekly_class_reminds_each_week_but_not_of_the_one_that_falls_out(calendar: Calendar) -> None:
    calendar.event(
        starts="2027-03-01 17:00",
        offsets=["2h"],
        recurrence="FREQ=WEEKLY;COUNT=4",
        exceptions=[date(2027, 3, 15)],
    )
    for day in range(1, 32):
        calendar.tick(f"2027-03-{day:02} 16:00")
    assert calendar.dates(LANS) == ["2027-03-01 15:00", "2027-03-08 15:00", "2027-03-22 15:00"]


def test_a_class_changed_after_beat_was_down_still_owes_a_word_on_the_days_between(calendar: Calendar) -> None:
    daily = {"starts": "2027-03-01 17:00", "offsets": ["2h"], "recurrence": "FREQ=DAILY;COUNT=4"}
    calendar.event(**daily)  # type: ignore[arg-type]
    calendar.tick("2027-03-01 15:00")
    calendar.set_sending()
    calendar.now = at("2027-03-03 18:00")
    calendar.event(**daily, title="Lop khac")  # type: ignore[arg-type]
    calendar.tick("2027-03-04 15:00")
    assert [(key[:10], state) for _, key, state in calendar.made()] == [
        ("2027-03-01", "made"),
        ("2027-03-02", "skipped"),
        ("2027-03-03", "skipped"),
        ("2027-03-04", "made"),
    ]


def test_a_contacts_number_and_name_count_as_they_are_when_it_is_made(calendar: Calendar) -> None:
    calendar.template("visit", "{first_name}: {attr.room}")
    guest = Attendee(key="1", contact="Lan", contact_source="hr")
    lost = Attendee(key="2", contact="nobody", contact_source="hr")
    calendar.event(attendees=[guest, lost], attributes={"room": "A"})
    lan = calendar.contact("Lan")
    calendar.tick("2027-02-28 14:00")
    assert calendar.sent() == {lan: 1}
    assert calendar.texts() == ["Lan: A"]
    assert calendar.reasons() == {"there is no such contact": 1}


def test_fifty_thousand_attendees_are_diffed_in_bulk(calendar: Calendar) -> None:
    many = list(guests(5_000))
    assert calendar.event(attendees=many).added == 5_000
    change = calendar.event(attendees=[*many[100:], LAN])
    assert (change.added, change.removed, change.changed) == (1, 100, 0)
    calendar.tick("2027-02-28 14:00")
    assert calendar.sent().total() == 4_901


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"starts": "2026-12-31 10:00"}, "starts_at: is in the past"),
        ({"key": ""}, "key: is empty"),
        ({"key": "x" * 201}, "key: is no usable name"),
        ({"offsets": []}, "offsets: is no list"),
        ({"offsets": ["soon"]}, "offsets: 'soon' is no offset"),
        ({"offsets": ["0d 18:00"]}, "lies after the start"),
        ({"offsets": ["400d"]}, "offsets"),
        ({"attendees": [LAN, LAN]}, "attendees[1].key: is that of attendees[0] again"),
        ({"attendees": [Attendee(key="x")]}, "attendees[0]: is to have either a phone or a contact"),
        ({"attendees": [LAN, Attendee(key="x", phone="12")]}, "attendees[1].phone"),
        ({"attendees": "everybody"}, "attendees: is no list"),
        ({"template": "nothing"}, "template: there is none"),
        ({"title": ""}, "title: is empty, and template 'visit' needs it"),
        ({"recurrence": "FREQ=SECONDLY"}, "every 15 minutes"),
        ({"ends_at": at("2027-02-01 10:00")}, "ends_at: is before the start"),
        ({"version": -1}, "version: is no version"),
        ({"version": datetime(2027, 1, 1)}, "version: is a time without a zone"),  # noqa: DTZ001
        ({"zone": "Nowhere"}, "zone: there is no time zone"),
        ({"title": "a\x1b[2J"}, "title: can't be shown"),
        ({"attributes": {"room": 5}}, "attributes.room: is int"),
        ({"late_for": timedelta(seconds=1)}, "late_for: is out of range"),
    ],
)
def test_an_event_that_makes_no_sense_is_refused_and_nothing_of_it_is_stored(
    calendar: Calendar, fields: dict[str, object], error: str
) -> None:
    with pytest.raises(Invalid) as told:
        calendar.event(**fields)  # type: ignore[arg-type]
    assert error in str(told.value)
    assert "0901000001" not in str(told.value)
    assert calendar.rows("SELECT 1 FROM event UNION ALL SELECT 1 FROM attendee") == []
