"""Where a notification stands is counted by one look at each message, or some at a time, however many there are."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, text

from tests.cli.test_cli_commands import Cli, cli
from tests.ledger.test_ledger_plans import undone
from tests.plans import plan_of
from tests.support import Bench, otp
from worker.catalogue.waits import PERSON
from worker.database import Database
from worker.reporting import counting
from worker.reporting.counting import alike, alike_by_steps

__all__ = ["cli"]  # a fixture

OF_MANY = UUID(int=1)
MANY = 20_000
FILL = (
    "ANALYZE message, notification",  # while they hold few
    f"""
    INSERT INTO notification (id, kind, source, content, options, hand_over, fingerprint)
    VALUES ('{OF_MANY}', 'sms', '', 'x', '{{}}', false, '')
    """,
    f"""
    INSERT INTO message (id, notification_id, phone, lane, status, grouped, due_at)
    SELECT gen_random_uuid(), '{OF_MANY}', '+8490', 'normal', 'delivered', false, now()
    FROM generate_series(1, {MANY}) AS n
    """,
)


def test_it_stands_the_same_whether_it_is_counted_at_once_or_by_steps(
    bench: Bench, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "FIRST_STEP", 2)
    monkeypatch.setattr(counting, "STEP", 3)
    ticket = bench.put(otp([f"09010000{n:02}" for n in range(10, 20)]))
    for each, change in (
        ("1", "due_at = now() + interval '1 day'"),
        ("[23]", "failures = 1, due_at = now() + interval '1 hour', reason = 'no answer came in time'"),
        ("[45]", "status = 'accepted', accepted_at = now(), poll_at = now() + interval '1 h'"),
        ("6", "status = 'accepted', accepted_at = now(), poll_at = now() + interval '1 minute'"),
        ("[789]", "status = 'delivered', settled_at = now()"),
    ):
        with bench.database.begin() as session:
            session.execute(text(f"UPDATE message SET {change} WHERE phone ~ '{each}$'"))
    told: list[int] = []
    by_steps, at_once = bench.notifier.status(ticket.id, told=told.append), bench.notifier.status(ticket.id)
    assert told == [2, 3, 3]
    assert by_steps.statuses == at_once.statuses == {"queued": 4, "accepted": 3, "delivered": 3}
    by_words = {(each.messages, each.why, each.until) for each in at_once.waits}
    assert {(each.messages, each.why, each.until) for each in by_steps.waits} == by_words
    assert len(at_once.waits) == 4
    assert json.loads(cli("status", str(ticket.id), "--json")[1])["statuses"] == dict(at_once.statuses)


def test_the_few_of_many_that_wait_are_told_where_all_around_them_is_over(bench: Bench) -> None:
    ticket = bench.put(otp([f"0901000{n}" for n in range(100, 220)]))
    few = "(SELECT id FROM message ORDER BY id OFFSET 58 LIMIT 3)"
    with bench.database.begin() as session:
        session.execute(text(f"UPDATE message SET status = 'delivered', settled_at = now() WHERE id NOT IN {few}"))
    standing = bench.notifier.status(ticket.id)
    assert (standing.statuses, standing.final) == ({"delivered": 117, "queued": 3}, False)
    assert [each.messages for each in standing.waits] == [3]
    with bench.database.begin() as session:
        session.execute(text("UPDATE message SET status = 'held' WHERE status = 'queued'"))
    standing = bench.notifier.status(ticket.id)
    assert standing.statuses == {"delivered": 117, "held": 3}
    assert [(each.messages, each.why) for each in standing.waits] == [(3, PERSON.en)]


def test_many_are_neither_sorted_nor_looked_at_anew_by_each_step(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "FIRST_STEP", MANY // 100)
    plans: list[dict[str, Any]] = []

    def note(_: Any, __: Any, sql: str, values: Any, *___: Any) -> None:
        if "FROM message" in sql and "EXPLAIN" not in sql:
            plans.append(plan_of(connection, sql, values))

    class Enough(Exception):
        pass

    def enough(_: int) -> None:
        raise Enough

    with undone(database) as session:
        connection = session.connection()
        for statement in FILL:
            session.execute(text(statement))
        event.listen(connection, "before_cursor_execute", note)
        with pytest.raises(Enough):
            alike_by_steps(session, OF_MANY, enough)
        assert sum(each.messages for each in alike(session, OF_MANY)) == MANY
    step, ends, all_of_them = plans
    assert ends["Shared Hit Blocks"] + ends["Shared Read Blocks"] < 2 * MANY / 100
    assert step["Shared Hit Blocks"] + step["Shared Read Blocks"] < 2 * MANY / 100
    assert '"Sort"' not in json.dumps(plans)
    assert '"Bitmap Heap Scan"' in json.dumps(all_of_them)
