"""What a second reading found: each test is one way in which a message was doubled, lost or stuck, or eSMS flooded."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from tests.support import Bench, eventually, otp
from worker import RecordCall, Sms, SmsType, Ticket, ledger
from worker.database import Database
from worker.lifecycle import Lane, Status
from worker.limiter import Limiter
from worker.settings import Rates


def advertising(bench: Bench, recipients: int, **besides: str) -> Ticket:
    to = [f"09010001{n:02d}" for n in range(recipients)]
    return bench.put(Sms(to=to, content="Giam gia", sms_type=SmsType.ADVERTISING), **besides)


def test_advertising_whose_campaign_was_let_go_is_sent_though_some_of_it_is_still_marked(bench: Bench) -> None:
    ticket = advertising(bench, 50, campaign="tet")
    [claim] = bench.claim(Lane.BULK)
    with bench.database.begin() as session:
        ledger.hand_back(session, [claim._replace(fences=claim.fences[:25])])
    bench.notifier.pause_campaign("tet")
    bench.look_after_ledger()
    with bench.database.begin() as session:
        ledger.hand_back(session, [claim._replace(fences=claim.fences[25:])])
    bench.notifier.resume_campaign("tet")
    bench.deliver()
    assert {str(status) for status in bench.standing(ticket.id)} == {"accepted"}


def test_advertising_is_not_cut_below_the_least_while_somebody_else_holds_some_of_it(bench: Bench) -> None:
    ticket = advertising(bench, 30)
    with bench.database.begin() as session:
        some = "SELECT id FROM message WHERE notification_id = :id ORDER BY id LIMIT 15 FOR UPDATE"
        session.execute(text(some), {"id": ticket.id})
        bench.deliver()
    bench.deliver()
    assert {str(status) for status in bench.standing(ticket.id)} == {"accepted"}
    assert len(bench.simulator.sends()) == 1


def test_what_esms_holds_until_a_date_is_not_looked_for_before_it(bench: Bench) -> None:
    """The sent data can't show it yet: its absence proves nothing."""
    bench.pace = replace(bench.pace, ask_again_after=timedelta(hours=1))
    ticket = bench.put(otp("0901000005"), send_date=datetime.now(UTC) + timedelta(days=9), hand_over=True)
    bench.deliver()  # taken, and the answer is lost
    bench.set(ticket, in_doubt_since="now() - interval '24 hours'", due_at="now()")
    bench.simulator.set(clock_ahead=86400)  # eSMS has forgotten the RequestId
    for _ in range(4):
        bench.poll()
        bench.deliver()
        bench.set(ticket, due_at="now() - interval '1 second'")
    assert bench.simulator.ledger().twice() == {}
    assert len(bench.simulator.sends()) == 1


def test_what_esms_held_and_does_not_show_after_its_date_is_left_to_a_person(bench: Bench) -> None:
    """It may stand there under another day, or its date have been moved since: sent again, it could go out twice."""
    bench.pace = replace(bench.pace, ask_again_after=timedelta(hours=1))
    ticket = bench.put(otp("0901000005"), send_date=datetime.now(UTC) + timedelta(days=9), hand_over=True)
    bench.deliver()
    ages_ago = "now() - interval '24 hours'"
    bench.set(ticket, in_doubt_since=ages_ago, due_at=ages_ago)
    with bench.database.begin() as session:
        session.execute(text(f"UPDATE notification SET send_date = {ages_ago} - interval '9 days'"))
    bench.simulator.reset()  # nothing is in the sent data
    eventually(lambda: bench.poll() or bench.status(ticket) == "held")


def test_a_recipient_is_not_sent_to_again_when_the_request_took_the_others(bench: Bench) -> None:
    bench.pace = replace(bench.pace, ask_again_after=timedelta(hours=1))
    bench.simulator.set(sent_data="published", force={"SendMultipleMessage_V4_get": "lost_answer"})
    ticket = advertising(bench, 20)
    bench.deliver()
    bench.simulator.set(force={})
    bench.set(ticket, in_doubt_since="now() - interval '24 hours'", due_at="now()")
    last = "UPDATE message SET phone = '+84901000999', due_at = now() + interval '1 hour' WHERE phone = '+84901000119'"
    with bench.database.begin() as session:
        session.execute(text(last))
    eventually(lambda: bench.poll() or set(bench.standing(ticket.id)) == {Status.UNCONFIRMED, Status.DELIVERED})
    bench.set(ticket, due_at="now()")
    eventually(lambda: bench.poll() or Status.UNCONFIRMED not in bench.standing(ticket.id))
    assert bench.standing(ticket.id) == {Status.HELD: 1, Status.DELIVERED: 19}


@pytest.fixture
def facts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a drain tells."""
    told: list[str] = []
    for module in ("worker.delivery.drain", "worker.database"):
        monkeypatch.setattr(f"{module}.emit", lambda event, **_: told.append(event))
    return told


def test_a_drain_does_not_spin_while_postgres_is_away(bench: Bench, facts: list[str]) -> None:
    """It did so for its whole 20 seconds, with a line in the log each time."""
    bench.workers.close()
    bench.workers = Database("postgresql+psycopg://nobody@127.0.0.1:1/none")
    bench.deliver()
    assert facts == ["step.failed"]


@pytest.mark.parametrize(("plot", "code"), [("code_103", "103"), ("hang_always", "unreachable")])
def test_a_lane_that_was_let_go_is_paused_again_by_the_same_drain(bench: Bench, plot: str, code: str) -> None:
    """Else a drain that other lanes keep going would go on with this one as fast as it can claim."""
    numbers = [f"0901000{n}" for n in range(100, 120)]
    bench.simulator.set(plots=dict.fromkeys(numbers, plot))
    bench.limiter = Limiter(None, Rates.from_environ({"WORKER_RATE_NORMAL": "1"}), account="hunt")
    bench.pace = replace(bench.pace, break_after=10, ask_again_after=timedelta(hours=1))
    bench.notifier.enqueue_many(
        Sms(to=f"0901000{n}", content="Xin chao", sms_type=SmsType.CUSTOMER_CARE) for n in range(300, 320)
    )
    bench.notifier.enqueue_many(otp(number) for number in numbers[:10])
    pauses: list[str | None] = []

    def let_go() -> bool:
        with bench.database.begin() as session:
            paused = [pause.code for pause in ledger.paused(session)]
            ledger.lift(session, list(Lane), by="a person")
        if paused and not pauses:
            bench.notifier.enqueue_many(otp(number) for number in numbers[10:])
        pauses.extend(paused)
        return len(pauses) == 2

    bench.deliver(stopping=let_go)
    assert pauses == [code, code]


def test_what_is_in_doubt_does_not_fill_a_line_that_moves_slowly(bench: Bench) -> None:
    """What waits there nobody else can send, and a fresh code waits behind it."""
    bench.limiter = Limiter(None, Rates.from_environ({"WORKER_RATE_URGENT": "4"}), account="hunt")
    tickets = bench.notifier.enqueue_many(otp(f"0901000{n}") for n in range(100, 200))
    for ticket in tickets:
        bench.set(ticket, status="'unconfirmed'", request_id="md5(id::text)", in_doubt_since="now()", due_at="now()")
    most = 0

    def look() -> bool:
        nonlocal most
        with bench.database.begin() as session:
            sending = session.execute(text("SELECT count(*) FROM message WHERE status = 'sending'")).scalar_one()
        most = max(most, sending)
        return len(bench.simulator.sends()) >= 4

    bench.deliver(stopping=look)
    assert 1 <= most <= 8


@pytest.mark.long
def test_a_flood_in_one_lane_starves_no_other(bench: Bench) -> None:
    bench.pace = replace(bench.pace, sends_in_flight=4)
    flood = bench.notifier.enqueue_many(Sms(to=f"0901{n:06d}", content="x", sms_type=4) for n in range(400))
    call = bench.put(RecordCall(to="0901000100", record_id="2001"))
    bench.deliver(stopping=lambda: bench.status(call) == "accepted")
    assert bench.status(call) == "accepted"
    assert [bench.status(ticket) for ticket in flood].count("queued") > 100


@pytest.mark.long
def test_a_backlog_of_calls_to_a_slow_esms_holds_none(bench: Bench) -> None:
    """As after an outage: all at once, to one that takes ten a second, are answered later than the time-out of 2 s."""
    bench.simulator.set(latency=0.2, at_once=2, magic_numbers=False)
    tickets = [bench.put(RecordCall(to=f"09012{number:05}", record_id="2001")) for number in range(50)]
    bench.deliver([Lane.VOICE])
    assert {str(status) for ticket in tickets for status in bench.standing(ticket.id)} == {"accepted"}
