"""What `why` asks about a few messages looks at a few pages, also while Postgres believes that its tables are empty."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event, text

from tests.ledger.test_ledger_plans import undone
from worker.api.why import why, why_to
from worker.catalogue import Language
from worker.database import Database
from worker.settings import Settings

MANY = 30_000  # messages, each with two requests, of as many contacts
PAGES = 1000  # of 8 kB, for all questions together; twenty messages with their requests
FILL = (
    "ANALYZE message, notification, request, contact, occurrence, pause",  # while they hold nothing
    f"""
    INSERT INTO notification (id, kind, source, content, options, hand_over, fingerprint, created_at)
    SELECT lpad(to_hex(n), 32, '0')::uuid, 'sms', 'shop', 'x', '{{}}', false, '', now() - n * interval '1 second'
    FROM generate_series(1, {MANY}) AS n
    """,
    """
    INSERT INTO message (id, notification_id, phone, lane, status, grouped, due_at, attempts, created_at, settled_at)
    SELECT id, id, '+849' || lpad((row_number() OVER () % 1000)::text, 8, '0'), 'normal', 'delivered', false,
        created_at, 1, created_at, created_at FROM notification
    """,
    """
    INSERT INTO request (message_id, attempt, function, at, seconds, outcome)
    SELECT id, n, 'GetSendStatus', created_at, 0.1, 'delivered' FROM message, generate_series(1, 2) AS n
    """,
    f"""
    INSERT INTO contact (id, source, key, phones)
    SELECT gen_random_uuid(), '', n::text, ARRAY['+849' || lpad(n::text, 8, '0')] FROM generate_series(1, {MANY}) AS n
    """,
    f"""
    INSERT INTO occurrence (owner_id, occasion, before, recipient, occurs_at, state, reason)
    SELECT gen_random_uuid(), '', '', E'\\t' || n, now() - interval '1 hour', 'skipped', 'opted out'
    FROM generate_series(1, {MANY}) AS n
    """,
)


def test_a_number_and_a_notification_are_told_by_their_indexes_on_stale_statistics_too(database: Database) -> None:
    zone = Settings.from_environ({"DATABASE_URL": "postgresql+psycopg://x/y"}).time_zone
    with undone(database) as session:
        connection = session.connection()
        for statement in FILL:
            session.execute(text(statement))
        seen: list[tuple[str, Any]] = []
        event.listen(connection, "before_cursor_execute", lambda _, __, sql, values, *___: seen.append((sql, values)))
        [person] = (told := why_to(session, "0900000007", None, Language.VI, zone)).people
        why(session, told.stories[0].notification, None, Language.VI, zone)
        assert (len(told.stories), len(person.reminders)) == (20, 1)
        costs = {sql: pages_of(connection, sql, values) for sql, values in tuple(seen)}
    assert sum(costs.values()) < PAGES, costs


def pages_of(connection: Any, sql: str, values: Any) -> int:
    """That a statement looks at."""
    explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}"
    plan = connection.exec_driver_sql(explain, values).scalar_one()[0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])
