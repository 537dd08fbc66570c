"""Promises of what follows by itself, made, corrected and brought to their time; how each was decided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from tests.again.test_follow_ups import CALL, FAILED
from tests.support import Bench, otp
from worker import Corrected, Failed, Ticket, again


def put(bench: Bench, status: str = "undelivered", **besides: Any) -> Ticket:
    """One that was to be followed by a call, and failed."""
    ticket = bench.put(otp(), **({"fallback": CALL, "fallback_after": "10m"} | besides))
    bench.set(ticket, **(FAILED | {"status": f"'{status}'"}))
    return ticket


def correct(bench: Bench, which: object, **what: Any) -> int:
    corrected = Corrected(**(what or {"content": "Ma: 2"}))
    return bench.notifier.again.retry(Failed(ids=[str(which)]), by="lan", corrected=corrected).moved


def last(bench: Bench, ticket: Ticket) -> Any:
    """The message that stands at the end of the chain."""
    with bench.database.begin() as session:
        return session.execute(
            text("""
                WITH RECURSIVE chain AS (
                    SELECT m.* FROM message AS m WHERE m.notification_id = :id
                    UNION ALL SELECT m.* FROM message AS m JOIN chain AS c ON m.id = c.replaced_by
                )
                SELECT c.id, c.notification_id, c.status, c.phone, c.lane, c.generation, c.replaces
                FROM chain AS c WHERE c.replaced_by IS NULL
            """),
            {"id": ticket.id},
        ).one()


def turn(bench: Bench, message: UUID, change: str) -> None:
    with bench.database.begin() as session:
        session.execute(text(f"UPDATE message SET {change} WHERE id = :id"), {"id": message})


def outcomes(bench: Bench) -> Sequence[tuple[str | None, bool]]:
    """Of each promise, in the order in which they were made: how it was decided, and whether it is open."""
    with bench.database.begin() as session:
        rows = session.execute(
            text("""
                SELECT f.outcome, f.due_at IS NOT NULL FROM follow_up AS f JOIN message AS m ON m.id = f.message_id
                ORDER BY m.generation
            """)
        )
        return [(row[0], row[1]) for row in rows]


def follow(bench: Bench) -> None:
    while again.follow(bench.database, bench.settings):
        pass
