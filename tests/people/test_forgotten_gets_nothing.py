"""Who was forgotten gets nothing more of what was handed over before, by whichever way it would have gone out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.again.promises import follow
from tests.again.test_correction_races import meanwhile
from tests.again.test_follow_ups import FAILED, pass_time
from tests.people.test_people import NUMBER, VIETNAM, care, failed_today, people
from tests.reminders.conftest import calendar
from tests.reminders.office import Calendar, at
from tests.support import Bench, eventually, somebody_waits
from worker import Corrected, Failed, RecordCall, Retry, TemplateCall, Ticket, again, ledger
from worker.again.steps import step
from worker.api.decisions import Answer
from worker.api.people import People
from worker.errors import Invalid
from worker.ledger import Left
from worker.lifecycle import Lane

__all__ = ["calendar", "people"]

E164 = "+84" + NUMBER[1:]
OTHER = "0901777001"
CALL = TemplateCall(template_id="1001", variables=["1234"])
STUCK = {"status": "'unconfirmed'", "in_doubt_since": "now()", "attempts": "1", "due_at": "now()"}
IN_DOUBT = {"status": "'accepted'", "accepted_at": "now()", "sms_id": "'s1'", "attempts": "1"}


def forget(people: People) -> None:
    people.forget(NUMBER, by="test")


def reached(bench: Bench) -> list[str]:
    """What eSMS was asked to send to her, all that is queued having had its turn."""
    bench.look_after_ledger()
    with bench.database.begin() as session:
        session.execute(text("UPDATE message SET due_at = now() WHERE status IN ('queued', 'unconfirmed')"))
        ledger.find_missed_streams(session)
    bench.deliver()
    return [each["function"] for each in bench.simulator.sends() if E164[3:] in str(each["phones"])]


def stands(bench: Bench) -> set[tuple[str, str | None]]:
    with bench.database.begin() as session:
        rows = session.execute(text("SELECT status, reason FROM message WHERE phone = :phone"), {"phone": E164})
        return {(row.status, row.reason) for row in rows}


def failed(bench: Bench, columns: dict[str, str] = FAILED, **besides: Any) -> Ticket:
    ticket = bench.put(care(), campaign="tet", **besides)
    if columns:
        bench.set(ticket, **columns)
    return ticket


# What goes on by itself...


@pytest.mark.parametrize(
    "columns",
    [FAILED, {}, IN_DOUBT, {"status": "'held'", "reason": "'test'"}],
    ids=["failed", "waits", "taken", "held"],
)
def test_a_fallback_that_was_promised_does_not_follow(bench: Bench, people: People, columns: dict[str, str]) -> None:
    ticket = failed(bench, columns, fallback=CALL, fallback_after="10m", fallback_in_doubt=True)
    forget(people)
    pass_time(bench)
    follow(bench)
    assert reached(bench) == []
    assert bench.message(ticket)["replaced_by"] is None
    told = bench.notifier.reports.why(str(ticket.id)).stories[0]
    assert told.then == "" or "forgotten" in told.then
    with bench.database.begin() as session:
        assert session.execute(text("SELECT due_at, outcome FROM follow_up")).one() == (None, "forgotten")


def test_what_was_not_delivered_is_not_sent_again_by_itself(bench: Bench, people: People) -> None:
    ticket = failed(bench, retry_undelivered=Retry(times=2, wait="1h"))
    forget(people)
    bench.set(ticket, settled_at="now() - interval '2 hours'")
    pass_time(bench, 70)
    follow(bench)
    assert reached(bench) == []


def test_what_was_under_way_and_fails_later_is_followed_by_nothing(bench: Bench, people: People) -> None:
    ticket = failed(bench, IN_DOUBT, fallback=CALL, fallback_after="10m", retry_undelivered=Retry(times=2, wait="1h"))
    forget(people)
    bench.set(ticket, status="'undelivered'", settled_at="now() - interval '2 hours'")
    pass_time(bench, 70)
    follow(bench)
    assert bench.notifier.again.retry(Failed(campaign="tet")).moved == 0
    assert reached(bench) == []


@pytest.mark.parametrize("which", ["a date", "a reminder"])
def test_what_waits_for_its_date_is_called_off(bench: Bench, people: People, which: str) -> None:
    besides: dict[str, Any] = {"purpose": "reminder"} if which == "a reminder" else {}
    ticket = bench.put(care(), send_date=datetime.now(VIETNAM) + timedelta(days=1), **besides)
    forget(people)
    assert reached(bench) == []
    assert stands(bench) == {("cancelled", "the recipient asked to be forgotten")}
    assert bench.status(ticket) == "cancelled"


# What a person asks for...


@pytest.mark.parametrize("corrected", [None, Corrected(content="Lan 2")], ids=["as it was", "corrected"])
@pytest.mark.parametrize("by", ["campaign", "id", "number"])
def test_nobody_sends_again_what_failed(bench: Bench, people: People, corrected: Corrected | None, by: str) -> None:
    ticket, other = failed(bench), bench.put(care(OTHER), campaign="tet")
    bench.set(other, **FAILED)
    forget(people)
    which = {"campaign": Failed(campaign="tet"), "id": Failed(ids=[ticket.id]), "number": Failed(to=NUMBER)}[by]
    others = 1 if by == "campaign" else 0
    foreseen = bench.notifier.again.foresee(which, corrected=corrected)
    assert (foreseen.messages, dict(foreseen.left)) == (others + 1, {Left.FORGOTTEN: 1})
    decided = bench.notifier.again.retry(which, corrected=corrected)
    assert (decided.moved, dict(decided.left)) == (others, {Left.FORGOTTEN: 1})
    assert reached(bench) == []
    assert len(bench.simulator.sends()) == others


def test_a_correction_to_another_number_of_hers_does_not_go(bench: Bench, people: People) -> None:
    ticket = failed(bench)
    forget(people)
    decided = bench.notifier.again.retry(Failed(ids=[ticket.id]), corrected=Corrected(to="0901777334"))
    assert decided.moved == 0


@pytest.mark.long
@pytest.mark.parametrize("corrected", [None, Corrected(content="Lan 2")], ids=["as it was", "corrected"])
def test_a_rerun_that_is_under_way_passes_her_by(bench: Bench, people: People, corrected: Corrected | None) -> None:
    failed_today(bench, [f"0901{n:03}777" for n in range(110)] + [NUMBER] * 5)
    since = datetime.now(VIETNAM) - timedelta(days=1)
    assert bench.notifier.again.retry(Failed(since=since), corrected=corrected).rest == 15
    forget(people)
    with bench.database.begin() as session:
        session.execute(text("UPDATE rerun SET state = 'going'"))
    while again.go_on(bench.database, bench.settings):
        pass
    assert reached(bench) == []
    assert len(bench.simulator.sends()) == 110


def test_what_is_held_is_not_sent_again_and_the_person_who_asks_is_told_why(bench: Bench, people: People) -> None:
    ticket = failed(bench, {"status": "'held'", "reason": "'test'", "in_doubt_since": "now()"})
    forget(people)
    id_ = bench.message(ticket)["id"]
    for dry_run in (True, False):
        with pytest.raises(Invalid, match="answer: would send it to somebody who asked to be forgotten"):
            bench.notifier.held.resolve(id_, Answer.SEND_AGAIN, dry_run=dry_run)
    assert bench.notifier.held.resolve_many(Answer.SEND_AGAIN, campaign="tet") == 0
    assert bench.notifier.held.resolve(id_, Answer.DROP) == "cancelled"
    assert reached(bench) == []


# What a worker has in hand...


def test_what_was_claimed_and_comes_back_unsent_does_not_go_out(bench: Bench, people: People) -> None:
    bench.put(care())
    claims = bench.claim(Lane.NORMAL)
    forget(people)
    with bench.workers.begin() as session:
        ledger.hand_back(session, claims)
    assert reached(bench) == []
    assert stands(bench) == {("cancelled", "the recipient asked to be forgotten")}


def test_what_is_in_doubt_is_looked_for_and_not_asked_for_once_more(bench: Bench, people: People) -> None:
    ticket = bench.put(care())
    bench.set(ticket, **STUCK, request_id="replace(id::text, '-', '')")
    forget(people)
    assert reached(bench) == []
    assert stands(bench) == {
        ("unconfirmed", "the recipient asked to be forgotten; whether eSMS took it before is looked for")
    }


def test_a_call_that_was_claimed_is_not_dialled(bench: Bench, people: People) -> None:
    bench.put(RecordCall(to=NUMBER, record_id="2001"))
    [claim] = bench.claim(Lane.VOICE)
    forget(people)
    with bench.workers.begin() as session:
        assert not ledger.intend(session, claim.fences)


# At the same moment...


@contextmanager
def beside(bench: Bench, people: People) -> Iterator[Session]:
    """A transaction that was there first, and is committed once the forgetting waits for it."""
    with meanwhile(bench, lambda: forget(people)) as (session, _):
        yield session


def follows(bench: Bench, session: Session) -> None:
    ledger.fall_back(session, ledger.due_follow_ups(session))


def corrects(bench: Bench, session: Session) -> None:
    chosen = ledger.Chosen(campaign="tet", generations=5)
    assert step(session, chosen, Corrected(content="Ma: one"), bench.settings, by="lan", most=10).moved == 1


def resends(bench: Bench, session: Session) -> None:
    chosen = ledger.Chosen(campaign="tet", generations=5)
    assert step(session, chosen, None, bench.settings, by="lan", most=10).moved == 1


@pytest.mark.parametrize("releases", [follows, corrects, resends])
def test_what_is_being_released_at_that_moment_is_called_off_too(
    bench: Bench, people: People, releases: Callable[[Bench, Session], None]
) -> None:
    failed(bench, fallback=CALL, fallback_after="10m")
    pass_time(bench)
    with beside(bench, people) as session:
        releases(bench, session)
    pass_time(bench)
    follow(bench)
    assert reached(bench) == []


@pytest.mark.parametrize("releases", [follows, corrects])
def test_who_comes_later_than_the_forgetting_finds_nothing_to_release(
    bench: Bench, people: People, releases: Callable[[Bench, Session], None]
) -> None:
    ticket = failed(bench, fallback=CALL, fallback_after="10m")
    pass_time(bench)
    forget(people)
    follow(bench)
    assert bench.message(ticket)["replaced_by"] is None


def test_a_reminder_that_is_being_made_at_that_moment_is_called_off_too(
    bench: Bench, people: People, calendar: Calendar, monkeypatch: pytest.MonkeyPatch
) -> None:
    calendar.contact("hoai", "1990-01-01", phones=[E164])
    calendar.birthdays()
    scheduler = calendar.maker()
    made = scheduler._make_rule

    def make_and_wait(session: Session, *rest: Any) -> Any:
        found = made(session, *rest)
        hands.submit(forget, people)
        eventually(lambda: somebody_waits(bench))
        return found

    with ThreadPoolExecutor(1) as hands:
        monkeypatch.setattr(scheduler, "_make_rule", make_and_wait)
        scheduler._now = at("2027-01-01 08:00")
        scheduler.run()
    assert calendar.made() != []
    assert reached(bench) == []


# What is new...


def test_what_an_application_hands_over_afterwards_goes_out(bench: Bench, people: People) -> None:
    failed(bench)
    forget(people)
    new = bench.put(care(content="Chao mung chi quay lai"), campaign="tet")
    assert len(reached(bench)) == 1
    bench.set(new, **FAILED)
    assert bench.notifier.again.retry(Failed(campaign="tet")).moved == 1
    assert len(reached(bench)) == 2


def test_all_is_counted_as_before_and_the_reason_is_told(bench: Bench, people: People) -> None:
    ticket = failed(bench, fallback=CALL, fallback_after="10m")
    forget(people)
    [story] = bench.notifier.reports.why(str(ticket.id)).stories
    assert story.status == "undelivered"
    assert "asked to be forgotten" in " ".join(step.what for step in story.steps)
    assert "forgotten" in story.then
    assert "Respect it" in story.remedy
