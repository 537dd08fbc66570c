"""What a message costs: its segments by our own count, and the price where eSMS tells it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from tests.support import Bench, eventually, otp
from worker import Sms, SmsType, TemplateCall, Ticket

UNICODE = "Chúc chị Lan sinh nhật vui vẻ, mọi điều như ý, và thật nhiều sức khỏe nhé chị!"
PRICED = ["unknown_members"]  # a GetSendStatus with TotalPrice 790


def one(bench: Bench, ticket: Ticket, column: str) -> Any:
    query = f"SELECT {column} FROM message AS m JOIN notification AS n ON n.id = m.notification_id WHERE n.id = :id"
    with bench.database.begin() as session:
        return session.execute(text(query), {"id": ticket.id}).scalars().first()


@pytest.mark.parametrize(
    ("content", "sms_type", "unicode", "segments"),
    [
        ("x" * 160, SmsType.OTP, False, 1),
        ("x" * 161, SmsType.OTP, False, 2),
        (UNICODE[:70], SmsType.RANDOM, True, 1),
        (UNICODE[:71], SmsType.RANDOM, True, 2),
    ],
)
def test_segments_are_counted_when_it_is_enqueued(
    bench: Bench, content: str, sms_type: SmsType, unicode: bool, segments: int
) -> None:
    ticket = bench.put(Sms(to="0901000001", content=content, sms_type=sms_type, unicode=unicode))
    assert one(bench, ticket, "n.segments") == segments


def test_a_call_has_no_segments(bench: Bench) -> None:
    ticket = bench.put(TemplateCall(to="0901000001", template_id="1001", variables=["Lan"]))
    assert one(bench, ticket, "n.segments") is None


def test_the_price_that_a_status_tells_stands_with_the_message(bench: Bench) -> None:
    bench.simulator.set(quirks=PRICED)
    ticket = bench.put()
    bench.deliver()
    assert one(bench, ticket, "m.price") is None
    bench.ask_until(ticket, "delivered")
    assert one(bench, ticket, "m.price") == Decimal(790)


def test_where_a_status_tells_no_price_none_is_made_up(bench: Bench) -> None:
    ticket = bench.put()
    bench.deliver()
    bench.ask_until(ticket, "delivered")
    assert one(bench, ticket, "m.price") is None


def test_a_retry_begins_without_the_price_of_the_attempt_before(bench: Bench) -> None:
    bench.simulator.set(quirks=PRICED)
    ticket = bench.put(otp("0901000002"))
    bench.deliver()
    bench.ask_until(ticket, "undelivered")
    assert one(bench, ticket, "m.price") == Decimal(790)
    bench.notifier.retry(ticket.id)
    assert one(bench, ticket, "m.price") is None


def test_each_recipient_of_one_request_bears_its_share(bench: Bench) -> None:
    bench.simulator.set(quirks=PRICED)
    everybody = [f"09010001{n:02}" for n in range(20)]
    ticket = bench.put(Sms(to=everybody, content="Khuyen mai", sms_type=SmsType.ADVERTISING, brandname="sangbrand"))
    bench.deliver()

    def asked() -> bool:
        with bench.database.begin() as session:
            session.execute(text("UPDATE message SET poll_at = now() WHERE poll_at IS NOT NULL"))
        bench.poll()
        return {each["status"] for each in bench.messages(ticket)} == {"delivered"}

    eventually(asked)
    assert one(bench, ticket, "m.price") == Decimal("39.5")


def test_the_price_in_the_sent_data_counts_too(bench: Bench) -> None:
    bench.simulator.set(sent_data="published", plots={"0901000015": "delivered"})
    ticket = bench.put(otp("0901000015", content="Ma: 7777"))
    bench.deliver()
    bench.set(ticket, sms_id="NULL", in_doubt_since="now()")
    bench.ask_until(ticket, "delivered")
    assert one(bench, ticket, "m.price") == Decimal(790)
