"""Once, whatever happens: many beats, crashes, a beat that was down, clocks that jump, rules edited while they fire."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from tests.reminders.office import AHEAD, Calendar, at, guests
from tests.support import Bench
from worker import telemetry
from worker.intake import Enqueue
from worker.ledger.contacts import StoredContact, upsert
from worker.ledger.opt_out import opt_out
from worker.ledger.reminder_failures import failing
from worker.ledger.reminder_rules import FRONT, find_rule, take_rule
from worker.ledger.templates import remove_template
from worker.reminders import Anniversary, Attendee, Recurring, Scheduler, scheduler


def people(calendar: Calendar, count: int, **columns: object) -> None:
    """So many people born on 1 March, each with a number of its own."""
    given = {"birth_day": 301, "birth_date": "1990-03-01", "name": "Lan"} | columns
    rows = [
        StoredContact(source="hr", key=f"p{place}", values={"phones": [f"+8491{place:07}"]} | given)
        for place in range(count)
    ]
    with calendar.database.begin() as session:
        upsert(session, rows)


class Crash(Exception):
    """The process dies here."""


class Crashing(Scheduler):
    """Puts requests, and dies at the given call, before the commit."""

    def __init__(self, calendar: Calendar, call: int) -> None:
        super().__init__(calendar.database, calendar.settings, ahead=AHEAD, now=calendar.now)
        self.calls, self.call = 0, call

    def _put(self, session: Session, requests: Sequence[Enqueue], now: datetime) -> list[Any]:
        answers = super()._put(session, requests, now)
        self.calls += 1
        if self.calls == self.call:
            session.connection().invalidate()  # as kill -9 does it: no rollback is said, the server finds out
            raise Crash
        return answers


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "BATCH", 10)


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("call", [1, 2, 4])
def test_a_crash_between_batches_goes_on_where_it_was(calendar: Calendar, call: int) -> None:
    people(calendar, 35)
    calendar.birthdays()
    calendar.now = at("2027-03-01 08:00")
    maker = Crashing(calendar, call)
    maker.run()
    assert maker.calls == call
    assert len(calendar.sent()) == 10 * (call - 1)
    assert calendar.tick().made == 35 - 10 * (call - 1)
    assert set(calendar.sent().values()) == {1}
    assert len(calendar.sent()) == 35


@pytest.mark.usefixtures("small_batches")
def test_ten_beats_at_once_make_each_exactly_once(calendar: Calendar) -> None:
    people(calendar, 95)
    for place in range(3):
        calendar.birthdays(name=f"rule {place}")
        calendar.event(f"m{place}", starts="2027-03-01 09:00", attendees=guests(25))
    calendar.now = at("2027-03-01 08:00")
    makers = [calendar.maker() for _ in range(10)]
    threads = [Thread(target=maker.run) for maker in makers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    calendar.tick()
    made = calendar.rows("SELECT owner_id, occasion, before, recipient FROM occurrence WHERE state = 'made'")
    assert len(made) == len(set(made)) == 3 * 95 + 3 * 25
    assert calendar.sent().total() == 3 * 95 + 3 * 25
    assert not any(maker._broken for maker in makers)


def test_a_rule_that_somebody_works_on_is_nobody_elses_and_an_edit_waits(calendar: Calendar) -> None:
    calendar.birthdays()
    until = at("2027-03-01 08:00")
    with calendar.database.begin() as one, calendar.database.begin() as other:
        assert take_rule(one, until=until, after=FRONT, besides=[]) is not None
        assert take_rule(other, until=until, after=FRONT, besides=[]) is None
        other.execute(text("SET LOCAL lock_timeout = '50ms'"))
        with pytest.raises(OperationalError, match="lock timeout"):
            find_rule(other, "birthdays", lock=True)
        other.rollback()


def test_ticks_that_find_nothing_new_make_nothing(calendar: Calendar) -> None:
    people(calendar, 3)
    calendar.birthdays()
    for minute in range(45, 60):
        calendar.tick(f"2027-03-01 07:{minute}")
    assert set(calendar.sent().values()) == {1}


# Late...


def test_a_beat_that_was_down_until_noon_sends_the_days_wishes_late(calendar: Calendar) -> None:
    lan = calendar.contact("Lan", born="1990-03-01")
    calendar.birthdays()
    calendar.tick("2027-03-01 12:00")
    assert calendar.dates(lan) == ["2027-03-01 08:00"]
    [row] = calendar.rows("SELECT expires_at FROM message")
    assert row.expires_at == at("2027-03-01 20:00")


def test_after_the_limit_it_is_skipped_and_reported_and_never_silently_gone(
    calendar: Calendar,
) -> None:
    calendar.contact("Lan", born="1990-03-01")
    calendar.birthdays()
    total = calendar.tick("2027-03-01 20:00")
    assert calendar.sent() == Counter()
    assert calendar.made() == [("Lan", "2027-03-01", "skipped")]
    assert total.skipped == {"too late: it could not be made in time": 1}


def test_a_beat_that_was_down_for_a_week_leaves_a_row_for_everybody(calendar: Calendar) -> None:
    for day in range(1, 8):
        calendar.contact(f"born {day}", born=f"1990-03-0{day}")
    calendar.birthdays()
    calendar.tick("2027-03-07 09:00")
    states = {key: state for key, _, state in calendar.made()}
    assert states == {f"born {day}": "skipped" for day in range(1, 7)} | {"born 7": "made"}


def test_a_clock_that_goes_back_makes_nothing_again(calendar: Calendar) -> None:
    people(calendar, 3)
    calendar.birthdays()
    for moment in ("2027-03-01 08:00", "2027-02-28 08:00", "2027-03-01 07:55", "2027-03-01 08:10"):
        calendar.tick(moment)
    assert set(calendar.sent().values()) == {1}
    assert len(calendar.sent()) == 3


# Edited...


def test_a_rule_moved_to_a_later_hour_after_it_fired_owes_the_day_nothing(calendar: Calendar) -> None:
    lan = calendar.contact("Lan", born="1990-03-01")
    calendar.birthdays()
    calendar.tick("2027-03-01 08:00")
    calendar.set_sending()
    calendar.add(Anniversary(name="birthdays", template="wish", at=time(9)), replacing=True)
    calendar.tick("2027-03-01 09:00")
    assert calendar.dates(lan) == ["2027-03-01 08:00"]


@pytest.mark.usefixtures("small_batches")
def test_a_rule_edited_half_way_through_doubles_and_loses_nobody(calendar: Calendar) -> None:
    people(calendar, 35)
    calendar.birthdays()
    calendar.now = at("2027-03-01 07:50")
    Crashing(calendar, 3).run()
    calendar.set_sending("(SELECT id FROM message ORDER BY id LIMIT 5)")
    calendar.template("other", "Mung {name}")
    change = calendar.add(Anniversary(name="birthdays", template="other", at=time(7)), replacing=True)
    assert (change.recalled, change.too_late) == (15, 5)
    calendar.tick()
    assert calendar.sent().total() == len(calendar.sent()) == 35
    assert Counter(calendar.texts()) == {"Chuc mung sinh nhat Lan!": 5, "Mung Lan": 30}


def test_a_rule_moved_back_before_what_is_queued_goes_out_serves_the_day(calendar: Calendar) -> None:
    lan = calendar.contact("Lan", born="1990-03-01")
    calendar.birthdays()
    calendar.tick("2027-03-01 07:50")
    calendar.add(Anniversary(name="birthdays", template="wish", at=time(7)), replacing=True)
    calendar.tick("2027-03-01 07:51")
    assert calendar.dates(lan) == ["2027-03-01 07:00"]


def test_a_rule_moved_to_an_hour_that_has_passed_today_still_serves_today(calendar: Calendar) -> None:
    lan = calendar.contact("Lan", born="1990-03-01")
    calendar.birthdays()
    calendar.tick("2027-03-01 07:30")
    calendar.add(Anniversary(name="birthdays", template="wish", at=time(7)), replacing=True)
    calendar.tick("2027-03-01 07:31")
    assert calendar.dates(lan) == ["2027-03-01 07:00"]


def test_an_hourly_rule_moved_by_half_an_hour_does_not_make_up_for_the_morning(calendar: Calendar) -> None:
    lan = calendar.contact("Lan")
    calendar.now = at("2027-03-01 06:00")
    calendar.add(Recurring(name="hourly", template="wish", cron="0 * * * *"))
    calendar.tick("2027-03-01 07:05")
    calendar.add(Recurring(name="hourly", template="wish", cron="30 * * * *"), replacing=True)
    calendar.tick("2027-03-01 07:31")
    assert calendar.dates(lan) == ["2027-03-01 07:00", "2027-03-01 07:30"]


def test_the_same_rule_again_changes_nothing(calendar: Calendar) -> None:
    people(calendar, 2)
    calendar.birthdays()
    calendar.add(Recurring(name="daily", template="wish", rrule="FREQ=DAILY"))
    calendar.tick("2027-03-01 07:50")
    for change in (
        calendar.birthdays(replacing=True),
        calendar.add(Recurring(name="daily", template="wish", rrule="FREQ=DAILY"), replacing=True),
    ):
        assert (change.recalled, change.too_late, change.rule.version) == (0, 0, 1)


def test_a_new_rule_does_not_make_up_for_the_morning(calendar: Calendar) -> None:
    people(calendar, 2)
    calendar.now = at("2027-03-01 08:30")
    calendar.birthdays()
    calendar.tick("2027-03-01 08:31")
    assert calendar.made() == []


def test_a_paused_rule_sends_nothing_and_a_resumed_one_what_is_not_too_late(calendar: Calendar) -> None:
    lan, mai = calendar.contact("Lan", born="1990-03-01"), calendar.contact("Mai", born="1990-03-05")
    calendar.birthdays()
    calendar.tick("2027-03-01 07:50")
    assert calendar.pause("birthdays").recalled == 1
    calendar.tick("2027-03-01 09:00")
    assert calendar.sent() == Counter()
    calendar.resume("birthdays")
    calendar.tick("2027-03-01 09:01")
    assert calendar.sent() == {lan: 1}
    calendar.set_sending()
    calendar.pause("birthdays")
    calendar.now = at("2027-03-05 21:00")
    change = calendar.resume("birthdays")
    assert change.passed == 4
    calendar.tick()
    assert calendar.sent() == {lan: 1}
    assert calendar.tick("2028-03-05 08:00").made == 1
    assert calendar.sent()[mai] == 1


def test_a_removed_rule_calls_back_what_is_queued(calendar: Calendar) -> None:
    people(calendar, 3)
    calendar.birthdays()
    calendar.tick("2027-03-01 07:50")
    assert calendar.remove("birthdays").recalled == 3
    assert calendar.sent() == Counter()
    assert calendar.tick("2028-03-01 08:00").made == 0


def test_a_number_changed_in_time_counts(calendar: Calendar) -> None:
    calendar.contact("Lan", born="1990-03-01")
    calendar.birthdays()
    with calendar.database.begin() as session:
        upsert(session, [StoredContact(source="hr", key="Lan", values={"phones": ["+84909999999"]})])
    calendar.tick("2027-03-01 08:00")
    assert calendar.sent() == {"+84909999999": 1}


def test_a_contact_removed_and_imported_again_gets_no_second_wish(calendar: Calendar) -> None:
    calendar.contact("Lan", born="1990-03-01", phones=["+84909999999"])
    calendar.birthdays()
    calendar.tick("2027-03-01 08:00")
    calendar.set_sending()
    calendar.execute("DELETE FROM contact")
    calendar.contact("Lan", born="1990-03-01", phones=["+84909999999"])
    calendar.add(Anniversary(name="birthdays", template="wish", at=time(9)), replacing=True)
    calendar.tick("2027-03-01 09:00")
    assert calendar.sent() == {"+84909999999": 1}


# Who opted out...


def test_who_opted_out_gets_nothing_by_contact_or_by_number(calendar: Calendar) -> None:
    lan, mai = calendar.contact("Lan", born="1990-03-01"), calendar.contact("Mai", born="1990-03-01")
    with calendar.database.begin() as session:
        opt_out(session, [lan], "shop")
    calendar.birthdays()
    calendar.event(starts="2027-03-01 09:00", attendees=[_guest(lan), _guest(mai)])
    calendar.tick("2027-03-01 08:00")
    assert calendar.sent() == {mai: 2}
    assert calendar.reasons()["opted out"] == 1


def test_who_opts_out_after_it_was_made_gets_nothing(calendar: Calendar) -> None:
    lan = calendar.contact("Lan", born="1990-03-01")
    calendar.birthdays()
    calendar.tick("2027-03-01 07:50")
    with calendar.database.begin() as session:
        assert opt_out(session, [lan], "shop") == 1
    calendar.tick("2027-03-01 08:00")
    assert calendar.sent() == Counter()


def _guest(number: str) -> Attendee:
    return Attendee(key=number[-4:], phone=number)


def test_a_retry_leaves_reminders_whose_time_has_passed_and_says_how_many(calendar: Calendar, bench: Bench) -> None:
    people(calendar, 3)
    calendar.birthdays()
    calendar.tick("2027-03-01 08:00")
    calendar.execute("UPDATE message SET status = 'undelivered', settled_at = now()")
    passed = "UPDATE notification SET expires_at = now() - interval '60 days' WHERE id IN (SELECT id FROM notification"
    calendar.execute(f"{passed} ORDER BY id LIMIT 2)")
    decided = bench.notifier.retry_campaign("reminder:birthdays")
    assert (decided.moved, decided.late, dict(decided.others)) == (1, 2, {"undelivered": 2})
    [late, *_] = calendar.rows("SELECT notification_id AS id FROM message WHERE status = 'undelivered'")
    decided = bench.notifier.retry(late.id)
    assert (decided.moved, decided.late) == (0, 1)


# One that can't be made...


def test_one_rule_that_breaks_does_not_keep_the_others_from_being_made(calendar: Calendar) -> None:
    people(calendar, 3)
    calendar.birthdays(name="broken")
    calendar.birthdays(name="whole")
    calendar.execute("UPDATE reminder SET spec = '{}' WHERE name = 'broken'")
    assert calendar.tick("2027-03-01 08:00").made == 3


def test_one_that_fails_is_noted_with_its_place_in_the_code_until_it_succeeds(calendar: Calendar) -> None:
    facts: list[dict[str, Any]] = []
    telemetry.listen(lambda event, given: facts.append(given) if event == "reminders.failed" else None)
    people(calendar, 1)
    calendar.birthdays(name="broken")
    calendar.event("m1", starts="2027-03-02 08:00", template="wish")
    calendar.execute("UPDATE reminder SET spec = spec - 'at'")
    calendar.execute("UPDATE event SET offsets = '{nonsense}'")
    calendar.tick("2027-03-01 08:00")
    with calendar.database.begin() as session:
        noted = failing(session)
    assert {each.what for each in noted} == {"rule broken", "event m1 of clinic"}
    assert any(each.failure.startswith("KeyError at reminders/rules.py:") for each in noted)
    assert all(str(given["at"]).startswith("reminders/") for given in facts)
    assert len(facts) == 2
    calendar.execute('UPDATE reminder SET spec = spec || \'{"at": "08:00"}\'')
    calendar.execute("UPDATE event SET offsets = '{1d}'")
    calendar.tick("2027-03-01 08:01")
    with calendar.database.begin() as session:
        assert failing(session) == []


def test_a_rule_whose_template_is_gone_says_so_for_everybody(calendar: Calendar) -> None:
    people(calendar, 3)
    calendar.birthdays()
    with calendar.database.begin() as session:
        remove_template(session, "wish")
    assert calendar.tick("2027-03-01 08:00").skipped == {"there is no template 'wish'": 3}


# Clocks that change...


def test_a_time_in_a_gap_goes_out_after_it_and_one_that_comes_twice_once(calendar: Calendar) -> None:
    people(calendar, 1)
    calendar.add(
        Recurring(name="early", template="wish", cron="30 2 * * *", zone="Europe/Berlin", late_for=timedelta(hours=1))
    )
    calendar.now = datetime(2027, 3, 27, tzinfo=UTC)
    for hour in range(60):
        calendar.tick(datetime(2027, 3, 27, tzinfo=UTC) + timedelta(hours=hour))
    found = calendar.rows(
        "SELECT occurs_at FROM occurrence WHERE state = 'made' AND occurs_at > '2027-03-27 12:00Z' ORDER BY 1"
    )
    assert [row.occurs_at.astimezone(UTC) for row in found] == [
        datetime(2027, 3, 28, 1, tzinfo=UTC),  # 03:00, the first moment after the gap
        datetime(2027, 3, 29, 0, 30, tzinfo=UTC),
    ]
