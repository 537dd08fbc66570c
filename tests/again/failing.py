"""What failed, put there; and how many are queued again."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from tests.support import Bench, otp
from worker import Ticket

SEND = "SendMultipleMessage_V4_get"


def failed(bench: Bench, number: str = "0901000001", campaign: str | None = "tet", **columns: str) -> Ticket:
    """One that did not arrive; columns: as it stands otherwise."""
    ticket = bench.put(otp(number), campaign=campaign)
    stands = {"status": "'undelivered'", "settled_at": "now()", "accepted_at": "now()", "code": "'100'"}
    bench.set(ticket, **(stands | columns))
    return ticket


def rejected(bench: Bench, number: str, code: str, **besides: Any) -> Ticket:
    return failed(bench, number, status="'rejected'", code=f"'{code}'", accepted_at="NULL", **besides)


def many(bench: Bench, count: int, campaign: str = "tet", *, first: int = 0) -> None:
    numbers = [f"09010{n:05d}" for n in range(first, first + count)]
    tickets = bench.notifier.enqueue_many([otp(number) for number in numbers], campaign=campaign)
    with bench.database.begin() as session:
        ids = [ticket.id for ticket in tickets]
        change = "UPDATE message SET status = 'undelivered', code = '100', settled_at = now()"
        session.execute(text(f"{change} WHERE notification_id = ANY(:ids)"), {"ids": ids})


def queued(bench: Bench) -> int:
    with bench.database.begin() as session:
        return int(session.scalar(text("SELECT count(*) FROM message WHERE status = 'queued'")) or 0)
