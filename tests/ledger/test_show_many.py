"""A notification with more recipients than a statement takes parameters is shown all the same."""

from __future__ import annotations

import json
from uuid import UUID

import pytest
from sqlalchemy import text

from tests.cli.test_cli_commands import Cli, cli
from tests.support import Bench, otp
from worker import WorkerError
from worker.api.notifier import PART
from worker.database import Database

__all__ = ["cli"]  # a fixture

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


def test_a_notification_is_shown_a_thousand_messages_at_a_time_each_of_them_once(bench: Bench, cli: Cli) -> None:
    ticket = bench.put(otp())
    with bench.database.begin() as session:
        session.execute(text(RECIPIENTS), {"id": ticket.id, "many": PART + 5})
    some = bench.notifier.show(ticket.id, most=3)
    assert some.more == some.messages[-1].id
    assert [each.id.int for each in bench.notifier.show(ticket.id, after=some.more, most=2).messages] == [4, 5]
    shown = json.loads(cli("show", str(ticket.id), "--json")[1])
    assert [UUID(each["id"]).int for each in shown["messages"][:-1]] == list(range(1, PART + 6))
    lines = cli("show", str(ticket.id))[1].splitlines()
    assert sum("+849" in line for line in lines) == PART + 6
    assert sum(line.startswith("message ") for line in lines) == 2


def test_what_fails_on_a_live_connection_is_not_called_a_postgres_that_does_not_answer(database: Database) -> None:
    with pytest.raises(WorkerError) as raised, database.begin() as session:
        asked = f"SELECT 1 WHERE 1 IN ({', '.join(['%s'] * MANY)})"
        session.connection().exec_driver_sql(asked, tuple(range(MANY)))
    assert "answers" not in str(raised.value)
