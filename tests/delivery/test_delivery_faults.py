"""What went wrong once, or would have: each test is one way in which a message was lost, doubled or stuck."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.support import HTTP_CALL, Bench, eventually, otp
from worker import Invalid, RecordCall, Sms, SmsType, ledger
from worker.ledger import Claim, Outcome
from worker.lifecycle import Kind, Lane, Status

DAY = timedelta(hours=24)


def test_an_sms_whose_worker_died_a_day_ago_is_looked_for_and_not_sent_again(bench: Bench) -> None:
    ticket = bench.put(otp("0901000005"))
    bench.pace = replace(bench.pace, ask_again_after=timedelta(hours=1))
    bench.deliver()  # taken, and the answer is lost
    day_ago = "now() - interval '24 hours'"
    bench.set(ticket, status="'sending'", lease_until=day_ago, expires_at=day_ago, in_doubt_since="NULL")
    bench.simulator.set(clock_ahead=86400)  # eSMS has forgotten the RequestId
    bench.pace = replace(bench.pace, ask_again_after=timedelta(0))
    bench.look_after_ledger()
    bench.deliver()
    assert bench.status(ticket) == "unconfirmed"
    eventually(lambda: bench.poll() or bench.status(ticket) == "delivered")
    assert bench.simulator.ledger().twice() == {}


def test_one_send_in_flight_at_a_time_sends_all(bench: Bench) -> None:
    bench.pace = replace(bench.pace, sends_in_flight=1, claim_most=1)
    tickets = bench.notifier.enqueue_many(otp(f"0901000{n}") for n in range(100, 105))
    bench.deliver()
    assert {bench.status(ticket) for ticket in tickets} == {"accepted"}


def test_a_code_that_expires_while_it_waits_in_the_worker_is_not_sent(bench: Bench) -> None:
    bench.simulator.set(latency=1)
    bench.pace = replace(bench.pace, sends_in_flight=2, claim_most=10)
    tickets = [bench.put(otp(f"0901000{n}")) for n in range(100, 108)]
    with bench.database.begin() as session:
        session.execute(text("UPDATE message SET expires_at = now() + interval '2 s'"))
    bench.deliver()
    bench.look_after_ledger()
    statuses = [bench.status(ticket) for ticket in tickets]
    assert {"expired"} <= set(statuses) <= {"accepted", "expired"}  # all of them, where the machine is that slow
    assert len(bench.simulator.ledger().sms) == statuses.count("accepted")


def test_a_code_that_expires_while_it_stands_in_line_for_the_wire_is_not_sent(bench: Bench) -> None:
    """A quarter of what may be in flight stands there, each as long as a call takes. Nor is that a silence of eSMS."""
    bench.simulator.set(latency=1)
    bench.pace = replace(bench.pace, sends_in_flight=4, break_after=1)
    bench.sending.close()
    bench.sending = bench.client.open_exchange(4)
    bench.notifier.enqueue_many(otp(f"0901000{n}") for n in range(100, 104))
    late = bench.put(otp("0901000104"))
    bench.set(late, expires_at="now() + interval '0.9 s'")
    bench.deliver()
    bench.look_after_ledger()
    assert bench.status(late) == "expired"
    assert len(bench.simulator.sends()) == 4
    with bench.database.begin() as session:
        assert ledger.paused(session) == []


def test_a_person_s_pause_takes_the_place_of_the_account_s_and_no_probe_lifts_it(bench: Bench) -> None:
    wait = timedelta(seconds=1)
    with bench.database.begin() as session:
        ledger.pause(session, Lane.URGENT, "balance", code="103", first=wait, most=wait)
        ledger.pause(session, Lane.URGENT, "a person", code=None, first=wait, most=wait)
        assert ledger.lift(session, [Lane.URGENT], by="probe") == []
        [paused] = ledger.paused(session)
        assert (paused.code, paused.reason) == (None, "a person")
        assert ledger.lift(session, [Lane.URGENT], by="a person") == [Lane.URGENT]


def doubtful_group(bench: Bench, recipients: int = 30) -> Claim:
    bench.put(Sms(to=[f"09020001{n:02d}" for n in range(recipients)], content="Sale", sms_type=SmsType.ADVERTISING))
    [claim] = bench.claim(Lane.BULK)
    return claim


def test_a_group_in_doubt_is_asked_again_as_a_whole_or_not_yet(bench: Bench) -> None:
    claim = doubtful_group(bench)
    some = [fence.id for fence in claim.fences[:10]]
    with bench.database.begin() as session:
        query = """UPDATE message SET status = 'unconfirmed', lease_until = NULL, in_doubt_since = now(), due_at = now()
                   WHERE id = ANY(:ids)"""
        session.execute(text(query), {"ids": some})
    with bench.database.begin() as session:
        assert ledger.claim_doubtful(session, [Lane.BULK], most=9, lease=DAY, window=DAY) == []
        session.execute(text("UPDATE message SET lease_until = now() - interval '1 s' WHERE status = 'sending'"))
        assert ledger.rescue(session, ask_again_after=timedelta(0), deaths_most=6).messages == 20
    with bench.database.begin() as session:
        [again] = ledger.claim_doubtful(session, [Lane.BULK], most=9, lease=DAY, window=DAY)
        assert (len(again.fences), again.request_id) == (30, claim.request_id)


def test_a_group_is_asked_about_though_its_first_message_was_lost_to_another(bench: Bench) -> None:
    claim = doubtful_group(bench)
    with bench.database.begin() as session:
        query = "UPDATE message SET attempts = attempts + 1 WHERE id = :id"
        session.execute(text(query), {"id": claim.fences[0].id})
        wait = timedelta(seconds=1)
        accepted = Outcome(claim=claim, status=Status.ACCEPTED, sms_id="7", poll_wait=wait, http_call=HTTP_CALL)
        assert len(ledger.record(session, [accepted])) == 29
        assert session.scalar(text("SELECT count(*) FROM message WHERE poll_at IS NOT NULL")) == 1


def test_a_date_of_the_year_one_is_refused_and_stops_nobody(bench: Bench) -> None:
    fields = {"to": "0901000001", "content": "x", "sms_type": 7, "send_date": "0001-01-01T00:00:00", "hand_over": True}
    with pytest.raises(Invalid, match="send_date"):
        bench.notifier.enqueue_fields(Kind.SMS, fields, late=True)


def test_an_unknown_error_is_asked_about_a_few_times_and_then_left_to_a_person(bench: Bench) -> None:
    bench.simulator.set(force={"SendMultipleMessage_V4_get": "code_99"})
    ticket = bench.put()
    eventually(lambda: bench.deliver() or bench.status(ticket) == "held")
    assert "asked 6 times" in bench.message(ticket)["reason"]


def test_a_message_is_settled_by_its_own_answer_only(bench: Bench) -> None:
    """Were one SMSID given to two messages, the answer to the one says nothing of the other."""
    one, other = bench.put(otp("0901000101")), bench.put(otp("0901000102"))
    bench.deliver()
    sms_id = bench.message(one)["sms_id"]
    bench.set(other, sms_id=f"'{sms_id}'", poll_at="now() + interval '1 hour'")
    eventually(lambda: bench.poll() or bench.status(one) == "delivered")
    assert bench.status(other) == "accepted"


def test_only_doubtful_tries_count_as_asked_again(bench: Bench) -> None:
    """An outage before it, or a hand-back, must not make the first question about a lost answer wait an hour."""
    ticket = bench.put(otp("0901000016"))  # 99 the first time
    bench.set(ticket, attempts="12", failures="11")
    bench.deliver()
    assert bench.status(ticket) != "held"
    eventually(lambda: bench.deliver() or bench.status(ticket) == "accepted")


def test_an_sms_in_doubt_waits_while_its_lane_is_paused(bench: Bench) -> None:
    ticket = bench.put(otp("0901000005"))
    bench.pace = replace(bench.pace, ask_again_after=timedelta(hours=1))
    bench.deliver()
    bench.set(ticket, due_at="now()")
    with bench.database.begin() as session:
        ledger.pause(session, Lane.URGENT, "test", code=None, first=DAY, most=DAY)
        assert ledger.claim_doubtful(session, [Lane.URGENT], most=9, lease=DAY, window=DAY) == []
        ledger.lift(session, [Lane.URGENT], by="test")
        assert len(ledger.claim_doubtful(session, [Lane.URGENT], most=9, lease=DAY, window=DAY)) == 1


@pytest.fixture
def refuse_commits(bench: Bench) -> Iterator[Callable[[str], None]]:
    """Have Postgres fail each commit of a transaction that leaves a message so, as when it stops at that moment."""

    def run(*statements: str) -> None:
        with bench.database.begin() as session:
            for statement in statements:
                session.execute(text(statement))

    def refuse(state: str) -> None:
        run(
            """CREATE FUNCTION refuse_commit() RETURNS trigger LANGUAGE plpgsql AS
               'BEGIN RAISE EXCEPTION USING errcode = ''57P01''; END'""",
            f"""CREATE CONSTRAINT TRIGGER refuse_commit AFTER UPDATE ON message DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW WHEN ({state}) EXECUTE FUNCTION refuse_commit()""",
        )

    yield refuse
    run("DROP TRIGGER IF EXISTS refuse_commit ON message", "DROP FUNCTION IF EXISTS refuse_commit()")


def test_what_was_claimed_in_a_commit_that_failed_is_not_sent(
    bench: Bench, refuse_commits: Callable[[str], None]
) -> None:
    ticket = bench.put()
    refuse_commits("NEW.status = 'sending'")
    bench.deliver()
    assert bench.status(ticket) == "queued"
    assert bench.simulator.ledger().sms == {}


def test_a_call_whose_intent_failed_to_commit_is_not_dialled(
    bench: Bench, refuse_commits: Callable[[str], None]
) -> None:
    bench.put(RecordCall(to="0901000001", record_id="2001"))
    refuse_commits("NEW.dialled_at IS NOT NULL")
    bench.deliver()
    assert bench.simulator.ledger().calls == {}
