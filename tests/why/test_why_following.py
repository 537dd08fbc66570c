"""`why` tells what follows by itself, when and on what condition; and of one that was replaced, what stands there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.again.promises import correct, follow, last, put, turn
from tests.again.test_follow_ups import CALL, FAILED, pass_time
from tests.support import Bench, as_producer, otp
from tests.why.test_why import EN, VI, story
from worker import Retry, Sms, Ticket
from worker.catalogue.text import moment
from worker.cli import run
from worker.ledger.follow_ups import follow_none_of

FOLLOWED: dict[str, Any] = {"fallback": CALL, "fallback_after": "10m"}
ACCEPTED = {"status": "'accepted'", "accepted_at": "now()"}
UNCONFIRMED = {"status": "'unconfirmed'", "in_doubt_since": "now()"}
HELD = {"status": "'held'", "reason": "'test'"}


def due(bench: Bench, ticket: Ticket) -> datetime:
    with bench.database.begin() as session:
        asked = text("SELECT created_at + interval '10 minutes' FROM notification WHERE id = :id")
        found: datetime = session.execute(asked, {"id": ticket.id}).scalar_one()
    return found


def at(bench: Bench, when: datetime) -> str:
    """As it is told where the company is."""
    return moment(when, bench.settings.time_zone, EN)


def test_what_waits_is_told_with_the_call_that_takes_its_place_and_when(bench: Bench) -> None:
    ticket = bench.put(otp(), **FOLLOWED)
    told = story(bench, ticket)
    assert (
        told.then == f"If it is not delivered by {at(bench, due(bench, ticket))}, a call by template 9 takes its place"
    )
    assert told.next != "Nothing more happens by itself"
    vi = moment(due(bench, ticket), bench.settings.time_zone, VI)
    assert story(bench, ticket, VI).then == f"Nếu đến {vi} tin chưa đến nơi, cuộc gọi theo mẫu 9 sẽ thay thế"


def test_what_failed_is_followed_by_the_call_at_its_time_and_not_by_nothing(bench: Bench) -> None:
    ticket = bench.put(otp(), **FOLLOWED)
    bench.set(ticket, **FAILED)
    told = story(bench, ticket)
    assert told.next == "A call by template 9 takes its place, since it was not delivered"
    assert (told.next_at, told.then) == (due(bench, ticket), "")
    pass_time(bench)
    late = story(bench, ticket).next_at
    assert late is not None and late > due(bench, ticket)  # now, and not a time that has passed


@pytest.mark.parametrize(
    ("stands", "begins", "holds"),
    [
        (ACCEPTED, "If it is known by", "never while it may still arrive"),
        (
            {"status": "'unconfirmed'", "in_doubt_since": "now()"},
            "If it is known by",
            "never while it may still arrive",
        ),
        (HELD, "Only if a person says by", "never by itself"),
    ],
)
def test_what_may_still_arrive_is_followed_by_nothing_but_evidence_or_a_persons_word(
    bench: Bench, stands: dict[str, str], begins: str, holds: str
) -> None:
    ticket = bench.put(otp(), **FOLLOWED)
    bench.set(ticket, **stands)
    told = story(bench, ticket).then
    assert told.startswith(begins) and holds in told and at(bench, due(bench, ticket)) in told
    assert story(bench, ticket, VI).then not in ("", told)


def test_who_wants_it_twice_rather_than_never_is_told_so(bench: Bench) -> None:
    ticket = bench.put(otp(), **FOLLOWED, fallback_in_doubt=True)
    bench.set(ticket, **HELD)
    assert "also while it may still arrive, as its application asked" in story(bench, ticket).then


def test_when_it_is_sent_again_by_itself_and_how_often(bench: Bench) -> None:
    ticket = bench.put(otp(), retry_undelivered=Retry(times=2, wait="1h"))
    bench.set(ticket, **ACCEPTED)
    told = "If it turns out that it was not delivered, it is sent again 60 minutes later, 2 more time(s) at most"
    assert story(bench, ticket).then == told
    bench.set(ticket, **FAILED)
    failed = story(bench, ticket)
    assert failed.next == "It is sent again by itself, time 1 of 2"
    assert failed.next_at == bench.message(ticket)["settled_at"] + timedelta(hours=1)
    bench.set(ticket, status="'rejected'", code="'118'")
    assert story(bench, ticket).next == "Nothing more happens by itself"


def test_what_its_time_ends_before_it_would_be_sent_again_is_not_promised_that(bench: Bench) -> None:
    by = datetime.now(UTC) + timedelta(minutes=30)
    ticket = bench.put(otp(), retry_undelivered=Retry(times=2, wait="1h"), expires_at=by)
    bench.set(ticket, **FAILED)
    assert (story(bench, ticket).next, story(bench, ticket).then) == ("Nothing more happens by itself", "")
    with bench.database.begin() as session:
        session.execute(text("UPDATE notification SET expires_at = now()"))
    bench.set(ticket, settled_at="now() - interval '2 hours'")
    pass_time(bench)
    follow(bench)
    assert story(bench, ticket).then == "What was to follow it was too late: it does not come"


def test_of_both_the_earlier_comes_next_and_the_other_under_its_condition(bench: Bench) -> None:
    both = {"fallback": CALL, "fallback_after": "2h", "retry_undelivered": Retry(times=1, wait="1h")}
    ticket = bench.put(otp(), **both)
    bench.set(ticket, **FAILED)
    told = story(bench, ticket)
    assert told.next == "It is sent again by itself, time 1 of 1"
    assert told.then.startswith("If it is not delivered by")
    pass_time(bench, 90)
    told = story(bench, ticket)
    assert (told.next, told.then) == ("A call by template 9 takes its place, since it was not delivered", "")


def test_what_was_to_follow_and_does_not_is_told_with_the_reason(bench: Bench) -> None:
    ticket = bench.put(otp(), **FOLLOWED)
    bench.set(ticket, status="'unknown'", settled_at="now()")
    pass_time(bench)
    follow(bench)
    told = story(bench, ticket)
    assert told.next == "Nothing more happens by itself"
    assert told.then == "It may have arrived, so nothing follows it by itself"


@pytest.mark.parametrize("status", ["delivered", "cancelled"])
def test_nothing_follows_what_arrived_or_was_called_back(bench: Bench, status: str) -> None:
    ticket = bench.put(otp(), **FOLLOWED)
    bench.set(ticket, status=f"'{status}'", settled_at="now()")
    told = story(bench, ticket)
    assert (told.next, told.then) == ("Nothing more happens by itself", "")


def test_what_was_called_off_is_promised_no_more(bench: Bench) -> None:
    ticket = put(bench)
    with bench.database.begin() as session:
        follow_none_of(session, [ticket.id], reason="the event was cancelled")
    assert (story(bench, ticket).next, story(bench, ticket).then) == ("Nothing more happens by itself", "")


def test_one_that_its_fallback_replaced_names_it_and_what_became_of_it(bench: Bench) -> None:
    ticket = put(bench)
    pass_time(bench)
    follow(bench)
    call = last(bench, ticket)
    turn(bench, call.id, "status = 'delivered', settled_at = now(), accepted_at = now()")
    told = story(bench, ticket)
    assert told.next == f"Its fallback (call by a template) is in its place: {call.id}: it arrived"
    assert told.remedy == f"Nothing here: see `esms-worker why {call.id}`."
    assert (told.next_at, told.then) == (None, "")
    assert f"{call.id}: đã đến nơi" in story(bench, ticket, VI).next


def test_what_came_in_anothers_place_says_so_and_by_whom_and_not_that_an_application_handed_it_over(
    bench: Bench,
) -> None:
    ticket = put(bench)
    correct(bench, ticket.id)
    second = last(bench, ticket)
    told = bench.notifier.reports.why(second.notification_id, language=EN).stories[0].steps[0].what
    assert told.startswith(f"lan had this SMS sent in the place of {bench.message(ticket)['id']}")
    assert "handed" not in told
    other = put(bench, reference="other")
    pass_time(bench)
    follow(bench)
    call = last(bench, other)
    told = bench.notifier.reports.why(call.notification_id, language=EN).stories[0].steps[0].what
    assert told.startswith(f"This call by a template was made as the fallback of {bench.message(other)['id']}")


def test_one_that_was_corrected_twice_names_the_first_the_last_and_by_whom(bench: Bench) -> None:
    ticket = put(bench)
    correct(bench, ticket.id)
    first = last(bench, ticket)
    turn(bench, first.id, "status = 'undelivered', settled_at = now(), accepted_at = now()")
    correct(bench, first.id, content="Ma: 3")
    second = last(bench, ticket)
    assert story(bench, ticket).next == (
        f"lan had another one sent in its place: {first.id}: it did not arrive. "
        f"In the place of that one by now is {second.id}: waits to be sent"
    )
    assert story(bench, ticket).remedy.endswith(f"{second.id}`.")
    new = bench.notifier.reports.why(second.notification_id, language=EN).stories[0]
    assert new.then.startswith("If it is not delivered by")  # what it took over


def test_the_command_tells_it_on_a_line_of_its_own(
    bench: Bench, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", as_producer(database_url))
    ticket = bench.put(Sms(to="0901000001", content="Hen", sms_type=8), **FOLLOWED)
    assert run(["why", str(ticket.id), "--lang", "en"]) == 0
    assert "Then: If it is not delivered by" in capsys.readouterr().out
    put(bench)
    assert run(["why", "--to", "0901000001", "--lang", "vi", "--json"]) == 0
    assert "sẽ thay thế" in capsys.readouterr().out
