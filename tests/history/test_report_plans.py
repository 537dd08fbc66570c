"""Who is counted by which message is found out for a price that grows as the messages do, and not as their square."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from tests.ledger.test_ledger_plans import undone
from tests.plans import plan_of
from worker import reporting
from worker.database import Database
from worker.lifecycle import Status

MANY, CHAINED = 3000, 10  # messages; one in so many was sent again, and stands before the next such
ID = "lpad(to_hex({}), 32, '0')::uuid"
FILL = (
    f"""
    INSERT INTO notification (id, kind, source, content, options, hand_over, fingerprint)
    SELECT {ID.format("n")}, 'sms', 'shop', 'x', '{{}}', false, '' FROM generate_series(1, {MANY}) AS n
    """,
    f"""
    INSERT INTO message (id, notification_id, phone, lane, status, grouped, due_at, attempts, settled_at, replaced_by,
        replaces)
    SELECT {ID.format("n")}, {ID.format("n")}, '+84901000001', 'normal', 'undelivered', false, now(), 1, now(),
        CASE n % {2 * CHAINED} WHEN 0 THEN {ID.format(f"n + {CHAINED}")} END,
        CASE n % {2 * CHAINED} WHEN {CHAINED} THEN {ID.format(f"n - {CHAINED}")} END
    FROM generate_series(1, {MANY}) AS n WHERE n > {CHAINED} AND n < {MANY}
    """,
    "ANALYZE message, notification",
)
PEOPLE = (MANY - CHAINED - 1) - (MANY // CHAINED - 2) // 2


@pytest.fixture
def many(database: Database) -> Iterator[Session]:
    with undone(database) as session:
        for statement in FILL:
            session.execute(text(statement))
        yield session


def test_the_report_looks_at_each_message_a_few_times(many: Session) -> None:
    connection = many.connection()
    seen: list[tuple[str, Any]] = []
    event.listen(connection, "before_cursor_execute", lambda _, __, sql, values, *___: seen.append((sql, values)))
    [line] = reporting.report(many, ["status"])["status"]
    assert line.statuses == {Status.UNDELIVERED: PEOPLE}
    assert sum(_rows(connection, sql, values) for sql, values in tuple(seen)) < 20 * MANY


@pytest.mark.parametrize("query", ["report.report_failures", "report.report_messages WHERE is_counted"])
def test_the_views_look_at_each_message_a_few_times(many: Session, query: str) -> None:
    asked = f"SELECT count(*) FROM {query}"
    assert many.scalar(text(asked)) == PEOPLE
    assert _rows(many.connection(), asked, ()) < 20 * MANY


def _rows(connection: Any, sql: str, values: Any) -> float:
    """That all steps of a statement look at."""
    return sum(_looked_at(plan_of(connection, sql, values)))


def _looked_at(node: Any) -> Iterator[float]:
    rows = node["Actual Rows"] + node.get("Rows Removed by Join Filter", 0) + node.get("Rows Removed by Filter", 0)
    yield rows * node["Actual Loops"]
    for each in node.get("Plans", ()):
        yield from _looked_at(each)
