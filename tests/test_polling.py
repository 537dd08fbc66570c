"""Polling: finished is not delivered, silence is not failure, and every recipient has an answer of its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.support import Bench, eventually, otp
from worker import RecordCall, Sms, SmsType, Status, TemplateCall, ledger


def polled(bench: Bench) -> bool:
    """Let every question be due, and ask."""
    with bench.database.begin() as session:
        session.execute(text("UPDATE message SET poll_at = now() WHERE poll_at IS NOT NULL"))
    return bench.poll()


@pytest.mark.parametrize(
    ("plot", "status"),
    [("001", "delivered"), ("002", "undelivered"), ("004", "delivered"), ("009", "rejected"), ("010", "rejected")],
)
def test_an_sms_ends_as_the_operator_says(bench: Bench, plot: str, status: str) -> None:
    ticket = bench.put(otp("0901000" + plot))
    bench.deliver()
    eventually(lambda: polled(bench) or bench.status(ticket) == status)
    assert bench.message(ticket)["requests"][-1]["outcome"] == status


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (TemplateCall(to="0901000001", template_id="1001", variables=["Lan"]), "delivered"),
        (RecordCall(to="0901000001", record_id="2001"), "delivered"),
        (RecordCall(to="0901000002", record_id="2001"), "undelivered"),
        (RecordCall(to="0901000004", record_id="2001"), "undelivered"),
    ],
)
def test_a_call_ends_as_the_line_says(bench: Bench, request_: TemplateCall | RecordCall, status: str) -> None:
    ticket = bench.put(request_)
    bench.deliver()
    eventually(lambda: polled(bench) or bench.status(ticket) == status)


@pytest.mark.parametrize("plot", ["011", "012"])
def test_what_is_not_known_yet_is_asked_later_and_writes_no_request_row(bench: Bench, plot: str) -> None:
    bench.pace = replace(bench.pace, poll_first_after=timedelta(hours=1))
    ticket = bench.put(otp("0901000" + plot))
    bench.deliver()
    polled(bench)
    message = bench.message(ticket)
    assert message["status"] == "accepted"
    assert [row["function"] for row in message["requests"]] == ["SendMultipleMessage_V4_get"]


def test_each_recipient_of_one_advertising_request_has_its_own_end(bench: Bench) -> None:
    numbers = [f"0901000{n:03d}" for n in (1, 2, *range(100, 120))]
    ticket = bench.put(Sms(to=numbers, content="Sale", sms_type=SmsType.ADVERTISING))
    bench.deliver()
    eventually(lambda: polled(bench) or Status.ACCEPTED not in bench.standing(ticket.id))
    ends = {message["phone"][-3:]: message["status"] for message in bench.messages(ticket)}
    assert ends.pop("002") == "undelivered"
    assert set(ends.values()) == {"delivered"}


def test_a_question_passes_on_when_the_one_that_carried_it_is_settled(bench: Bench) -> None:
    numbers = [f"0901000{n:03d}" for n in range(100, 125)]
    ticket = bench.put(Sms(to=numbers, content="Sale", sms_type=SmsType.ADVERTISING))
    bench.deliver()
    bench.set(ticket, status="CASE WHEN poll_at IS NULL THEN status ELSE 'delivered' END")
    with bench.database.begin() as session:
        ledger.postpone(session, [(bench.messages(ticket)[0]["sms_id"], timedelta(0))])
    eventually(lambda: bench.poll() or set(bench.standing(ticket.id)) == {Status.DELIVERED})


def test_a_provider_that_does_not_answer_changes_nothing(bench: Bench) -> None:
    ticket = bench.put()
    bench.deliver()
    bench.simulator.set(force={"GetSendStatus": "http_5xx_not_taken"})
    polled(bench)
    assert bench.status(ticket) == "accepted"
    bench.simulator.set(force={})
    eventually(lambda: polled(bench) or bench.status(ticket) == "delivered")
