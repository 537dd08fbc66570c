"""A campaign is held back, moved and cancelled as a whole, however large, and nobody waits for a pause that is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.support import Bench, otp
from worker import Conflict, Invalid, NotFound, Sms, SmsType, Ticket
from worker.ledger import campaigns

SOON = timedelta(hours=1)


@pytest.fixture(autouse=True)
def few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a small campaign takes many steps."""
    monkeypatch.setattr(campaigns, "STEP", 3)


def campaign(bench: Bench, count: int = 10, **besides: Any) -> list[Ticket]:
    items = (otp(f"0901000{n}") for n in range(100, 100 + count))
    return bench.notifier.enqueue_many(items, campaign="tet", **besides)


def test_a_paused_campaign_is_not_claimed_from_the_next_batch_on_and_others_are(bench: Bench) -> None:
    campaign(bench)
    other = bench.put(campaign="hr")
    assert bench.notifier.pause_campaign("tet")
    [claim] = bench.claim()
    assert str(claim.fences[0].id) == bench.message(other)["id"]


def test_advertising_of_a_paused_campaign_waits_too(bench: Bench) -> None:
    everybody = [f"09010001{n:02d}" for n in range(25)]
    bench.put(Sms(to=everybody, content="Giam gia", sms_type=SmsType.ADVERTISING), campaign="tet")
    bench.notifier.pause_campaign("tet")
    assert bench.claim() == []
    bench.notifier.resume_campaign("tet")
    assert len(bench.claim()) == 1


def test_a_campaign_goes_on_at_once_and_in_order_when_it_is_resumed(bench: Bench) -> None:
    tickets = campaign(bench)
    bench.notifier.pause_campaign("tet")
    bench.look_after_ledger()
    assert bench.claim() == []
    bench.notifier.resume_campaign("tet")
    bench.deliver()
    sent = [send["phones"] for send in bench.simulator.sends()]
    assert len(sent) == len(set(map(str, sent))) == len(tickets)


def test_what_is_put_into_a_paused_campaign_waits_too(bench: Bench) -> None:
    campaign(bench, 1)
    bench.notifier.pause_campaign("tet")
    bench.look_after_ledger()
    campaign(bench, 5)
    assert bench.claim() == []


def test_what_is_paused_can_be_cancelled_and_can_expire(bench: Bench) -> None:
    cancelled, late = campaign(bench, 2)
    bench.notifier.pause_campaign("tet")
    bench.look_after_ledger()
    bench.set(late, expires_at="now()")
    assert bench.notifier.cancel(cancelled.id).moved == 1
    bench.look_after_ledger()
    assert [bench.status(ticket) for ticket in (cancelled, late)] == ["cancelled", "expired"]


def test_what_a_former_version_put_in_or_marked_as_paused_is_claimed_by_its_campaigns_pause_alone(bench: Bench) -> None:
    [ticket] = campaign(bench, 1)
    bench.set(ticket, paused="true", stream="0")
    bench.notifier.pause_campaign("tet")
    assert bench.claim() == []
    bench.notifier.resume_campaign("tet")
    assert len(bench.claim()) == 1


def test_a_pause_is_made_once_and_lifted_once(bench: Bench) -> None:
    campaign(bench, 1)
    assert [bench.notifier.pause_campaign("tet") for _ in range(2)] == [True, False]
    assert [bench.notifier.resume_campaign("tet") for _ in range(2)] == [True, False]


def test_a_campaign_is_cancelled_step_by_step_and_what_was_too_late_is_told(bench: Bench) -> None:
    campaign(bench)
    assert len(bench.claim(most=2)) == 2
    decided = bench.notifier.cancel_campaign("tet")
    assert (decided.moved, decided.too_late) == (8, {"too late: sending": 2})
    with pytest.raises(NotFound):
        bench.notifier.cancel_campaign("xmas")


def test_a_moved_message_goes_out_at_its_new_date_and_its_usual_end_moves_along(bench: Bench) -> None:
    ticket = bench.put(send_date=datetime.now(UTC) + SOON)
    later = datetime.now(UTC) + 5 * SOON
    assert bench.notifier.move(ticket.id, later).moved == 1
    with bench.database.begin() as session:
        row = session.execute(text("SELECT due_at, expires_at FROM message")).one()
    assert row.due_at == later
    assert row.expires_at - row.due_at == timedelta(minutes=10)
    assert bench.notifier.move(ticket.id, datetime.now(UTC)).moved == 1
    assert len(bench.claim()) == 1


def test_a_move_tells_what_it_came_too_late_for(bench: Bench) -> None:
    ticket = bench.put()
    bench.deliver()
    decided = bench.notifier.move(ticket.id, datetime.now(UTC) + SOON)
    assert (decided.moved, decided.too_late) == (0, {"too late: eSMS holds it": 1})


def test_a_move_past_the_producers_own_end_leaves_it_as_it_is(bench: Bench) -> None:
    ticket = bench.put(send_date=datetime.now(UTC) + SOON, expires_at=datetime.now(UTC) + 2 * SOON)
    decided = bench.notifier.move(ticket.id, datetime.now(UTC) + 3 * SOON)
    assert (decided.moved, decided.too_late) == (0, {"left as it is: its expires_at comes before that date": 1})


def test_the_date_of_what_esms_holds_already_is_not_moved_with_the_rest(bench: Bench) -> None:
    date = datetime.now(UTC) + SOON
    ticket = bench.put(otp(["0901000100", "0901000101"]), send_date=date, hand_over=True)
    assert len(bench.claim(most=1)) == 1
    decided = bench.notifier.move(ticket.id, date + SOON)
    assert (decided.moved, decided.too_late) == (0, {"left as it is: queued": 1, "too late: sending": 1})
    assert bench.notifier.show(ticket.id).send_date == date


def test_a_campaign_moves_as_a_whole(bench: Bench) -> None:
    campaign(bench, send_date=datetime.now(UTC) + SOON)
    assert bench.notifier.move_campaign("tet", datetime.now(UTC)).moved == 10
    assert len(bench.claim()) == 10


def test_a_move_to_a_date_that_cannot_be_is_refused(bench: Bench) -> None:
    ticket = bench.put(send_date=datetime.now(UTC) + SOON)
    for date in (datetime.now(UTC) - timedelta(days=2), datetime.now(UTC) + timedelta(days=900)):
        with pytest.raises(Invalid, match="send_date"):
            bench.notifier.move(ticket.id, date)


@pytest.mark.parametrize(("request_", "minutes"), [(otp(), 10), (Sms(to="0901000001", content="x", sms_type=4), 1440)])
def test_a_message_without_an_end_has_its_lanes_usual_one(bench: Bench, request_: Sms, minutes: int) -> None:
    bench.put(request_, send_date=datetime.now(UTC) + SOON)
    with bench.database.begin() as session:
        row = session.execute(text("SELECT expires_at - due_at AS life FROM message")).one()
    assert row.life == timedelta(minutes=minutes)


def test_a_repeated_reference_is_a_conflict_only_by_content_not_by_its_date(bench: Bench) -> None:
    first = bench.put(reference="r", send_date=datetime.now(UTC) + SOON)
    bench.notifier.move(first.id, datetime.now(UTC) + 2 * SOON)
    assert bench.put(reference="r", send_date=datetime.now(UTC) + SOON).repeated
    with pytest.raises(Conflict):
        bench.put(otp(content="another"), reference="r")
