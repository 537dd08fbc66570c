"""A claim whose commit was lost with its server, in a promoted replica or a restored backup, sends nothing twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.support import Bench, eventually, otp
from worker import Notifier, Sms, SmsType, Ticket
from worker.ledger.opt_out import opt_out
from worker.lifecycle import Status

CopyOf = Callable[[Bench], Bench]

NUMBERS = [f"09020{n:05d}" for n in range(200, 310)]
KNEW = "eSMS knew this RequestId, though it was never in doubt here; its SMSID is not known"


@pytest.fixture
def bench(lonely_bench: Bench) -> Bench:
    """What is to be copied."""
    return lonely_bench


def advertise(bench: Bench) -> Ticket:
    """In three requests: 50, 40, 20."""
    with Notifier(replace(bench.settings, advertising_most=50)) as notifier:
        return notifier.enqueue(Sms(to=NUMBERS, content="Giam gia", sms_type=SmsType.ADVERTISING))


def sent(bench: Bench) -> int:
    assert bench.simulator.ledger().twice() == {}
    return len(bench.simulator.ledger().sms)


def test_what_was_sent_after_the_copy_goes_out_once_and_is_told(bench: Bench, copy_of: CopyOf) -> None:
    tickets = [bench.put(otp(f"09010{n:05d}")) for n in range(20, 25)]
    copy = copy_of(bench)
    bench.deliver()
    copy.deliver()
    assert sent(bench) == 5
    for ticket in tickets:
        message = copy.message(ticket)
        assert (message["status"], message["code"], message["reason"]) == ("accepted", "124", KNEW)
        assert message["request_id"] == bench.message(ticket)["request_id"]


def test_its_smsid_is_found_though_it_was_taken_long_before(bench: Bench, copy_of: CopyOf) -> None:
    ticket = bench.put(otp("0901000020"))
    bench.simulator.set(sent_data="published")
    bench.set(ticket, created_at="now() - interval '3 days'")
    copy = copy_of(bench)
    bench.deliver()
    copy.deliver()
    with copy.database.begin() as session:
        since = session.connection().exec_driver_sql("SELECT now() - in_doubt_since > interval '23 hours' FROM message")
        assert since.scalar_one()
    eventually(lambda: copy.poll() or copy.status(ticket) == "delivered")
    assert copy.message(ticket)["sms_id"] == bench.message(ticket)["sms_id"]


@pytest.mark.parametrize("gone", [0, 70])
def test_advertising_goes_out_once_even_if_somebody_of_it_opts_out_meanwhile(
    bench: Bench, copy_of: CopyOf, gone: int
) -> None:
    ticket = advertise(bench)
    copy = copy_of(bench)
    bench.deliver()
    with copy.database.begin() as session:
        assert opt_out(session, ["+84" + NUMBERS[gone][1:]], "person") == 1
    copy.deliver()
    assert sent(bench) == 110
    assert copy.standing(ticket.id) == {Status.ACCEPTED: 109, Status.CANCELLED: 1}


def test_a_new_id_after_a_refusal_is_the_same_one_again(bench: Bench, copy_of: CopyOf) -> None:
    bench.simulator.set(plots=dict.fromkeys(NUMBERS[:1], "poor"))
    ticket = bench.put(otp(NUMBERS[0]))
    bench.deliver()
    refused = bench.message(ticket)
    assert (refused["status"], refused["code"], refused["request_id"]) == ("queued", "103", None)
    bench.simulator.set(plots={})
    bench.notifier.resume(["urgent"])  # type: ignore[list-item]
    copy = copy_of(bench)
    bench.deliver()
    copy.deliver()
    assert sent(bench) == 1
    first, again = bench.message(ticket)["request_id"], copy.message(ticket)["request_id"]
    assert first == again == refused["id"].replace("-", "") + "-1"


def test_a_retry_that_was_lost_and_is_repeated_goes_out_once(bench: Bench, copy_of: CopyOf) -> None:
    bench.simulator.set(plots={NUMBERS[0]: "refused"})
    ticket = bench.put(otp(NUMBERS[0]))
    bench.deliver()
    assert bench.status(ticket) == "rejected"
    bench.simulator.set(plots={})
    copy = copy_of(bench)
    for each in (bench, copy):
        assert each.notifier.retry(ticket.id).moved == 1
        each.deliver()
    assert sent(bench) == 1
    assert copy.status(ticket) == "accepted"
