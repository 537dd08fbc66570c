"""Take numbers and texts out of messages that are over, and out of what was said about them.

Nothing under way is touched: messages that are not final, that a follow-up may still come for, or that a rerun may
take; and no message to a number that has another one in doubt, since the rows of eSMS's sent data are told apart by
number and text. A message is locked while this is checked, so that nobody sends it again meanwhile; a trigger keeps the
former version's workers from that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import TextClause, text

from worker.ledger.plans import still
from worker.ledger.rows import as_rows
from worker.lifecycle import FINAL, RETRIED
from worker.lookups import by_keys

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

DOUBTS_MOST = 5000  # messages in doubt; with more, eSMS is away, and nothing is emptied until it is back

_OVER = f"""
    {still(*sorted(FINAL))} AND coalesce(m.settled_at, m.created_at) <= now() - CAST(:keep AS interval)
    AND NOT EXISTS (SELECT FROM follow_up AS f WHERE f.message_id = m.id AND f.due_at < 'infinity')
    AND (
        NOT ({still(*sorted(RETRIED))})
        OR NOT EXISTS (SELECT FROM rerun WHERE state IN ('trying', 'going'))
    )
"""


def _lock(column: str, besides: str) -> TextClause:
    return text(f"""
        WITH doubtful AS MATERIALIZED (
            SELECT phone FROM message WHERE status = 'unconfirmed'
            UNION ALL
            SELECT phone FROM message WHERE status = 'accepted' AND poll_at IS NOT NULL AND sms_id IS NULL
            LIMIT {DOUBTS_MOST}
        )
        SELECT m.id, m.notification_id, m.phone, m.grouped, m.request_id, m.sms_id FROM message AS m
        WHERE m.{column} = ANY(:ids) AND {_OVER} {besides}
          AND m.phone NOT IN (SELECT phone FROM doubtful) AND (SELECT count(*) FROM doubtful) < {DOUBTS_MOST}
        ORDER BY m.id
        FOR UPDATE OF m SKIP LOCKED
    """)


_LOCK_MESSAGES = _lock("id", "AND m.emptied_at IS NULL")
_LOCK_ALL_OF = _lock("notification_id", "")
_COUNTS = text("""
    SELECT notification_id AS id, count(*) AS messages FROM message WHERE notification_id = ANY(:ids) GROUP BY 1
""")

_EMPTY_MESSAGES = text("""
    UPDATE message AS m SET phone = e.phone, emptied_at = now(), emptied_by = :by
    FROM json_to_recordset(CAST(:rows AS json)) AS e (id uuid, phone text) WHERE m.id = e.id
""")
# What a notification's recipients share goes with the last of them. Of the fingerprint so little stays that trying all
# codes of six digits does not find the right one.
_EMPTY_TEXTS = text("""
    UPDATE notification AS n
    SET content = CASE WHEN n.content IS NOT NULL THEN '' END,
        options = n.options - CAST('{variables,number_forward}' AS text[]),
        follow_up = NULL, fingerprint = left(n.fingerprint, 2), emptied_at = now(), emptied_by = :by,
        reference = CASE WHEN n.created_at > now() - CAST(:references AS interval) THEN n.reference END
    WHERE n.id = ANY(:ids) AND n.emptied_at IS NULL AND (
        :sure OR NOT EXISTS (SELECT FROM message AS m WHERE m.notification_id = n.id AND m.emptied_at IS NULL)
    )
    RETURNING n.id
""")
_REMOVE_REPLIES = text(f"""
    UPDATE request SET reply = NULL
    WHERE id = ANY(ARRAY(SELECT r.id FROM {by_keys("request", "r", of=":ids", key="message_id")}))
      AND reply IS NOT NULL
""")
_REMOVE_REPLIES_OF_MANY = text("""
    UPDATE request SET reply = NULL
    WHERE message_id IS NULL AND reply IS NOT NULL
      AND (request_id = ANY(CAST(:request_ids AS text[])) OR sms_id = ANY(CAST(:sms_ids AS text[])))
""")

_PUT_OFF = text("""
    UPDATE removal AS r SET look_at = now() + greatest(interval '1 minute', CASE
        WHEN m.settled_at IS NOT NULL AND m.settled_at > now() - CAST(:keep AS interval)
        THEN m.settled_at + CAST(:keep AS interval) - now()
        ELSE least(interval '1 day', (now() - m.created_at) / 10)
    END)
    FROM message AS m WHERE m.id = r.message_id AND r.step = :step AND r.message_id = ANY(:ids)
""")
_DONE = text("""
    DELETE FROM removal AS r WHERE r.step = :step AND (
        r.message_id = ANY(:done)
        OR r.message_id = ANY(:left) AND EXISTS (  -- by another step
            SELECT FROM message AS m WHERE m.id = r.message_id AND m.emptied_at IS NOT NULL
        )
    )
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """keep: how long after its end a message stays. by: the reason to write down. hide: what is left of a number.

    references: how long after it was handed over a notification keeps its reference.
    """

    keep: timedelta
    by: str
    hide: Callable[[str], str]
    references: timedelta


@dataclass(frozen=True, slots=True)
class Emptied:
    """done: messages that are emptied. left: those that could not be yet."""

    done: Collection[UUID]
    left: Collection[UUID]


def empty_messages(session: Session, ids: Sequence[UUID], terms: Terms) -> Emptied:
    """Take the numbers out of these messages, and the texts out of notifications that have no other one left."""
    if not ids:
        return Emptied((), ())
    rows = session.execute(_LOCK_MESSAGES, {"ids": list(ids), "keep": terms.keep}).all()
    hidden = [{"id": row.id, "phone": terms.hide(row.phone)} for row in rows]
    if rows:
        session.execute(_EMPTY_MESSAGES, {"rows": as_rows(hidden), "by": terms.by})
        _empty_texts(session, {row.notification_id for row in rows}, terms, sure=False)
        _remove_replies(session, rows)
    return _told(ids, {row.id for row in rows})


def empty_texts(session: Session, messages: dict[UUID, UUID], terms: Terms) -> Emptied:
    """Take the texts alone. messages: each with its notification; all messages of that must be over."""
    if not messages:
        return Emptied((), ())
    notifications = list(set(messages.values()))
    rows = session.execute(_LOCK_ALL_OF, {"ids": notifications, "keep": terms.keep}).all()
    locked = Counter(row.notification_id for row in rows)
    counts = session.execute(_COUNTS, {"ids": notifications})  # counted after the locks: none of these moves any more
    whole = {row.id for row in counts if row.messages == locked[row.id]}
    _empty_texts(session, whole, terms, sure=True)
    _remove_replies(session, [row for row in rows if row.notification_id in whole])
    return _told(list(messages), {id_ for id_, of in messages.items() if of in whole})


def put_off(session: Session, step: str, emptied: Emptied, *, keep: timedelta) -> None:
    """Note what came of a look: what is done is looked at no more, the rest later, and the older it is the later."""
    if emptied.done or emptied.left:
        session.execute(_DONE, {"step": step, "done": list(emptied.done), "left": list(emptied.left)})
        session.execute(_PUT_OFF, {"step": step, "ids": list(emptied.left), "keep": keep})


def _empty_texts(session: Session, ids: Collection[UUID], terms: Terms, *, sure: bool) -> None:
    if ids:
        asked = {"ids": list(ids), "by": terms.by, "references": terms.references, "sure": sure}
        session.execute(_EMPTY_TEXTS, asked)


def _remove_replies(session: Session, rows: Sequence[Any]) -> None:
    if rows:
        session.execute(_REMOVE_REPLIES, {"ids": [row.id for row in rows]})
    if many := [row for row in rows if row.grouped]:
        ids = {name: list({getattr(row, name) for row in many} - {None}) for name in ("request_id", "sms_id")}
        session.execute(_REMOVE_REPLIES_OF_MANY, {"request_ids": ids["request_id"], "sms_ids": ids["sms_id"]})


def _told(ids: Sequence[UUID], done: set[UUID]) -> Emptied:
    return Emptied(done, [id_ for id_ in ids if id_ not in done])
