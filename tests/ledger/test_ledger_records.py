"""Recording and settling: who holds the attempt writes, everybody else's answer is evidence only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tests.support import HTTP_CALL, Bench, otp, settle
from worker import RecordCall, Sms, SmsType, Ticket, ledger
from worker.ledger import Claim, Outcome, Poll
from worker.lifecycle import FINAL, MOVES, PERSONS_MOVES, Status

TWENTY = [f"09010{number:05d}" for number in range(20)]


def accepted(claim: Claim, sms_id: str = "77") -> Outcome:
    wait = timedelta(0)
    return Outcome(claim=claim, status=Status.ACCEPTED, code="100", sms_id=sms_id, poll_wait=wait, http_call=HTTP_CALL)


def record(bench: Bench, *outcomes: Outcome) -> int:
    with bench.database.begin() as session:
        return len(ledger.record(session, outcomes))


def rescue(bench: Bench) -> int:
    with bench.database.begin() as session:
        return ledger.rescue(session, ask_again_after=timedelta(0), deaths_most=6).messages


def test_every_status_can_be_reached_from_queued() -> None:
    reached, new = set[Status](), {Status.QUEUED}
    while new:
        reached |= new
        new = {onward for status in new for onward in MOVES[status]} - reached
    assert reached == set(Status)


def test_a_final_status_leads_nowhere_unless_a_person_asks() -> None:
    assert all(not MOVES[status] for status in FINAL)
    assert set(PERSONS_MOVES) <= FINAL | {Status.HELD}


def test_a_call_is_told_of_once_though_its_answer_is_written_again(bench: Bench) -> None:
    """A commit may have come through though nobody heard of it."""
    ticket, many = bench.put(), bench.put(Sms(to=TWENTY, content="Giam gia", sms_type=SmsType.ADVERTISING))
    alone, together = bench.claim()
    for again in (False, True):
        with bench.database.begin() as session:
            ledger.record(session, [accepted(alone), accepted(together, "78")], again=again)
    assert [row["outcome"] for row in bench.message(ticket)["requests"]] == ["accepted"]
    assert [row["outcome"] for row in bench.messages(many)[0]["requests"]] == ["accepted"]


def test_what_came_of_a_batch_is_not_planned_anew_for_each(bench: Bench) -> None:
    """To plan it takes longer than to write down what came of a few."""
    with bench.database.begin() as session:
        for _ in range(12):  # psycopg prepares it, and Postgres tries five plans of its own first
            ledger.record(session, [])
        kept = "SELECT generic_plans FROM pg_prepared_statements WHERE statement LIKE '%witnessed%'"
        assert session.scalar(text(kept))


def test_a_late_answer_cannot_overwrite_a_newer_attempt(bench: Bench) -> None:
    ticket = bench.put()
    [old] = bench.claim()
    bench.set(ticket, lease_until="now()")
    rescue(bench)
    with bench.database.begin() as session:
        window = timedelta(hours=1)
        [new] = ledger.claim_doubtful(session, [old.lane], most=1, lease=window, window=window)
    assert record(bench, Outcome(claim=old, status=Status.REJECTED, code="118", http_call=HTTP_CALL)) == 0
    assert record(bench, accepted(new)) == 1
    message = bench.message(ticket)
    assert message["status"] == "accepted"
    assert [row["outcome"] for row in message["requests"]] == ["late: rejected", "accepted"]


def test_a_rescued_sms_may_have_been_taken(bench: Bench) -> None:
    ticket = bench.put()
    bench.claim()
    bench.set(ticket, lease_until="now()")
    assert rescue(bench) == 1
    assert bench.status(ticket) == "unconfirmed"


def test_an_answer_after_a_person_decided_changes_nothing_and_stays_as_evidence(bench: Bench) -> None:
    ticket = bench.put()
    [claim] = bench.claim()
    bench.set(ticket, status="'held'", lease_until="NULL")
    with bench.database.begin() as session:
        horizons = bench.settings.horizons
        assert ledger.resolve(session, claim.fences[0].id, Status.CANCELLED, "test", horizons)
    assert record(bench, accepted(claim)) == 0
    message = bench.message(ticket)
    assert message["status"] == "cancelled"
    assert [row["outcome"] for row in message["requests"]] == ["late: accepted"]


@pytest.mark.parametrize(
    ("stands", "answer", "ends"),
    [
        (Status.UNCONFIRMED, Status.ACCEPTED, Status.ACCEPTED),
        (Status.UNCONFIRMED, Status.REJECTED, Status.REJECTED),
        (Status.UNCONFIRMED, Status.QUEUED, Status.QUEUED),
        (Status.UNCONFIRMED, Status.HELD, Status.UNCONFIRMED),
        (Status.HELD, Status.ACCEPTED, Status.ACCEPTED),
        (Status.HELD, Status.REJECTED, Status.REJECTED),
        (Status.HELD, Status.QUEUED, Status.HELD),
        (Status.HELD, Status.UNCONFIRMED, Status.HELD),
    ],
)
def test_a_late_answer_that_leaves_no_doubt_settles_what_nobody_tried_again_since(
    bench: Bench, stands: Status, answer: Status, ends: Status
) -> None:
    ticket = bench.put(RecordCall(to="0901000001", record_id="2001"))
    [claim] = bench.claim()
    with bench.database.begin() as session:
        ledger.intend(session, claim.fences)
    bench.set(ticket, lease_until="now()")
    assert rescue(bench) == 1
    if stands is Status.HELD:
        with bench.database.begin() as session:
            assert ledger.hold_calls(session) == 1
    assert bench.status(ticket) == stands
    late = Outcome(
        claim=claim, status=answer, code="100", http_call=HTTP_CALL, wait=timedelta(0), poll_wait=timedelta(0)
    )
    assert record(bench, late) == (ends is not stands)
    assert bench.status(ticket) == ends
    assert record(bench, late) == 0


@pytest.mark.parametrize(("dialled", "rescued"), [(False, "queued"), (True, "unconfirmed")])
def test_a_call_of_a_dead_worker_is_queued_before_dialling_and_doubtful_after(
    bench: Bench, dialled: bool, rescued: str
) -> None:
    ticket = bench.put(RecordCall(to="0901000001", record_id="2001"))
    [claim] = bench.claim()
    if dialled:
        with bench.database.begin() as session:
            ledger.intend(session, claim.fences)
    bench.set(ticket, lease_until="now()")
    assert rescue(bench) == 1
    assert bench.status(ticket) == rescued


def test_a_call_in_doubt_is_held_and_never_claimed_again(bench: Bench) -> None:
    ticket = bench.put(RecordCall(to="0901000001", record_id="2001"))
    [claim] = bench.claim()
    record(bench, Outcome(claim=claim, status=Status.UNCONFIRMED, reason="test"))
    with bench.database.begin() as session:
        window = timedelta(hours=23)
        assert ledger.claim_doubtful(session, [claim.lane], most=9, lease=window, window=window) == []
        assert ledger.hold_calls(session) == 1
    assert bench.status(ticket) == "held"


@pytest.mark.parametrize(
    "too_old", [{"in_doubt_since": "now() - interval '24 hours'"}, {"expires_at": "now()"}], ids=["forgotten", "late"]
)
def test_an_sms_in_doubt_is_either_asked_again_or_looked_for_and_never_both(
    bench: Bench, too_old: dict[str, str]
) -> None:
    ticket = bench.put()
    [claim] = bench.claim()
    record(bench, Outcome(claim=claim, status=Status.UNCONFIRMED, reason="test", wait=timedelta(0)))
    window = timedelta(hours=23)
    asked = {"most": 9, "lease": timedelta(0), "window": window}
    with bench.database.begin() as session:
        assert ledger.claim_lost(session, **asked) == []  # type: ignore[arg-type]
        assert len(ledger.claim_doubtful(session, [claim.lane], **asked)) == 1  # type: ignore[arg-type]
        session.rollback()
    bench.set(ticket, **too_old)
    with bench.database.begin() as session:
        assert ledger.claim_doubtful(session, [claim.lane], **asked) == []  # type: ignore[arg-type]
        assert [lost.status for lost in ledger.claim_lost(session, **asked)] == ["unconfirmed"]  # type: ignore[arg-type]


def die_with(bench: Bench, *tickets: Ticket) -> None:
    """A worker claims these and dies."""
    for ticket in tickets:
        bench.set(ticket, status="'queued'", due_at="now()", in_doubt_since="NULL")
    assert len(bench.claim()) == len(tickets)
    for ticket in tickets:
        bench.set(ticket, lease_until="now() - interval '1 s'")
    rescue(bench)


def test_what_kills_every_worker_is_held_and_what_stood_beside_it_is_not(bench: Bench) -> None:
    deadly, beside = bench.put(), bench.put()
    bench.set(beside, due_at="now() + interval '1 hour'")
    die_with(bench, deadly)
    for _ in range(4):
        die_with(bench, deadly, beside)
        assert bench.status(deadly) == "unconfirmed"
    die_with(bench, deadly)
    assert bench.status(deadly) == "held"
    assert "died, 6 in a row" in bench.message(deadly)["reason"]
    assert bench.status(beside) == "unconfirmed"


def test_a_recorded_answer_ends_the_row_of_deaths(bench: Bench) -> None:
    ticket = bench.put()
    for _ in range(5):
        die_with(bench, ticket)
    bench.set(ticket, status="'queued'", due_at="now()", in_doubt_since="NULL")
    [claim] = bench.claim()
    record(bench, Outcome(claim=claim, status=Status.QUEUED, reason="test", wait=timedelta(0)))
    die_with(bench, ticket)
    assert bench.status(ticket) == "unconfirmed"


def told(bench: Bench, ticket: Ticket, status: Status, sms_id: str = "77") -> int:
    poll = Poll(message_id=UUID(bench.message(ticket)["id"]), sms_id=sms_id, polls=1, alone=True, due_at=HTTP_CALL.at)
    with bench.database.begin() as session:
        return len(settle(session, poll, status))


def test_a_settled_message_stays_as_it_is_whatever_comes_later(bench: Bench) -> None:
    ticket = bench.put()
    [claim] = bench.claim()
    record(bench, accepted(claim))
    assert told(bench, ticket, Status.DELIVERED) == 1
    assert told(bench, ticket, Status.UNDELIVERED) == 0
    assert bench.status(ticket) == "delivered"


def test_a_report_on_an_earlier_attempt_does_not_touch_a_later_one(bench: Bench) -> None:
    ticket = bench.put()
    [claim] = bench.claim()
    record(bench, accepted(claim, "old"))
    told(bench, ticket, Status.UNDELIVERED, sms_id="old")
    assert bench.notifier.retry(ticket.id).moved == 1
    [again] = bench.claim()
    assert again.request_id != claim.request_id
    record(bench, accepted(again, "new"))
    assert told(bench, ticket, Status.DELIVERED, sms_id="old") == 0
    assert bench.status(ticket) == "accepted"


def test_silence_for_seven_days_is_unknown_and_not_failure(bench: Bench) -> None:
    ticket = bench.put()
    [claim] = bench.claim()
    record(bench, accepted(claim))
    bench.set(ticket, accepted_at="now() - interval '6 days'")
    with bench.database.begin() as session:
        assert ledger.give_up(session, poll_until=timedelta(days=7)) == 0
    bench.set(ticket, accepted_at="now() - interval '7 days'")
    with bench.database.begin() as session:
        assert ledger.give_up(session, poll_until=timedelta(days=7)) == 1
    assert bench.status(ticket) == "unknown"


def test_what_was_handed_over_is_given_up_seven_days_after_its_date_not_before(bench: Bench) -> None:
    ticket = bench.put(send_date=datetime.now(UTC) + timedelta(days=3), hand_over=True)
    [claim] = bench.claim()
    record(bench, accepted(claim))
    bench.set(ticket, accepted_at="now() - interval '8 days'")
    with bench.database.begin() as session:
        assert ledger.give_up(session, poll_until=timedelta(days=7)) == 0


def test_two_pollers_never_ask_about_the_same_message(bench: Bench) -> None:
    bench.notifier.enqueue_many(otp(f"090100{n:04d}") for n in range(6))
    record(bench, *(accepted(claim, str(n)) for n, claim in enumerate(bench.claim())))
    lease = timedelta(minutes=1)
    with bench.database.begin() as first, bench.database.begin() as second:
        mine = ledger.claim_polls(first, most=4, lease=lease)
        theirs = ledger.claim_polls(second, most=4, lease=lease)
    assert (len(mine), len(theirs)) == (4, 2)
    assert len({poll.sms_id for poll in mine + theirs}) == 6


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ("status = 'lost'", "status_known"),
        ("lane = 'fast'", "lane_known"),
        ("lease_until = now()", "lease_only_while_sending"),
        ("status = 'sending'", "lease_only_while_sending"),
        ("status = 'accepted'", "accepted_has_a_time"),
    ],
)
def test_the_table_itself_refuses_what_must_not_be(bench: Bench, change: str, rule: str) -> None:
    bench.put()
    with pytest.raises(IntegrityError, match=rule), bench.database.engine.begin() as connection:
        connection.execute(text(f"UPDATE message SET {change}"))
