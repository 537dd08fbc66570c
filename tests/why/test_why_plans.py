"""What `why` asks about a few messages looks at a few pages, also while Postgres believes that its tables are empty."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from tests.ledger.test_ledger_plans import BELIEVED_EMPTY, undone
from tests.plans import pages_of
from worker import reporting
from worker.api.why import why, why_to
from worker.catalogue import Language
from worker.database import Database
from worker.settings import Settings

MANY = 30_000  # messages, each with two requests, of as many contacts
PAGES = 1000  # of 8 kB, for all questions together; twenty messages with their requests
PAGES_OF_ONE = 300  # of all questions of a command; a third of them are contacts that came a moment ago
COUNTED = "ANALYZE message, notification, request, contact, occurrence, pause, follow_up"
FILL = (
    f"""
    INSERT INTO notification (id, kind, source, reference, content, options, hand_over, fingerprint, created_at)
    SELECT lpad(to_hex(n), 32, '0')::uuid, 'sms', 'shop', 'r' || n, 'x', '{{}}', false, '',
        now() - n * interval '1 second'
    FROM generate_series(1, {MANY}) AS n
    """,
    f"""
    INSERT INTO message (id, notification_id, phone, lane, status, grouped, due_at, attempts, created_at, settled_at,
        replaces, replaced_by)
    SELECT n.id, n.id, '+849' || lpad((i % 1000)::text, 8, '0'), 'normal', 'delivered', false, created_at, 1,
        created_at, created_at, CASE WHEN i / 1000 % 2 = 0 THEN lpad(to_hex(i + 1000), 32, '0')::uuid END,
        CASE WHEN i / 1000 % 2 = 1 THEN lpad(to_hex(i - 1000), 32, '0')::uuid END
    FROM generate_series(1, {MANY}) AS i JOIN notification AS n ON n.id = lpad(to_hex(i), 32, '0')::uuid
    """,
    "INSERT INTO follow_up (message_id, due_at) SELECT id, created_at FROM message",
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


ZONE = Settings.from_environ({"DATABASE_URL": "postgresql+psycopg://x/y"}).time_zone
ONE = UUID(int=7)  # it has a successor
BELIEFS = {
    "while they held nothing yet": (COUNTED, *FILL),
    "while they held nothing any more": (BELIEVED_EMPTY, *FILL),
    "but for what may follow": (BELIEVED_EMPTY, *FILL, "ANALYZE follow_up"),
}


@pytest.mark.parametrize("counted", BELIEFS)
def test_a_number_and_a_notification_are_told_by_their_indexes_on_stale_statistics_too(
    database: Database, counted: str
) -> None:
    with undone(database) as session:
        for statement in BELIEFS[counted]:
            session.execute(text(statement))
        with costs(session) as looked_at:
            [person] = (told := why_to(session, "0900000007", None, Language.VI, ZONE)).people
            why(session, told.stories[0].notification, None, Language.VI, ZONE)
        assert (len(told.stories), len(person.reminders)) == (20, 1)
    assert sum(looked_at.values()) < PAGES, looked_at


QUESTIONS: dict[str, Callable[[Session], object]] = {
    "why": lambda session: why(session, ONE, None, Language.VI, ZONE),
    "show": lambda session: reporting.whole(session, ONE),
    "show one of many": lambda session: reporting.whole(session, ONE, message_id=ONE),
    "status": lambda session: reporting.standing(session, ONE),
    "status by steps": lambda session: reporting.standing(session, ONE, print),
    "its reference": lambda session: reporting.find(session, reference="r7"),
    "its reference of a source": lambda session: reporting.find(session, reference="r7", source="shop"),
    "what an id names": lambda session: reporting.locate(session, str(ONE)),
    "what a reference names": lambda session: reporting.locate(session, "r7"),
    "what a number names": lambda session: reporting.locate(session, "0900000007", numbers=True),
}


@pytest.mark.parametrize("counted", BELIEFS)
def test_what_is_asked_about_one_message_is_told_by_its_keys_on_stale_statistics_too(
    database: Database, counted: str
) -> None:
    looked_at: dict[str, dict[str, int]] = {}
    with undone(database) as session:
        for statement in BELIEFS[counted]:
            session.execute(text(statement))
        for name, ask in QUESTIONS.items():
            with session.begin_nested() as once:
                with costs(session) as looked_at[name]:
                    ask(session)
                once.rollback()  # what it has forbidden Postgres
    assert {name: each for name, each in looked_at.items() if sum(each.values()) > PAGES_OF_ONE} == {}


@contextmanager
def costs(session: Session) -> Iterator[dict[str, int]]:
    """How many pages each statement looks at that is asked within; told when it is over."""
    connection, seen, told = session.connection(), dict[str, Any](), dict[str, int]()
    note = lambda _, __, sql, values, *___: seen.update({sql: values})  # noqa: E731 — an event's signature
    event.listen(connection, "before_cursor_execute", note)
    yield told
    event.remove(connection, "before_cursor_execute", note)
    told |= {sql: pages_of(connection, sql, values) for sql, values in seen.items() if "set_config" not in sql}
