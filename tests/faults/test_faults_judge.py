"""The judge sees what it is there for: each wrong that a fault could do is found."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from tests.faults.judge import STRICT, Allowed, Verdict, judged
from tests.faults.stock import Stock
from tests.support import Bench, eventually
from worker.esms import OutgoingSms


@pytest.fixture
def stock(bench: Bench) -> Stock:
    """Four SMS and two calls, all of them delivered."""
    bench.simulator.set(magic_numbers=False)
    stock = Stock(bench.notifier, "judged")
    stock.hand_over(stock.sms(4), stock.calls(2))
    bench.deliver()
    eventually(lambda: bench.poll() or statuses(bench) == {"delivered"})
    return stock


def statuses(bench: Bench) -> set[str]:
    with bench.database.begin() as session:
        return set(session.scalars(text("SELECT status FROM message")))


def verdict(bench: Bench, stock: Stock, allowed: Allowed = STRICT) -> Verdict:
    return judged(bench.database, bench.simulator, stock, allowed)


def test_what_went_well_is_clean(bench: Bench, stock: Stock) -> None:
    found = verdict(bench, stock)
    assert found.clean, str(found)
    assert (found.messages, found.held) == (6, 0)


def test_an_sms_that_somebody_got_twice_is_doubled(bench: Bench, stock: Stock) -> None:
    again = OutgoingSms(phone=[stock.phones[0]], content="Tin nhan 1", sms_type=7, request_id="another")
    bench.client.send_sms(again)
    assert verdict(bench, stock).doubled == 1


def apply(bench: Bench, statement: str) -> None:
    with bench.database.begin() as session:
        session.execute(text(statement))


def a_row(assignment: str, kind: str) -> str:
    one = f"SELECT m.id FROM message AS m JOIN notification AS n ON n.id = m.notification_id WHERE kind {kind} LIMIT 1"
    return f"UPDATE message SET {assignment} WHERE id = ({one})"


SMS, CALL = "= 'sms'", "<> 'sms'"


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        (a_row("status = 'queued'", SMS), "never came to its end"),
        (a_row("status = 'unconfirmed'", SMS), "never came to its end"),
        (a_row("status = 'rejected'", SMS), "got it 1 times all the same"),
        (a_row("status = 'undelivered'", SMS), "got it 1 times all the same"),
        (a_row("status = 'unknown'", SMS), "never came to its end"),
        (a_row("status = 'held'", SMS), "held without a need"),
        (a_row("status = 'held'", CALL), "held without a need"),
        (a_row("sms_id = 'another'", SMS), "SMSID is another message's"),
        ("DELETE FROM request", "no request row says that eSMS took it"),
        ("UPDATE request SET sms_id = 'another' WHERE code = '100'", "eSMS's books do not know"),
        ("UPDATE request SET request_id = 'x'; UPDATE message SET request_id = 'x'", "more answers"),
        ("DELETE FROM notification", "handed over, and not in the ledger"),
        (
            "UPDATE message SET phone = '+84999999999' WHERE id = (SELECT min(id::text)::uuid FROM message)",
            "never got it",
        ),
    ],
)
def test_each_wrong_in_the_ledger_is_told(bench: Bench, stock: Stock, change: str, wrong: str) -> None:
    apply(bench, change)
    found = verdict(bench, stock)
    assert not found.clean
    assert wrong in str(found)


def test_a_message_that_never_went_out_though_its_row_says_so_is_lost(bench: Bench, stock: Stock) -> None:
    bench.simulator.reset()
    assert verdict(bench, stock).lost == 6


def test_what_was_cancelled_in_time_and_went_out_is_told(bench: Bench, stock: Stock) -> None:
    stock.cancelled.add(stock.phones[0])
    assert "cancelled in time, and yet not cancelled" in str(verdict(bench, stock))


DOUBT = Allowed(in_doubt=True)


def test_unknown_is_counted_where_esms_never_tells(bench: Bench, stock: Stock) -> None:
    apply(bench, a_row("status = 'unknown'", SMS))
    found = verdict(bench, stock, DOUBT)
    assert found.clean, str(found)
    assert found.unknown == 1


def test_held_is_no_end_for_what_esms_said_it_took(bench: Bench, stock: Stock) -> None:
    apply(bench, a_row("status = 'held'", SMS))
    assert "held without a need" in str(verdict(bench, stock, DOUBT))


def test_what_was_held_without_a_need_is_told_with_what_became_of_it(bench: Bench, stock: Stock) -> None:
    apply(bench, a_row("status = 'held'", SMS))
    found = verdict(bench, stock)
    assert len(found.needless) == 1
    for told in ("in urgent: attempts 1", "queued -> sending", "of attempt 1", "code 100, accepted", "-> held"):
        assert told in str(found)


def test_where_nothing_may_be_held_whatever_is_held_is_told(bench: Bench, stock: Stock) -> None:
    apply(bench, a_row("status = 'held', reason = 'every process that was to send it died, 3 in a row'", CALL))
    assert "held without a need" not in str(verdict(bench, stock))
    assert "held without a need" in str(verdict(bench, stock, Allowed(held=False)))


def test_several_texts_to_one_number_are_each_their_own(bench: Bench, stock: Stock) -> None:
    stock.advertise(1, 3)
    bench.deliver()
    eventually(lambda: bench.poll() or statuses(bench) == {"delivered"})
    found = verdict(bench, stock)
    assert (found.clean, found.messages) == (True, 9), str(found)


def test_only_who_gets_nothing_may_be_called_so(bench: Bench, stock: Stock) -> None:
    nobody, all_of_them = Allowed(unreachable="none"), Allowed(unreachable="")
    apply(bench, "UPDATE message SET status = 'undelivered'")
    assert verdict(bench, stock, all_of_them).clean
    assert "got it 1 times all the same" in str(verdict(bench, stock, nobody))


def test_delivered_is_wrong_where_it_never_arrived(bench: Bench, stock: Stock) -> None:
    assert "it never arrived" in str(verdict(bench, stock, Allowed(unreachable="")))


def test_a_refusal_of_what_was_never_taken_is_told(bench: Bench, stock: Stock) -> None:
    bench.simulator.reset()
    apply(bench, "UPDATE message SET status = 'rejected'")
    assert "nothing was wrong with it" in str(verdict(bench, stock))
