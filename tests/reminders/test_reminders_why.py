"""Why somebody got none: the first thing that stands in the way, in words, for every way there is."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.reminders.office import VIETNAM, Calendar, at
from worker.ledger.contacts import by_keys, remove
from worker.ledger.opt_out import opt_out
from worker.ledger.reminder_rules import all_rules
from worker.lifecycle import ReminderKind
from worker.reminders import Attendee
from worker.reminders.why import Explanation, why, why_of


def ask(calendar: Calendar, key: str, day: str) -> list[Explanation]:
    with calendar.database.begin() as session:
        [contact] = by_keys(session, [key])
        rules = all_rules(session)
        numbers = list(contact.phones)
        return why_of(session, contact, numbers, rules, date.fromisoformat(day), zone=VIETNAM, now=calendar.now)


def only(answers: list[Explanation]) -> Explanation:
    [answer] = answers
    return answer


def test_who_got_one_is_told_which(calendar: Calendar) -> None:
    calendar.contact("Lan", born="1990-03-01")
    calendar.birthdays()
    calendar.tick("2027-03-01 08:00")
    answer = only(ask(calendar, "Lan", "2027-03-01"))
    assert (answer.of, answer.got, answer.status) == ("birthdays", None, "queued")
    [row] = calendar.rows("SELECT id FROM notification")
    assert answer.notification_id == row.id


@pytest.mark.parametrize(
    ("status", "columns", "got"),
    [
        ("accepted", "poll_at = now(), accepted_at = now()", None),
        ("unconfirmed", "in_doubt_since = now()", None),
        ("held", "", None),
        ("unknown", "", None),
        ("delivered", "", True),
        ("undelivered", "", False),
        ("rejected", "", False),
        ("cancelled", "", False),
        ("expired", "", False),
        ("sandboxed", "settled_at = now()", False),
    ],
)
def test_whether_somebody_got_it_is_told_by_the_status_of_its_message(
    calendar: Calendar, status: str, columns: str, got: bool | None
) -> None:
    calendar.contact("Lan", born="1990-03-01")
    calendar.birthdays()
    calendar.tick("2027-03-01 08:00")
    calendar.execute(f"UPDATE message SET status = '{status}'{', ' if columns else ''}{columns}")
    answer = only(ask(calendar, "Lan", "2027-03-01"))
    assert (answer.got, answer.status) == (got, status)
    assert answer.why.startswith(f"{status}: ")


def test_a_number_whose_contact_was_removed_is_still_told_what_was_sent_to_it(calendar: Calendar) -> None:
    lan = calendar.contact("Lan", born="1990-03-01")
    calendar.birthdays()
    calendar.tick("2027-03-01 08:00")
    calendar.set_sending()
    with calendar.database.begin() as session:
        [contact] = by_keys(session, ["Lan"])
        remove(session, [contact.id])
    with calendar.database.begin() as session:
        day = date(2027, 3, 1)
        answer = only(why(session, lan, source=None, rule=None, day=day, settings=calendar.settings))
    assert (answer.of, answer.got, answer.status) == ("birthdays", None, "sending")


@pytest.mark.parametrize(
    ("contact", "rule", "day", "words"),
    [
        ({"born": "1990-03-02"}, {}, "2027-03-01", "it is not their day: their birthday is 2/3"),
        ({}, {}, "2027-03-01", "the contact has no birthday"),
        ({"born": "1990-03-01"}, {"tags": ["vip"]}, "2027-03-01", "tagged vip, this one is not"),
        ({"born": "1990-03-01"}, {"source": "shop"}, "2027-03-01", "of source 'shop', this one is of 'hr'"),
        ({"born": "2000-02-29"}, {"feb29": "leap-years-only"}, "2027-02-28", "their birthday is 29/2"),
        ({"born": "1990-03-01", "phones": []}, {}, "2027-03-01", "skipped: phones: there is none"),
        ({"born": "1990-03-01", "name": ""}, {}, "2027-03-01", "skipped: first_name: has no value"),
        ({"born": "1990-03-01"}, {"kind": ReminderKind.DEATH}, "2027-03-01", "the contact has no day of death"),
        ({"born": "1990-03-01", "death_date": date(2020, 1, 1), "death_day": 101}, {}, "2027-03-01", "has died"),
        ({"born": "1990-03-05"}, {}, "2027-03-05", "it is still to come"),
    ],
)
def test_who_got_none_is_told_why(
    calendar: Calendar, contact: dict[str, Any], rule: dict[str, Any], day: str, words: str
) -> None:
    calendar.contact("Lan", **contact)
    calendar.birthdays(**rule)
    calendar.tick(f"{min(day, '2027-03-01')} 08:00")
    answer = only(ask(calendar, "Lan", day))
    assert words in answer.why
    assert not answer.got


def test_who_opted_out_was_paused_or_came_late_is_told_so(calendar: Calendar) -> None:
    lan = calendar.contact("Lan", born="1990-03-01")
    calendar.contact("Mai", born="1990-03-01")
    with calendar.database.begin() as session:
        opt_out(session, [lan], "shop")
    calendar.birthdays()
    calendar.now = at("2027-02-28 12:00")
    calendar.pause("birthdays")
    assert only(ask(calendar, "Lan", "2027-03-01")).why == "opted out"
    assert only(ask(calendar, "Mai", "2027-03-01")).why == "the rule is paused"
    calendar.resume("birthdays")
    calendar.tick("2027-03-01 21:00")
    assert only(ask(calendar, "Mai", "2027-03-01")).why == "skipped: too late: it could not be made in time"
    calendar.execute("UPDATE contact SET created_at = '2027-03-01 10:00+07'")
    calendar.contact("Hoa", born="1990-03-01")
    calendar.execute("UPDATE contact SET created_at = '2027-03-01 10:00+07'")
    assert only(ask(calendar, "Hoa", "2027-03-01")).why == "the contact was added after it had been made"


def test_events_answer_too(calendar: Calendar) -> None:
    calendar.contact("Lan", phones=["+84901000001"])
    calendar.event(attendees=[Attendee(key="1", phone="0901000001")])
    calendar.event("m2", starts="2027-03-01 16:00", attendees=[Attendee(key="1", contact="Lan", contact_source="hr")])
    calendar.tick("2027-02-28 14:00")
    calendar.cancel("m2")
    first, second = ask(calendar, "Lan", "2027-02-28")
    assert (first.of, first.got) == ("Kham rang (m1)", None)
    assert (second.of, second.why) == ("Kham rang (m2)", "the event was cancelled")
    assert [answer.why for answer in ask(calendar, "Lan", "2027-03-01")] == [
        "it is still to come", "the event was cancelled"
    ]  # fmt: skip


def test_what_is_still_to_come_is_not_told_as_a_no(calendar: Calendar) -> None:
    calendar.contact("Lan", born="1990-03-05")
    calendar.birthdays()
    calendar.tick("2027-03-01 08:00")
    answer = only(ask(calendar, "Lan", "2027-03-05"))
    assert (answer.got, answer.why) == (None, "it is still to come")
