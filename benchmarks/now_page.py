"""What ten open pages of *Now* cost Postgres among many messages, of which many wait and nobody counted them lately.

Each page looks again every five seconds, and the process remembers for two: so the questions come once every two and a
half seconds at most, each with the look-ups of ten sessions. What a question costs is Postgres's own time for it.

    python -m benchmarks.now_page [--rows 1000000] [--asked 40]
"""

from __future__ import annotations

import argparse
import sys
from statistics import median
from typing import Any

from sqlalchemy import Connection, event

from benchmarks.support import filled
from worker.access import UserRole
from worker.api.notifier import Notifier
from worker.database import Database
from worker.settings import Settings

PAGES, EVERY, REMEMBERED = 10, 5.0, 2.5  # open, seconds between two looks of one, seconds between two questions
GOAL = 0.01  # of a core
FILL = (
    """
    INSERT INTO notification (id, kind, source, campaign, content, options, hand_over, fingerprint, created_at)
    SELECT lpad(to_hex(n), 32, '0')::uuid, 'sms', 'shop', 'campaign ' || n % 50, 'x', '{{}}', false, '',
        now() - n * interval '2 seconds'
    FROM generate_series(1, {rows}) AS n
    """,
    """
    INSERT INTO message (id, notification_id, phone, lane, status, grouped, due_at, stream, attempts, created_at)
    SELECT id, id, '+849' || lpad((row_number() OVER () % 100000)::text, 8, '0'), 'normal',
        CASE WHEN row_number() OVER () % 3 = 0 THEN 'queued' ELSE 'delivered' END, false, created_at,
        row_number() OVER () % 50, 1, created_at FROM notification
    """,
    """
    INSERT INTO stream (lane, key, source, campaign, due_from)
    SELECT 'normal', n, 'shop', 'campaign ' || n, now() - interval '1 day' FROM generate_series(0, 49) AS n
    """,
    """
    INSERT INTO report_daily (day, source, campaign, purpose, lane, sms_type, network, status, code, messages,
        segments, priced, price)
    SELECT current_date - d, 'shop', 'campaign ' || c, 'service', 'normal', 2, '', s, '100', 1000, 1000, 0, 0
    FROM generate_series(0, 364) AS d, generate_series(1, 50) AS c,
        unnest(ARRAY['queued', 'delivered', 'rejected']) AS s
    """,
    """
    INSERT INTO report_minute (minute, lane, status, messages)
    SELECT date_trunc('minute', now()) - n * interval '1 minute', l, s, 100
    FROM generate_series(0, 2879) AS n, unnest(ARRAY['urgent', 'normal', 'bulk', 'voice']) AS l,
        unnest(ARRAY['accepted', 'delivered', 'rejected', 'queued', 'sending']) AS s
    """,
    """
    INSERT INTO report_standing (lane, status, messages)
    SELECT lane, status, sum(messages) FROM report_daily GROUP BY 1, 2
    """,
)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--asked", type=int, default=40)
    given = arguments.parse_args()
    with filled(FILL, given.rows) as (database, url):
        costs = _costs(database, Settings.from_environ({"DATABASE_URL": url}), given.asked)
    share = costs["figures"] / REMEMBERED + costs["session"] * PAGES / EVERY + costs["money"] / 60
    for name, seconds in costs.items():
        print(f"{name}: {1000 * seconds:.2f} ms of Postgres")
    print(f"{PAGES} open pages: {100 * share:.2f} % of a core, goal {100 * GOAL:g} %")
    return 0 if share < GOAL else 1


def _costs(database: Database, settings: Settings, asked: int) -> dict[str, float]:
    """Postgres's own time for each, as it says itself of every statement."""
    spent: list[float] = []

    def explained(connection: Connection, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")) and "txid" not in statement:
            with connection.connection.dbapi_connection.cursor() as cursor:  # type: ignore[union-attr]
                cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + statement, parameters)
                [plan] = cursor.fetchone()[0]
            spent.append((plan["Planning Time"] + plan["Execution Time"]) / 1000)

    with Notifier(settings, database=database) as notifier:
        link = notifier.users.link("lan", role=UserRole.VIEWER)
        secret = notifier.users.enter(link, "10.0.0.1") or ""
        event.listen(database.engine, "before_cursor_execute", explained)
        questions = {
            "figures": lambda: (notifier.reports.now(), notifier.reminders.failing()),
            "money": notifier.reports.balance,
            "session": lambda: notifier.users.person(secret, by_hand=False),
        }
        return {name: median(_once(ask, spent) for _ in range(asked)) for name, ask in questions.items()}


def _once(ask: Any, spent: list[float]) -> float:
    spent.clear()
    ask()
    return sum(spent)


if __name__ == "__main__":
    sys.exit(main())
