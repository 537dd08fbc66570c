"""A notification with more recipients than a statement takes parameters is shown all the same."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import text

from tests.support import Bench, otp
from worker import WorkerError
from worker.database import Database

MANY = 70_000

RECIPIENTS = """
    INSERT INTO message (id, notification_id, phone, lane, status, grouped, due_at)
    SELECT lpad(to_hex(n), 32, '0')::uuid, :id, '+849' || lpad(n::text, 8, '0'), 'bulk', 'rejected', n % 2 = 0, now()
    FROM generate_series(1, :many) AS n
"""


@pytest.mark.long
def test_a_notification_with_more_recipients_than_a_statement_has_parameters_is_shown(bench: Bench) -> None:
    ticket = bench.put(otp())
    with bench.database.begin() as session:
        session.execute(text(RECIPIENTS), {"id": ticket.id, "many": MANY})
    assert len(bench.notifier.show(ticket.id).messages) == MANY + 1
    with bench.database.begin() as session:
        session.execute(text("DELETE FROM message WHERE id < :first"), {"first": UUID(int=MANY + 1)})


def test_what_fails_on_a_live_connection_is_not_called_a_postgres_that_does_not_answer(database: Database) -> None:
    with pytest.raises(WorkerError) as raised, database.begin() as session:
        names = ", ".join(f":p{n}" for n in range(MANY))
        session.execute(text(f"SELECT 1 WHERE 1 IN ({names})"), {f"p{n}": n for n in range(MANY)})
    assert "answers" not in str(raised.value)
