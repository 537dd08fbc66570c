"""Where a reminder did not arrive: what its rule or event says follows, once, and not after its time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from tests.reminders.conftest import calendar
from tests.reminders.office import Calendar, at
from worker import again
from worker.errors import Invalid
from worker.ledger.contacts import remove
from worker.ledger.templates import StoredTemplate, add_template
from worker.lifecycle import Kind
from worker.reminders import Attendee, Channel, Recurring

__all__ = ["calendar"]

CALLED = Channel(fallback_template="call", fallback_after="30m", retry_undelivered="1x2h")


@pytest.fixture(autouse=True)
def _call_template(calendar: Calendar) -> None:
    template = StoredTemplate(
        name="call", kind=Kind.TEMPLATE_CALL, template_id="9", variables=["{name}", "{attr.room}"]
    )
    with calendar.database.begin() as session:
        add_template(session, template)


def fail_and_follow(calendar: Calendar, minutes: int = 31) -> None:
    """It was not delivered, and time passes."""
    calendar.execute("UPDATE message SET status = 'undelivered', settled_at = now() WHERE status = 'queued'")
    wait(calendar, minutes)


def wait(calendar: Calendar, minutes: int = 31) -> None:
    calendar.execute(f"UPDATE notification SET send_date = now() - interval '{minutes} minutes'")
    calendar.execute("UPDATE follow_up SET due_at = now() WHERE due_at IS NOT NULL")
    again.follow(calendar.database, calendar.settings)


def calls(calendar: Calendar) -> list[Any]:
    return calendar.rows(
        "SELECT m.phone, m.status, m.expires_at, n.options, n.purpose FROM message AS m "
        "JOIN notification AS n ON n.id = m.notification_id WHERE m.lane = 'voice'"
    )


def reminded(calendar: Calendar, **columns: Any) -> None:
    """Lan has her birthday, by a rule with a fallback."""
    calendar.contact("Lan", "2000-03-01", attributes={"room": "201"}, **columns)
    calendar.birthdays(channel=CALLED)
    calendar.tick("2027-03-01 08:00")
    calendar.execute("UPDATE notification SET expires_at = now() + interval '2 hours'")  # today's, whenever that is


def test_a_rules_fallback_follows_once_with_this_persons_words_and_the_reminders_end(calendar: Calendar) -> None:
    reminded(calendar)
    for _ in range(2):
        fail_and_follow(calendar)
        calendar.tick()
    [call] = calls(calendar)
    assert (call.options["variables"], call.purpose) == (["Nguyen Van Lan", "201"], "reminder")
    assert call.expires_at == calendar.rows("SELECT expires_at FROM notification")[0].expires_at
    assert len(calendar.rows("SELECT FROM occurrence")) == 1


def test_no_fallback_goes_out_after_the_reminders_time(calendar: Calendar) -> None:
    reminded(calendar)
    calendar.execute("UPDATE notification SET expires_at = now() - interval '1 second'")
    fail_and_follow(calendar)
    assert calls(calendar) == []
    assert calendar.rows("SELECT outcome FROM follow_up")[0].outcome == "too late"


def test_who_lacks_what_the_fallback_says_gets_the_first_alone(calendar: Calendar) -> None:
    calendar.contact("Lan", "2000-03-01")
    calendar.birthdays(channel=CALLED)
    calendar.tick("2027-03-01 08:00")
    fail_and_follow(calendar)
    assert (calls(calendar), len(calendar.sent())) == ([], 1)


@pytest.mark.parametrize("change", ["paused", "removed", "contact"])
def test_what_is_called_off_is_not_followed_and_what_followed_and_waits_is_called_back(
    calendar: Calendar, change: str
) -> None:
    reminded(calendar)
    fail_and_follow(calendar)
    calendar.execute("UPDATE follow_up SET due_at = now()")
    if change == "contact":
        with calendar.database.begin() as session:
            remove(session, session.scalars(text("SELECT id FROM contact")).all())
    else:
        (calendar.pause if change == "paused" else calendar.remove)("birthdays")
    assert calendar.rows("SELECT FROM follow_up WHERE due_at IS NOT NULL") == []
    assert [call.status for call in calls(calendar)] == ["cancelled"]


def test_a_changed_rule_lets_what_went_out_be_followed(calendar: Calendar) -> None:
    reminded(calendar)
    calendar.execute("UPDATE message SET status = 'undelivered', settled_at = now()")
    calendar.birthdays(replacing=True)
    wait(calendar)
    assert len(calls(calendar)) == 1


def test_an_event_that_was_cancelled_is_not_followed(calendar: Calendar) -> None:
    calendar.now = at("2027-02-01 08:00")
    guest = Attendee(key="lan", phone="0901000001", attributes={"room": "1"}, name="Lan")
    calendar.event(channel=CALLED, attendees=[guest])
    calendar.tick("2027-02-28 14:00")
    calendar.execute("UPDATE message SET status = 'undelivered', settled_at = now()")
    calendar.cancel()
    wait(calendar)
    assert calls(calendar) == []


def test_an_event_is_not_followed_by_a_call_that_is_an_sms(calendar: Calendar) -> None:
    calendar.now = at("2027-02-01 08:00")
    wrong = Channel(fallback_template="wish", fallback_after="30m", fallback_kind=Kind.TEMPLATE_CALL)
    with pytest.raises(Invalid, match="'wish' is a template of sms, not of template_call"):
        calendar.event(channel=wrong)
    calendar.event(channel=replace(wrong, fallback_template="call"))


@pytest.mark.parametrize(
    ("channel", "told"),
    [
        (Channel(fallback_template="none", fallback_after="30m"), "template: there is none called 'none'"),
        (Channel(fallback_template="wish", fallback_after="30m"), "fallback_template: is the reminder's own"),
        (Channel(fallback_template="call"), "fallback_after: is missing"),
        (Channel(fallback_kind="sms"), "fallback_template: is missing"),
        (
            Channel(fallback_template="call", fallback_after="30m", fallback_kind="sms"),
            "fallback_template: 'call' is a template of template_call, not of sms",
        ),
        (
            Channel(fallback_template="call", fallback_after="30m", fallback_kind="letter"),
            "fallback_kind: 'letter' is not known",
        ),
        (
            Channel(fallback_template="call", fallback_after="3h"),
            "fallback_after: is later than the reminder may go out",
        ),
        (Channel(fallback_after="30m"), "fallback_template: is missing"),
        (
            Channel(fallback_template="call", fallback_after="30m", fallback_in_doubt="yes"),  # type: ignore[arg-type]
            "fallback_in_doubt: is str, not a truth value",
        ),
        (Channel(retry_undelivered="99x1h"), "retry_undelivered: is out of range"),
        (Channel(retry_undelivered="2x1y"), "retry_undelivered: is no amount of time"),
    ],
)
def test_what_a_rule_can_not_let_follow_is_one_clear_line(calendar: Calendar, channel: Channel, told: str) -> None:
    with pytest.raises(Invalid, match=told):
        calendar.add(Recurring(name="r", template="wish", rrule="FREQ=DAILY", channel=channel))
