"""A process that is slower than its lease: what was rescued from it, and what it says of that once it goes on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.support import Bench, eventually, otp
from worker import Sms, SmsType, Ticket, ledger
from worker.ledger import Claim
from worker.lifecycle import Lane, Status
from worker.limiter import Limiter
from worker.settings import Rates

NOW, DAY = timedelta(0), timedelta(days=1)
OTP = otp("0901000201")
ADVERTISING = Sms(to=[f"09010002{n:02d}" for n in range(25)], content="Giam gia", sms_type=SmsType.ADVERTISING)


def rescue(bench: Bench, *, asked_again_after: timedelta = NOW) -> None:
    """The lease of all that is being sent is over, and a tick comes by."""
    with bench.database.begin() as session:
        session.execute(text("UPDATE message SET lease_until = now() - interval '1 s' WHERE status = 'sending'"))
        assert ledger.rescue(session, ask_again_after=asked_again_after, deaths_most=6).messages


def hand_back(bench: Bench, claim: Claim) -> int:
    with bench.database.begin() as session:
        return len(ledger.hand_back(session, [claim]))


def claim_doubtful(bench: Bench) -> list[Claim]:
    with bench.database.begin() as session:
        return ledger.claim_doubtful(session, list(Lane), most=9, lease=DAY, window=DAY)


def standing(bench: Bench) -> set[str]:
    with bench.database.begin() as session:
        return set(session.scalars(text("SELECT status FROM message")))


def in_no_doubt(bench: Bench, ticket: Ticket) -> bool:
    """Nothing is left of the rescue: neither its doubt nor its death, nor a wait."""
    with bench.database.begin() as session:
        query = """SELECT bool_and(in_doubt_since IS NULL AND rescues = 0 AND heard IS NULL AND due_at <= now())
                   FROM message WHERE notification_id = :id"""
        return bool(session.scalar(text(query), {"id": ticket.id}))


@pytest.mark.parametrize("request_", [OTP, ADVERTISING], ids=["a code", "advertising"])
def test_what_was_rescued_from_a_slow_process_that_never_sent_it_is_queued_when_it_says_so(
    bench: Bench, request_: Sms
) -> None:
    ticket = bench.put(request_)
    [claim] = bench.claim()
    rescue(bench, asked_again_after=timedelta(hours=1))
    assert standing(bench) == {"unconfirmed"}
    assert hand_back(bench, claim) == len(claim.fences)
    assert in_no_doubt(bench, ticket)
    [again] = bench.claim()
    assert (again.request_id, again.phones, again.in_doubt) == (claim.request_id, claim.phones, False)


def test_what_was_in_doubt_before_stays_so_whoever_hands_it_back_late(bench: Bench) -> None:
    """The attempt before may have been taken: nobody but eSMS can tell."""
    bench.put()
    bench.claim()
    rescue(bench)
    [asked_again] = claim_doubtful(bench)
    rescue(bench)
    assert hand_back(bench, asked_again) == 0
    assert standing(bench) == {"unconfirmed"}


def test_what_others_have_tried_since_is_not_handed_back(bench: Bench) -> None:
    bench.put()
    [slow] = bench.claim()
    rescue(bench)
    [other] = claim_doubtful(bench)
    assert hand_back(bench, slow) == 0
    assert standing(bench) == {"sending"}
    rescue(bench)
    assert hand_back(bench, slow) == 0
    assert other.fences[0].attempt == slow.fences[0].attempt + 1
    assert standing(bench) == {"unconfirmed"}


@pytest.mark.parametrize("status", ["held", "cancelled"])
def test_what_was_decided_since_stays_decided(bench: Bench, status: str) -> None:
    ticket = bench.put()
    [claim] = bench.claim()
    rescue(bench)
    bench.set(ticket, status=f"'{status}'")
    assert hand_back(bench, claim) == 0
    assert bench.status(ticket) == status


def test_what_stood_in_line_past_its_lease_goes_out_once_and_is_left_to_nobody(bench: Bench) -> None:
    """eSMS has forgotten all RequestIds at once, and its list proves nothing: a doubt would end with a person."""
    bench.limiter = Limiter(None, Rates.from_environ({"WORKER_RATE_URGENT": "5"}), account="slow")
    bench.pace = replace(bench.pace, request_id_window=NOW)
    bench.notifier.enqueue_many(otp(f"0901000{number}") for number in range(300, 305))
    stops = iter([False])

    def stopping() -> bool:
        """Right after the first claim it stands still."""
        if next(stops, True):
            rescue(bench)
            return True
        return False

    bench.deliver([Lane.URGENT], stopping=stopping)
    assert Status.UNCONFIRMED not in standing(bench)
    eventually(lambda: bench.deliver() or standing(bench) == {"accepted"})
    assert len(bench.simulator.sends()) == 5
    assert bench.simulator.ledger().twice() == {}
