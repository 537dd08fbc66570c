"""Cancel, retry, resolve: each wins or loses against the claim as a whole."""

from __future__ import annotations

from datetime import timedelta
from threading import Thread
from uuid import UUID

import pytest
from sqlalchemy import text

from tests.support import Bench, otp
from worker import Invalid, NotFound, RecordCall, Sms, SmsType, Status, ledger
from worker.ledger import Claim, Outcome
from worker.lifecycle import Lane


def record(bench: Bench, claim: Claim, status: Status) -> None:
    with bench.database.begin() as session:
        ledger.record(session, [Outcome(claim=claim, status=status, reason="test")])


def test_a_cancelled_message_is_never_claimed(bench: Bench) -> None:
    ticket = bench.put()
    assert bench.notifier.cancel(ticket.id).moved == 1
    assert bench.claim() == []
    assert bench.status(ticket) == "cancelled"


def test_cancelling_what_is_being_sent_changes_nothing_and_says_so(bench: Bench) -> None:
    ticket = bench.put()
    bench.claim()
    decided = bench.notifier.cancel(ticket.id)
    assert decided.moved == 0
    assert decided.others == {Status.SENDING: 1}


def test_a_cancel_that_meets_a_claim_waits_and_then_loses(bench: Bench) -> None:
    ticket = bench.put()
    moved: list[int] = []
    with bench.database.begin() as session:
        minute = timedelta(minutes=1)
        claims = ledger.claim(session, list(Lane), most=1, lease=minute, group_most=9)
        cancelling = Thread(target=lambda: moved.append(bench.notifier.cancel(ticket.id).moved))
        cancelling.start()
    cancelling.join()
    assert (len(claims), moved) == (1, [0])


def test_a_claim_that_meets_a_cancel_passes_the_message_over(bench: Bench) -> None:
    ticket = bench.put()
    with bench.database.begin() as session:
        assert ledger.cancel(session, ids=[ticket.id]) == 1
        assert bench.claim() == []
    assert bench.status(ticket) == "cancelled"


def test_a_campaign_is_cancelled_as_a_whole_and_no_other_with_it(bench: Bench) -> None:
    wishes = [bench.put(otp(f"090100{n:04d}"), campaign="tet") for n in range(3)]
    other = bench.put(otp(), campaign="sale")
    looked_at: list[int] = []
    assert bench.notifier.cancel_campaign("tet", told=looked_at.append).moved == 3
    assert sum(looked_at) == 3
    assert {bench.status(ticket) for ticket in wishes} == {"cancelled"}
    assert bench.status(other) == "queued"


@pytest.mark.parametrize("status", [Status.REJECTED])
def test_a_failed_message_is_sent_again_under_a_new_request_id(bench: Bench, status: Status) -> None:
    ticket = bench.put()
    [claim] = bench.claim()
    record(bench, claim, status)
    assert bench.notifier.retry(ticket.id).moved == 1
    [again] = bench.claim()
    assert again.request_id != claim.request_id
    assert again.fences[0].attempt == 2
    assert not again.in_doubt


def test_what_is_delivered_or_in_doubt_is_not_retried(bench: Bench) -> None:
    ticket = bench.put(otp(["0901000001", "0901000002"]))
    [one, two] = bench.claim()
    record(bench, one, Status.UNCONFIRMED)
    record(bench, two, Status.ACCEPTED)
    assert bench.notifier.retry(ticket.id).moved == 0


@pytest.mark.parametrize("status", [Status.QUEUED, Status.DELIVERED, Status.UNDELIVERED, Status.CANCELLED])
def test_a_person_decides_about_a_held_message_once(bench: Bench, status: Status) -> None:
    ticket = bench.put(RecordCall(to="0901000001", record_id="2001"))
    [claim] = bench.claim()
    record(bench, claim, Status.HELD)
    message_id = UUID(bench.message(ticket)["id"])
    with bench.database.begin() as session:
        assert ledger.resolve(session, message_id, status, "test", bench.settings.horizons)
    with bench.database.begin() as session:
        assert not ledger.resolve(session, message_id, status, "test", bench.settings.horizons)
    assert bench.status(ticket) == status


def test_asking_about_an_unknown_id_is_an_error_that_names_it(bench: Bench) -> None:
    with pytest.raises(NotFound, match="no notification has the id"):
        bench.notifier.cancel("00000000-0000-0000-0000-000000000000")
    for given in ("42", None):  # None: of a column that was never filled
        with pytest.raises(NotFound, match="is no id"):
            bench.notifier.status(given)  # type: ignore[arg-type]


def test_no_reference_is_nobodys_however_many_have_none(bench: Bench) -> None:
    for source in ("shop", "hr"):
        bench.put(source=source)
    for given in ("", None):
        with pytest.raises(NotFound, match="no notification has the reference"):
            bench.notifier.find(given)  # type: ignore[arg-type]


def test_what_is_no_lane_and_no_campaign_is_not_paused(bench: Bench) -> None:
    with pytest.raises(Invalid, match="lane: is not known: use one of urgent, normal, bulk, voice"):
        bench.notifier.pause([Lane.BULK, "express"])  # type: ignore[list-item]
    with pytest.raises(Invalid, match="campaign: is empty"):
        bench.notifier.pause_campaign("")
    assert bench.notifier.pauses.list() == []


def test_a_lane_is_paused_once_and_lifted_once(bench: Bench) -> None:
    wait = timedelta(seconds=1)
    with bench.database.begin() as session:
        assert ledger.pause(session, Lane.BULK, "balance", code="103", first=wait, most=wait)
        assert not ledger.pause(session, Lane.BULK, "balance", code="103", first=wait, most=wait)
        assert [paused.lane for paused in ledger.paused(session)] == [Lane.BULK]
        assert ledger.lift(session, list(Lane), by="test") == [Lane.BULK]
        assert ledger.lift(session, list(Lane), by="test") == []


def test_a_lane_that_is_paused_again_soon_is_probed_ever_more_seldom(bench: Bench) -> None:
    first, most = timedelta(seconds=10), timedelta(minutes=30)
    waits = []
    for _ in range(3):
        with bench.database.begin() as session:
            ledger.pause(session, Lane.BULK, "balance", code="103", first=first, most=most)
            [paused] = ledger.paused(session)
            ledger.probed(session, paused.id, wait=first)
            waits.append(paused.probes)
        with bench.database.begin() as session:
            ledger.lift(session, [Lane.BULK], by="probe")
    assert waits == [0, 1, 2]


def test_a_wish_to_many_is_cancelled_only_as_far_as_it_still_waits(bench: Bench) -> None:
    ticket = bench.put(Sms(to=[f"090100{n:04d}" for n in range(5)], content="x", sms_type=7))
    bench.claim(most=2)
    decided = bench.notifier.cancel(ticket.id)
    assert decided.moved == 3
    assert decided.others == {Status.SENDING: 2}


@pytest.mark.parametrize(("failed", "moved"), [(19, 0), (20, 20)])
def test_advertising_to_fewer_than_esms_takes_is_not_sent_again(bench: Bench, failed: int, moved: int) -> None:
    ticket = bench.put(Sms(to=[f"0902000{n}" for n in range(100, 130)], content="Sale", sms_type=1))
    [claim] = bench.claim(Lane.BULK)
    record(bench, claim, Status.ACCEPTED)
    with bench.database.begin() as session:
        some = [fence.id for fence in claim.fences[:failed]]
        session.execute(text("UPDATE message SET status = 'undelivered' WHERE id = ANY(:ids)"), {"ids": some})
    assert bench.notifier.retry(ticket.id).moved == moved


def test_the_requests_of_an_advertising_message_are_shown_over_all_its_attempts(bench: Bench) -> None:
    everybody = [f"0901{n:06d}" for n in range(100, 125)]
    ticket = bench.put(Sms(to=everybody, content="Giam gia", sms_type=SmsType.ADVERTISING))
    bench.simulator.set(force={"SendMultipleMessage_V4_get": "code_103"})
    bench.deliver()
    bench.simulator.set(force={"SendMultipleMessage_V4_get": "code_177"})
    bench.notifier.resume(list(Lane))
    bench.deliver()
    bench.simulator.set(force={})
    assert bench.notifier.retry(ticket.id).moved == 25
    bench.deliver()
    for message in bench.messages(ticket):
        assert [row["code"] for row in message["requests"]] == ["103", "177", "100"]
