"""What follows by itself is found by its keys, whatever Postgres believes of how many messages and follow-ups stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.ledger.test_ledger_plans import BELIEVED_EMPTY, FEW, HORIZONS, TERMS, pages, undone
from worker import ledger
from worker.database import Database
from worker.ledger import Stored
from worker.ledger.follow_ups import follow_none_of

OPEN = 20_000  # follow-ups, of which a few are due
MOST = 60 * FEW  # pages of 8 kB for one statement, besides those of one walk along an index in which ids come second
WALK = text("SELECT pg_relation_size('message_notification_id_idx') / 8192")
DUE = [UUID(int=1 + 7 * n) for n in range(FEW)]
OTHER = """{
    "kind": "sms", "purpose": "service", "lane": "normal", "options": {"sms_type": 4}, "horizon": 86400,
    "content": "y", "segments": 1, "plain_segments": null, "template_id": null, "fingerprint": "f"
}"""
FOLLOW_UP = f'{{"after": 1800, "retry": {{"times": 2, "wait": 3600}}, "fallback": {OTHER}}}'
FILL = (
    f"""
    INSERT INTO notification (id, kind, source, content, options, hand_over, fingerprint, follow_up, created_at)
    SELECT lpad(to_hex(n), 32, '0')::uuid, 'sms', '', 'x', '{{"sms_type": 4}}', false, '', '{FOLLOW_UP}',
        now() - interval '1 hour'
    FROM generate_series(1, {OPEN}) AS n
    """,
    """
    INSERT INTO message (id, notification_id, phone, lane, status, grouped, due_at, attempts, settled_at, created_at)
    SELECT id, id, '+8490', 'normal', 'undelivered', false, now(), 1, now(), created_at FROM notification
    """,
    "INSERT INTO follow_up (message_id, due_at) SELECT id, now() + interval '1 hour' FROM message",
    "INSERT INTO removal (message_id, step, look_at) SELECT id, 'texts', now() FROM message",
)
DUE_NOW = f"UPDATE follow_up SET due_at = now() WHERE message_id = ANY('{{{','.join(map(str, DUE))}}}')"
ALL = "ANALYZE message, notification, follow_up, removal"
WHILE_ALL_ARE_DUE = (
    "UPDATE follow_up SET due_at = now() - interval '1 minute'",
    "ANALYZE follow_up, removal",
    "UPDATE follow_up SET due_at = now() + interval '1 hour'",
)
BELIEFS = {
    "none was ever there": (ALL, *FILL, DUE_NOW),
    "all are gone": (BELIEVED_EMPTY, *FILL, DUE_NOW),
    "all messages are gone": (BELIEVED_EMPTY, *FILL, "ANALYZE follow_up, removal", DUE_NOW),
    "all follow-ups are gone": (BELIEVED_EMPTY, *FILL, "ANALYZE message, notification", DUE_NOW),
    "all messages are gone, and all follow-ups due": (BELIEVED_EMPTY, *FILL, *WHILE_ALL_ARE_DUE, DUE_NOW),
    "what is there": (*FILL, ALL, DUE_NOW),
}


def put(session: Session, _: Sequence[UUID]) -> object:
    stored = Stored(uuid4(), FOLLOWED, [(uuid4().hex, "+8490")], (), None, "x", 1, None, None, "f", None)
    return ledger.put(session, [stored])


def put_in_place(session: Session, ids: Sequence[UUID]) -> object:
    stored = [
        Stored(uuid4(), FOLLOWED, [(uuid4().hex, "+8490")], (), None, "x", 1, None, None, "f", {"+8490": old})
        for old in ids
    ]
    return ledger.put_in_place(session, stored)


def fall_back(session: Session, _: Sequence[UUID]) -> None:
    ledger.fall_back(session, ledger.due_follow_ups(session))


FOLLOWED = replace(TERMS, follow_up={"after": 1800})
STEPS: dict[str, Callable[[Session, Sequence[UUID]], object]] = {
    "due": lambda session, _: ledger.due_follow_ups(session),
    "later": ledger.follow_later,
    "decided": lambda session, ids: ledger.follow_no_more(session, ids, "nothing"),
    "called off": lambda session, ids: follow_none_of(session, ids, reason="cancelled"),
    "by another channel": fall_back,
    "again": lambda session, ids: ledger.send_again(session, ids, HORIZONS, by="retry_undelivered"),
    "put": put,
    "put in place": put_in_place,
}


@pytest.mark.parametrize("believed", BELIEFS)
def test_what_is_due_to_follow_is_found_and_decided_by_its_keys_on_stale_statistics_too(
    database: Database, believed: str
) -> None:
    with undone(database) as session:
        for statement in BELIEFS[believed]:
            session.execute(text(statement))
        assert {row.id for row in ledger.due_follow_ups(session)} == set(DUE)
        most = MOST + int(session.scalar(WALK) or 0)
        looked_at = {name: undoing(session, step) for name, step in STEPS.items()}
    assert {name: count for name, count in looked_at.items() if count > most} == {}


def undoing(session: Session, step: Callable[[Session, Sequence[UUID]], object]) -> int:
    """How many pages it looks at; the next one finds all as it was."""
    with session.begin_nested() as once:
        looked_at = pages(session, step, DUE)
        once.rollback()
    return looked_at
