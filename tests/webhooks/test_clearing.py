"""Each tick takes away what was given up long ago, however much waits or happened since."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.ledger.test_ledger_plans import BELIEVED_EMPTY, UNDER_WAY, pages, undone
from worker.database import Database
from worker.ledger import webhooks

KEPT = timedelta(days=7)
PAGES = 60  # of 8 kB; to walk over what waits takes more than 200
CALLS = f"""
    INSERT INTO webhook_call (webhook_id, transaction, number, subject, failed_at)
    SELECT CAST('{{webhook}}' AS uuid), 3, n, n, CASE WHEN n <= 10 THEN now() - n * interval '1 day' END
    FROM generate_series(1, {UNDER_WAY}) AS n
"""
EVENTS = f"""
    INSERT INTO happening (transaction, kind, facts, at)
    SELECT 3, 'x', '{{}}', now() - CASE WHEN n <= 340 THEN n ELSE 0 END * interval '0.5 hours'
    FROM generate_series(1, {UNDER_WAY}) AS n
"""


def put(session: Session) -> None:
    """Of the calls three are too old, of the events four."""
    id_ = webhooks.add_webhook(session, url="https://shop.example", source=None, events=["x"], secret="s")
    for statement in (CALLS.format(webhook=id_), EVENTS):
        session.execute(text(statement))


def left(session: Session) -> tuple[int, int]:
    counts = "SELECT (SELECT count(*) FROM webhook_call) AS calls, (SELECT count(*) FROM happening) AS events"
    return tuple(session.execute(text(counts)).one())


@pytest.mark.parametrize(
    "state", ["ANALYZE webhook_call, happening", BELIEVED_EMPTY], ids=["counted", "believed empty"]
)
def test_what_is_old_goes_and_all_that_waits_is_not_looked_at(database: Database, state: str) -> None:
    with undone(database) as session:
        put(session)
        session.execute(text(state))
        before = left(session)
        assert pages(session, lambda session, _: webhooks.clear_events(session, kept=KEPT), []) <= PAGES
        after = left(session)
    assert (before[0] - after[0], before[1] - after[1]) == (3, 4)


def test_what_somebody_holds_is_left_for_the_next_tick(database: Database) -> None:
    with database.begin() as session:
        put(session)
    with database.begin() as other:
        other.execute(text("SELECT FROM webhook_call WHERE number = 9 FOR UPDATE"))
        with database.begin() as session:
            session.execute(text("SET LOCAL lock_timeout = '1s'"))
            webhooks.clear_events(session, kept=KEPT)
            calls = session.scalars(text("SELECT number FROM webhook_call WHERE number > 7 ORDER BY 1 LIMIT 2")).all()
    assert calls == [9, 11]
    with database.begin() as session:
        session.execute(text("TRUNCATE webhook_call, happening, webhook, webhook_secret"))
