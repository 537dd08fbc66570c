"""Where two mechanisms meet: a trial and an empty lane, a trial and a person, a retry and what was heard before it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.support import Bench, eventually, otp
from worker import Sms, ledger
from worker.evidence import Evidence
from worker.ledger import Look
from worker.ledger.opt_out import opt_out
from worker.lifecycle import Lane, Status
from worker.maintenance import probe_pauses

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
    bench.keep_house()
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
        assert ledger.resolve(session, claim.fences[0].id, Status.QUEUED, "again", bench.settings.horizons)
    bench.claim()
    bench.set(ticket, lease_until="now() - interval '1 second'")
    bench.keep_house()
    bench.set(ticket, in_doubt_since="now() - interval '25 hours'", due_at="now()")
    with bench.database.begin() as session:
        [lost] = ledger.claim_lost(session, most=9, lease=LEASE, window=timedelta(hours=24))
        look = Look(lost=lost, evidence=Evidence.ABSENT_SLOW, reason="absent", again_after=timedelta(hours=1))
        ledger.looked(session, [look])
    assert bench.status(ticket) == "unconfirmed"
