"""What a code of eSMS moves: only a documented refusal refuses, and one that nobody knows proves nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from tests import canary
from tests.support import Bench, eventually, otp
from worker import RecordCall, ledger
from worker.delivery.outcomes import ASKED_MOST
from worker.esms import Client, Credentials
from worker.lifecycle import Lane
from worker.maintenance import probe_pauses

NOBODY = "http://127.0.0.1:1/MainService.svc"
VOICE = "MakeCallRecord_V2"


def statuses(bench: Bench) -> dict[str, int]:
    with bench.database.begin() as session:
        rows = session.execute(text("SELECT status, count(*) AS messages FROM message GROUP BY status"))
        return {row.status: row.messages for row in rows}


def paused(bench: Bench) -> dict[Lane, str | None]:
    with bench.database.begin() as session:
        return {pause.lane: pause.code for pause in ledger.paused(session)}


def probe(bench: Bench) -> None:
    """Let every probe be due."""
    with bench.database.begin() as session:
        session.execute(text("UPDATE pause SET probe_at = now()"))
    probe_pauses(bench.database, bench.client, bench.pace)


# Codes that nobody has documented...


@pytest.mark.parametrize("code", ["0", "105", "199", "999"])
def test_an_undocumented_code_is_asked_about_a_few_times_and_then_held_with_the_code(bench: Bench, code: str) -> None:
    bench.simulator.set(plots={"0901000100": f"code_{code}"})
    ticket = bench.put(otp("0901000100"))
    eventually(lambda: bench.deliver() or bench.status(ticket) == "held")
    message = bench.message(ticket)
    assert message["code"] == code
    assert code in message["reason"]
    sends = [row for row in message["requests"] if row["function"] == "SendMultipleMessage_V4_get"]
    assert [row["outcome"] for row in sends] == ["unconfirmed"] * (ASKED_MOST - 1) + ["held"]
    assert bench.simulator.sends() == []


@pytest.mark.parametrize("code", ["0", "105", "199", "999"])
def test_what_was_taken_under_an_undocumented_code_goes_out_once(bench: Bench, code: str) -> None:
    bench.simulator.set(plots={"0901000100": f"code_{code}_taken"})
    ticket = bench.put(otp("0901000100"))
    eventually(lambda: bench.deliver() or bench.status(ticket) == "accepted")
    assert bench.simulator.ledger().sms == {("0901000100", "Ma: 1234"): 1}


def test_a_call_answered_by_an_undocumented_code_is_a_persons(bench: Bench) -> None:
    bench.simulator.set(force={VOICE: "code_199_taken"})
    ticket = bench.put(RecordCall(to="0901000100", record_id="2001"))
    bench.deliver()
    bench.look_after_ledger()
    bench.deliver()
    message = bench.message(ticket)
    assert (message["status"], message["code"]) == ("held", "199")
    assert "199" in message["reason"]
    assert bench.simulator.ledger().calls == {"0901000100": 1}


# Too many a second...


def test_more_a_second_than_esms_takes_are_sent_later_and_none_is_lost_or_doubled(bench: Bench) -> None:
    bench.simulator.set(a_second=20)
    bench.notifier.enqueue_many(otp(f"09010{number}") for number in range(10100, 10160))
    eventually(lambda: bench.deliver() or statuses(bench) == {"accepted": 60})
    assert bench.simulator.stats()["answers"]["160"] > 0
    assert len(bench.simulator.ledger().sms) == 60
    assert bench.simulator.ledger().twice() == {}


# A lane that only a message can try...


@pytest.fixture
def elsewhere(bench: Bench) -> Bench:
    """Calls are made at a base of their own, where nobody listens; three of five pause the lane."""
    bench.pace = replace(bench.pace, break_after=3, sends_in_flight=1)
    bench.client = Client(
        Credentials(canary.API_KEY, canary.SECRET_KEY),
        rest_url=bench.simulator.rest_url,
        voice_url=bench.simulator.voice_url.replace("127.0.0.1", "localhost"),
        read_timeout=1.0,
    )
    bench.sending = bench.client.open_exchange(1)
    bench.simulator.set(force={VOICE: "reset_taken"})
    bench.notifier.enqueue_many(RecordCall(to=f"09020{number}", record_id="2001") for number in range(10100, 10110))
    bench.deliver()
    assert paused(bench) == {Lane.VOICE: "unreachable"}
    return bench


def test_an_answer_of_the_sms_base_does_not_let_calls_go_into_silence(elsewhere: Bench) -> None:
    """Each of them would end held."""
    before = statuses(elsewhere)["queued"]
    for _ in range(2):
        probe(elsewhere)
        elsewhere.deliver()
        elsewhere.deliver()
        assert paused(elsewhere) == {Lane.VOICE: "unreachable"}
    assert statuses(elsewhere)["queued"] == before - 2


def test_one_call_that_gets_an_answer_lets_the_others_go(elsewhere: Bench) -> None:
    elsewhere.simulator.set(force={})
    probe(elsewhere)
    assert paused(elsewhere) == {Lane.VOICE: "unreachable"}
    eventually(lambda: elsewhere.deliver() or "queued" not in statuses(elsewhere))
    assert paused(elsewhere) == {}
    assert elsewhere.simulator.ledger().twice() == {}


def test_a_postpaid_account_goes_on_though_its_balance_never_rises_above_nothing(bench: Bench) -> None:
    bench.simulator.set(balance=-5000)
    bench.notifier.enqueue_many(otp(f"09010{number}") for number in range(10100, 10110))
    bench.deliver()
    assert paused(bench) == {Lane.URGENT: "103"}
    probe(bench)
    bench.deliver()
    assert paused(bench) == {Lane.URGENT: "103"}  # it was tried, and refused again
    assert statuses(bench) == {"queued": 10}
    bench.simulator.set(postpaid=True)
    probe(bench)
    eventually(lambda: bench.deliver() or statuses(bench) == {"accepted": 10})
    assert paused(bench) == {}


def test_of_many_processes_one_takes_the_trial_and_it_takes_one_message(bench: Bench) -> None:
    bench.notifier.enqueue_many(otp(f"09010{number}") for number in range(10100, 10110))
    with bench.database.begin() as session:
        ledger.pause(session, Lane.URGENT, "test", code="103")
        ledger.allow_trial(session, ledger.paused(session)[0].id)
    lease = timedelta(minutes=1)
    with bench.database.begin() as ours:
        first = ledger.claim_trial(ours, Lane.URGENT, lease=lease)
    with bench.database.begin() as theirs:
        second = ledger.claim_trial(theirs, Lane.URGENT, lease=lease)
    assert (len(first), len(second)) == (1, 0)


def test_a_person_who_pauses_a_lane_is_not_overruled_by_a_trial(bench: Bench) -> None:
    bench.put()
    with bench.database.begin() as session:
        ledger.pause(session, Lane.URGENT, "by a person", code=None)
    probe(bench)
    bench.deliver()
    assert (statuses(bench), paused(bench)) == ({"queued": 1}, {Lane.URGENT: None})
