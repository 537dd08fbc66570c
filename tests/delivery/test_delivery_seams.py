"""Where two mechanisms meet: a trial and an empty lane, a trial and a person, a retry and what was heard before it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.support import HTTP_CALL, Bench, eventually, otp
from worker import Sms, Ticket, ledger
from worker.evidence import Evidence
from worker.ledger import Look, Outcome
from worker.ledger.opt_out import opt_out
from worker.lifecycle import Lane, Status
from worker.maintenance import probe_pauses

SEND = "SendMultipleMessage_V4_get"
LEASE = timedelta(minutes=1)


def allow_trial(bench: Bench, lane: Lane, code: str | None = "103") -> None:
    with bench.database.begin() as session:
        ledger.pause(session, lane, "test", code=code)
        ledger.allow_trial(session, ledger.paused(session)[0].id)


def trials(bench: Bench, lane: Lane) -> int:
    with bench.database.begin() as session:
        return len(ledger.claim_trial(session, lane, lease=LEASE))


def probe(bench: Bench) -> None:
    with bench.database.begin() as session:
        session.execute(text("UPDATE pause SET probe_at = now()"))
    probe_pauses(bench.database, bench.client, bench.pace)


# A trial...


def test_a_trial_is_not_spent_while_there_is_nothing_to_try(bench: Bench) -> None:
    """The next probe may be half an hour away, and a code lives for ten minutes."""
    allow_trial(bench, Lane.URGENT)
    assert trials(bench, Lane.URGENT) == 0
    bench.put()
    assert trials(bench, Lane.URGENT) == 1


def test_a_trial_is_not_spent_on_who_opted_out(bench: Bench) -> None:
    first = bench.put(Sms(to="0901000001", content="Chuc mung", sms_type=4), purpose="reminder")
    with bench.database.begin() as session:
        opt_out(session, ["+84901000001"], "person")
    bench.set(first, status="'queued'", settled_at="NULL")
    bench.put(Sms(to="0901000002", content="Don hang 7", sms_type=4))
    allow_trial(bench, Lane.NORMAL)
    bench.deliver()
    bench.deliver()
    assert bench.status(first) == "cancelled"
    assert len(bench.simulator.sends()) == 1


def test_a_person_who_pauses_a_lane_takes_its_trial_away(bench: Bench) -> None:
    bench.put()
    allow_trial(bench, Lane.URGENT)
    with bench.database.begin() as session:
        assert ledger.pause(session, Lane.URGENT, "by a person", code=None)
    bench.deliver()
    assert bench.simulator.sends() == []


def test_a_probe_that_was_under_way_when_a_person_paused_the_lane_lets_nothing_go(bench: Bench) -> None:
    bench.put()
    allow_trial(bench, Lane.URGENT, code=None)
    bench.deliver()
    assert bench.simulator.sends() == []


def test_after_a_trial_whose_process_died_the_next_probe_lets_another_message_go(bench: Bench) -> None:
    bench.simulator.set(balance=-5000)
    dead, alive = bench.put(), bench.put(otp("0901000002"))
    allow_trial(bench, Lane.URGENT)
    assert trials(bench, Lane.URGENT) == 1
    with bench.database.begin() as session:
        session.execute(text("UPDATE message SET lease_until = now() - interval '1 second' WHERE status = 'sending'"))
    bench.look_after_ledger()
    assert {bench.status(dead), bench.status(alive)} == {"unconfirmed", "queued"}
    bench.simulator.set(postpaid=True)
    probe(bench)
    eventually(lambda: bench.deliver() or {bench.status(dead), bench.status(alive)} == {"accepted"})
    assert bench.simulator.ledger().twice() == {}
    assert len(bench.simulator.ledger().sms) == 2


def test_a_trial_takes_no_message_of_a_paused_campaign(bench: Bench) -> None:
    bench.put(campaign="sale")
    with bench.database.begin() as session:
        ledger.pause_campaign(session, "sale", "test")
    allow_trial(bench, Lane.URGENT)
    assert trials(bench, Lane.URGENT) == 0


# RequestIds...


@pytest.mark.parametrize("remember", [True, False])
def test_what_was_too_fast_goes_out_though_esms_remembers_refused_request_ids(bench: Bench, remember: bool) -> None:
    bench.simulator.set(a_second=20, remember_refused=remember)
    bench.notifier.enqueue_many(otp(f"09010{number}") for number in range(10100, 10150))
    eventually(lambda: bench.deliver() or len(bench.simulator.ledger().sms) == 50)
    assert bench.simulator.stats()["answers"]["160"] > 0
    assert bench.simulator.ledger().twice() == {}


# A retry...


@pytest.mark.parametrize("heard", ["ABSENT_SLOW", "NOT_ARRIVED"])
def test_nothing_that_was_heard_of_the_former_attempt_speaks_for_the_next(bench: Bench, heard: str) -> None:
    """Else one look that misses it is the second one at once."""
    ticket = bench.put(Sms(to="0901000001", content="Giam gia", sms_type=3))
    [claim] = bench.claim()
    bench.set(ticket, status="'held'", lease_until="NULL", heard=f"'{heard}'", heard_since="now() - interval '2 days'")
    with bench.database.begin() as session:
        assert ledger.resolve(session, claim.fences[0].id, Status.QUEUED, "test", bench.settings.horizons)
    bench.claim()
    no_more(bench, ticket)
    assert looked_for(bench, ticket, Evidence.ABSENT_SLOW) == "unconfirmed"


def test_nothing_that_was_heard_before_an_answer_came_late_speaks_for_the_next_attempt(bench: Bench) -> None:
    ticket = bench.put()
    [claim] = bench.claim()
    no_more(bench, ticket)
    bench.set(ticket, heard="'ABSENT'", heard_since="now() - interval '2 days'")
    not_taken = Outcome(claim=claim, status=Status.QUEUED, wait=timedelta(0), http_call=HTTP_CALL)
    with bench.database.begin() as session:
        assert ledger.record(session, [not_taken])
    bench.claim()
    no_more(bench, ticket)
    assert looked_for(bench, ticket, Evidence.ABSENT) == "unconfirmed"


def no_more(bench: Bench, ticket: Ticket) -> None:
    """Who was to send it died."""
    bench.set(ticket, lease_until="now() - interval '1 second'")
    bench.look_after_ledger()


def looked_for(bench: Bench, ticket: Ticket, evidence: Evidence) -> str:
    """What it comes to by one look."""
    bench.set(ticket, in_doubt_since="now() - interval '25 hours'", due_at="now()")
    with bench.database.begin() as session:
        [lost] = ledger.claim_lost(session, most=9, lease=LEASE, window=timedelta(hours=24))
        ledger.looked(session, [Look(lost=lost, evidence=evidence, reason="test", again_after=timedelta(hours=1))])
    return bench.status(ticket)


# What is in doubt...


@pytest.mark.parametrize("plot", ["hang", "reset", "http_5xx_taken", "no_id"])
def test_an_sms_to_the_sandbox_whose_answer_is_lost_ends_sandboxed_all_the_same(bench: Bench, plot: str) -> None:
    bench.simulator.set(plots={"0901000100": plot})
    ticket = bench.put(replace(otp("0901000100"), sandbox=True))
    eventually(lambda: bench.deliver() or bench.status(ticket) not in {"queued", "unconfirmed"})
    bench.poll()
    assert bench.status(ticket) == "sandboxed"
    assert bench.simulator.ledger().twice() == {}


@pytest.mark.parametrize("code", ["code_160", "code_103", "code_101"])
def test_what_is_in_doubt_keeps_its_request_id_however_often_it_is_refused_for_now(bench: Bench, code: str) -> None:
    bench.simulator.set(plots={"0901000100": "hang_not_taken"})
    ticket = bench.put(otp("0901000100"))
    bench.deliver()
    asked = bench.message(ticket)["request_id"]
    bench.simulator.set(force={SEND: code})
    for asked_again in range(2, 5):
        with bench.database.begin() as session:
            ledger.lift(session, tuple(Lane), by="test")
        bench.set(ticket, due_at="now()")
        bench.deliver()
        message = bench.message(ticket)
        assert (message["status"], message["request_id"]) == ("unconfirmed", asked)
        assert len(message["requests"]) >= asked_again
    bench.simulator.set(force={})
    with bench.database.begin() as session:
        ledger.lift(session, tuple(Lane), by="test")
    bench.set(ticket, due_at="now()")
    eventually(lambda: bench.deliver() or bench.status(ticket) == "accepted")
    assert [send["request_id"] for send in bench.simulator.sends()] == [asked]


def test_advertising_that_was_too_fast_goes_out_once_under_other_request_ids(bench: Bench) -> None:
    many = [f"09010{number}" for number in range(10100, 10150)]
    ticket = bench.put(Sms(to=many, content="Giam gia", sms_type=1))
    bench.simulator.set(force={SEND: "code_160"})
    bench.deliver()
    refused = {message["request_id"] for message in bench.messages(ticket)}
    assert (refused, bench.standing(ticket.id)) == ({None}, {Status.QUEUED: 50})
    bench.simulator.set(force={})
    eventually(lambda: bench.deliver() or bench.standing(ticket.id) == {Status.ACCEPTED: 50})
    [request_id] = {message["request_id"] for message in bench.messages(ticket)}
    assert request_id.endswith("-1")
    assert bench.simulator.ledger().twice() == {}


def test_a_late_answer_to_a_trial_settles_it_and_sends_nothing_again(bench: Bench) -> None:
    ticket = bench.put()
    allow_trial(bench, Lane.URGENT)
    with bench.database.begin() as session:
        [claim] = ledger.claim_trial(session, Lane.URGENT, lease=LEASE)
    bench.set(ticket, lease_until="now() - interval '1 second'")
    bench.look_after_ledger()
    assert bench.status(ticket) == "unconfirmed"
    bench.deliver()
    assert bench.simulator.sends() == []  # its lane is paused
    with bench.database.begin() as session:
        ledger.record(session, [Outcome(claim=claim, status=Status.ACCEPTED, sms_id="1", poll_wait=LEASE)])
    assert bench.status(ticket) == "accepted"
