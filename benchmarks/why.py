"""What `why --to` costs the database among a million messages, right after they came and Postgres has counted nothing.

python -m benchmarks.why [--rows 1000000] [--asked 50]
"""

from __future__ import annotations

import argparse
import sys
from statistics import median
from typing import Any

from sqlalchemy import Connection, event

from benchmarks.support import filled
from worker.api.why import why_to
from worker.catalogue import Language
from worker.database import Database
from worker.settings import Settings

GOAL = 0.050  # seconds of database work
FILL = (
    """
    INSERT INTO notification (id, kind, source, content, options, hand_over, fingerprint, created_at)
    SELECT lpad(to_hex(n), 32, '0')::uuid, 'sms', 'shop', 'x', '{{}}', false, '', now() - n * interval '2 seconds'
    FROM generate_series(1, {rows}) AS n
    """,
    """
    INSERT INTO message (id, notification_id, phone, lane, status, grouped, due_at, attempts, created_at, settled_at)
    SELECT id, id, '+849' || lpad((row_number() OVER () % ({rows} / 20))::text, 8, '0'), 'normal', 'delivered', false,
        created_at, 1, created_at, created_at FROM notification
    """,
    """
    INSERT INTO request (message_id, attempt, function, at, seconds, http_status, code, outcome)
    SELECT id, n, 'GetSendStatus', created_at, 0.1, 200, '100', 'delivered' FROM message, generate_series(1, 2) AS n
    """,
    """
    INSERT INTO contact (id, source, key, name, phones)
    SELECT gen_random_uuid(), '', n::text, 'Lan', ARRAY['+849' || lpad(n::text, 8, '0')]
    FROM generate_series(1, {rows} / 20) AS n
    """,
    """
    INSERT INTO occurrence (owner_id, occasion, before, recipient, occurs_at, state, reason)
    SELECT gen_random_uuid(), '', '', E'\\t' || n, now() - interval '1 hour', 'skipped', 'opted out'
    FROM generate_series(1, {rows} / 20) AS n
    """,
)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--asked", type=int, default=50)
    given = arguments.parse_args()
    with filled(FILL, given.rows) as (database, _):
        spent = [_asked(database, 7 * n + 1) for n in range(given.asked)]
    print(
        f"{given.rows:,} messages: in the database median {median(spent) * 1000:.1f} ms, "
        f"slowest {max(spent) * 1000:.1f} ms"
    )
    return 0 if median(spent) < GOAL else 1


def _asked(database: Database, number: int) -> float:
    """Seconds that the server itself spends on planning and answering each question, all together."""
    zone = Settings.from_environ({"DATABASE_URL": "postgresql+psycopg://x/y"}).time_zone
    with database.begin() as session:
        connection = session.connection()
        seen: list[tuple[str, Any]] = []
        event.listen(connection, "before_cursor_execute", lambda _, __, sql, values, *___: seen.append((sql, values)))
        told = why_to(session, f"0900{number:06}", None, Language.VI, zone)
        assert len(told.stories) == 20
        return sum(_spent(connection, sql, values) for sql, values in tuple(seen))


def _spent(connection: Connection, sql: str, values: Any) -> float:
    explained = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", values).scalar_one()[0]
    return float(explained["Planning Time"] + explained["Execution Time"]) / 1000


if __name__ == "__main__":
    sys.exit(main())
