"""What a reviewer found in the core: each test is one way in which a message was doubled, lost or stuck, or eSMS flooded."""

from __future__ import annotations

from sqlalchemy import text

from tests.support import Bench
from worker import Sms, SmsType, Ticket, ledger
from worker.lifecycle import Lane


def advertising(bench: Bench, recipients: int, **besides: str) -> Ticket:
    to = [f"09010001{n:02d}" for n in range(recipients)]
    return bench.put(Sms(to=to, content="Giam gia", sms_type=SmsType.ADVERTISING), **besides)


def test_advertising_whose_campaign_was_let_go_is_sent_though_some_of_it_is_still_marked(bench: Bench) -> None:
    ticket = advertising(bench, 50, campaign="tet")
    [claim] = bench.claim(Lane.BULK)
    with bench.database.begin() as session:
        ledger.hand_back(session, claim.fences[:25])
    bench.notifier.pause_campaign("tet")
    bench.keep_house()
    with bench.database.begin() as session:
        ledger.hand_back(session, claim.fences[25:])
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
