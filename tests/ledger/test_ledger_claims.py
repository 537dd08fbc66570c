"""Claiming: nobody holds what another holds, lanes in order, nothing too early, too late or paused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.support import Bench, otp
from worker import Notifier, RecordCall, Sms, SmsType, ledger
from worker.ledger.claim_statements import (
    CLAIM,
    CLAIM_DOUBTFUL,
    CLAIM_DOUBTFUL_GROUP,
    CLAIM_GROUP,
    SOURCE,
    STREAM,
    WAS_DUE_AT,
)
from worker.ledger.gate import ADVERTISING, STAYS, Gate
from worker.lifecycle import Lane

LEASE = timedelta(seconds=60)


def many(bench: Bench, count: int, sms_type: int = SmsType.OTP) -> None:
    bench.notifier.enqueue_many(
        Sms(to=f"0901{n:06d}", content="x", sms_type=sms_type, brandname=None) for n in range(count)
    )


def test_two_workers_never_claim_the_same_message(bench: Bench) -> None:
    many(bench, 10)
    with bench.database.begin() as first, bench.database.begin() as second:
        asked = {"most": 6, "lease": LEASE, "group_most": 1000}
        mine = ledger.claim(first, list(Lane), **asked)  # type: ignore[arg-type]
        theirs = ledger.claim(second, list(Lane), **asked)  # type: ignore[arg-type]
    ids = [fence.id for claim in mine + theirs for fence in claim.fences]
    assert (len(mine), len(theirs)) == (6, 4)
    assert len(set(ids)) == 10


def test_columns_of_a_claim_that_are_taken_by_place_stand_there(bench: Bench) -> None:
    statements = [CLAIM, CLAIM_GROUP, CLAIM_DOUBTFUL, CLAIM_DOUBTFUL_GROUP]
    asked = {"lane": "normal", "most": 1, "lease": LEASE, "trial": False, "floors": "[]", "sources": None}
    asked |= {"window": LEASE, "lanes": ["normal"], "lead": None, "request_id": None} | Gate().asked()
    with bench.database.begin() as session:
        every = [list(session.execute(each, asked).keys()) for each in statements]
    assert {(names[0], names[ADVERTISING], names[STAYS]) for names in every} == {("id", "advertising", "stays")}
    assert [every[0][place] for place in (SOURCE, STREAM, WAS_DUE_AT)] == ["source", "stream", "was_due_at"]


def test_an_urgent_message_is_claimed_before_older_ones_of_other_lanes(bench: Bench) -> None:
    many(bench, 5, SmsType.RANDOM)
    many(bench, 5, SmsType.CUSTOMER_CARE)
    urgent = bench.put(otp())
    [first, *_] = bench.claim(most=3)
    assert first.fences[0].id == bench.notifier.show(urgent.id).messages[0].id or first.lane is Lane.URGENT


def test_a_future_message_stays_until_it_is_due(bench: Bench) -> None:
    ticket = bench.put(send_date=datetime.now(UTC) + timedelta(hours=1))
    assert bench.claim() == []
    bench.set(ticket, due_at="now()")
    assert len(bench.claim()) == 1


def test_an_expired_message_is_never_claimed(bench: Bench) -> None:
    ticket = bench.put(expires_at=datetime.now(UTC) + timedelta(hours=1))
    bench.set(ticket, expires_at="now()")
    assert bench.claim() == []


def test_a_paused_lane_is_passed_over_and_the_others_go_on(bench: Bench) -> None:
    bench.put(otp())
    bench.put(RecordCall(to="0901000001", record_id="2001"))
    with bench.database.begin() as session:
        ledger.pause(session, Lane.URGENT, "test", code=None, first=LEASE, most=LEASE)
    assert [claim.lane for claim in bench.claim()] == [Lane.VOICE]


def test_each_claim_gets_its_own_request_id_and_the_next_attempt(bench: Bench) -> None:
    many(bench, 20)
    claims = bench.claim()
    assert len({claim.request_id for claim in claims}) == 20
    assert all(len(claim.request_id) <= 50 and claim.fences[0].attempt == 1 for claim in claims)


def test_a_message_that_was_handed_back_is_claimed_again_under_the_same_request_id(bench: Bench) -> None:
    bench.put()
    [first] = bench.claim()
    with bench.database.begin() as session:
        assert len(ledger.hand_back(session, [first])) == 1
    [second] = bench.claim()
    assert second.request_id == first.request_id
    assert second.fences[0].attempt == 2


def test_two_workers_cut_advertising_of_one_notification_one_after_the_other(bench: Bench) -> None:
    bench.put(Sms(to=[f"09{n:08d}" for n in range(2000)], content="Sale", sms_type=SmsType.ADVERTISING))
    with bench.database.begin() as first, bench.database.begin() as second:
        asked = {"most": 6, "lease": LEASE, "group_most": 1000}
        mine = ledger.claim(first, [Lane.BULK], **asked)  # type: ignore[arg-type]
        theirs = ledger.claim(second, [Lane.BULK], **asked)  # type: ignore[arg-type]
    assert [len(claim.fences) for claim in mine] == [1000]
    assert theirs == []
    assert [len(claim.fences) for claim in bench.claim(Lane.BULK)] == [1000]


def test_only_one_process_may_dial_a_call_and_only_while_its_lease_lasts(bench: Bench) -> None:
    ticket = bench.put(RecordCall(to="0901000001", record_id="2001"))
    [claim] = bench.claim()
    with bench.database.begin() as session:
        assert len(ledger.intend(session, claim.fences)) == 1
    bench.set(ticket, lease_until="now()")
    with bench.database.begin() as session:
        assert ledger.intend(session, claim.fences) == set()


def test_a_call_that_is_to_be_dialled_is_not_handed_back(bench: Bench) -> None:
    bench.put(RecordCall(to="0901000001", record_id="2001"))
    [claim] = bench.claim()
    with bench.database.begin() as session:
        ledger.intend(session, claim.fences)
        assert ledger.hand_back(session, [claim]) == set()


@pytest.mark.parametrize("renewed", [False, True])
@pytest.mark.parametrize(
    ("recipients", "requests"),
    [(25, [25]), (50, [50]), (55, [28, 27]), (70, [35, 35]), (100, [50, 50]), (120, [50, 35, 35])],
)
def test_advertising_is_cut_so_that_no_request_falls_below_the_least_when_some_opt_out(
    bench: Bench, recipients: int, requests: list[int], renewed: bool
) -> None:
    everybody = [f"0901{n:06d}" for n in range(recipients)]
    with Notifier(replace(bench.settings, advertising_most=50)) as notifier:
        ticket = notifier.enqueue(Sms(to=everybody, content="Giam gia", sms_type=SmsType.ADVERTISING))
    if renewed:
        bench.set(ticket, request_id="NULL", renewals="1")
    sizes = []
    for _ in requests:
        asked = {"most": 6, "lease": LEASE, "group_most": 50}
        with bench.database.begin() as session:
            [claim] = ledger.claim(session, [Lane.BULK], **asked)  # type: ignore[arg-type]
        sizes.append(len(claim.fences))
    assert sizes == requests
