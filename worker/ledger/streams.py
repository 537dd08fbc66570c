"""Streams: the messages of one lane, source and campaign that wait, so that no campaign has to queue behind another.

A message carries its stream's key, by which the claim's index is ordered. The rows of the table `stream` tell which
streams may have something due: a stream in which messages wait has at least one row, due no later than the first of
them. Claims look at these few rows first.

Whoever queues a message inserts such a row if it sees none; if it sees one, it locks it (FOR KEY SHARE) until its
transaction ends. The upkeep deletes or moves only rows that nobody has locked. So no transaction waits for another, and
no message is left without a row.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import TextClause, text

from worker.ledger.advertised import give_back
from worker.ledger.limits import refund
from worker.ledger.opt_out import Withheld, withhold, withhold_all_of
from worker.ledger.plans import messages_of, still
from worker.lookups import by_key

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

# `stream_key` in SQL, for a notification `n`.
_NAMED = "convert_to(n.source || chr(31) || coalesce(n.campaign, chr(30)), 'UTF8')"
KEY = f"('x' || left(encode(sha256({_NAMED}), 'hex'), 16))::bit(64)::bigint"


@lru_cache(maxsize=1024)
def stream_key(source: str, campaign: str | None) -> int:
    """The key of this source's and campaign's stream; the same in every lane."""
    named = f"{source}\x1f{chr(30) if campaign is None else campaign}"
    return int.from_bytes(sha256(named.encode()).digest()[:8], "big", signed=True)


def opened(terms: str) -> str:
    """SQL: the parts of a WITH by which messages on these terms, put in by the same statement, are found by claims."""
    return f"""wanted AS MATERIALIZED (
        SELECT lane, stream AS key, source, campaign,
            min(greatest(now(), coalesce(not_before, CASE WHEN NOT hand_over THEN send_date END))) AS due_from
        FROM ({terms}) AS put
        GROUP BY lane, stream, source, campaign
    ), known AS MATERIALIZED (
        SELECT s.lane, s.key FROM wanted AS w
        JOIN stream AS s ON s.lane = w.lane AND s.key = w.key AND s.due_from <= w.due_from
        FOR KEY SHARE OF s
    ), opened AS (
        INSERT INTO stream (lane, key, source, campaign, due_from)
        SELECT lane, key, source, campaign, due_from FROM wanted AS w
        WHERE NOT EXISTS (SELECT FROM known AS k WHERE k.lane = w.lane AND k.key = w.key)
    )"""


# A new row each time: it also tells claims that something is due before the floor that they have reached.
_REOPEN = """
    INSERT INTO stream (lane, key, source, campaign, due_from)
    SELECT m.lane, m.stream, n.source, n.campaign, min(m.due_at)
    FROM unnest({ids}) AS i (id) {message} {notification}
    WHERE {still}
    GROUP BY m.lane, m.stream, n.source, n.campaign
"""


def _reopen(ids: str) -> TextClause:
    message, notification = by_key("message", "m", of="i.id"), by_key("notification", "n", of="m.notification_id")
    return text(_REOPEN.format(ids=ids, message=message, notification=notification, still=still("queued")))


_REOPEN_THESE = _reopen("CAST(:ids AS uuid[])")
_REOPEN_ALL_OF = _reopen(messages_of(":ids"))


def came_back(session: Session, ids: Collection[UUID]) -> Withheld:
    """Let claims find these messages, which may be queued again. Those of people who opted out are cancelled: which."""
    withheld = withhold(session, ids)
    if ids:
        session.execute(_REOPEN_THESE, {"ids": list(ids)})
    return withheld


def came_back_unsent(session: Session, ids: Collection[UUID]) -> None:
    """The same for what was claimed and not sent: it no longer counts for its source's limits and for rules."""
    if ids:
        refund(session, ids)
        give_back(session, ids)
        came_back(session, ids)


def all_came_back(session: Session, notifications: Sequence[UUID]) -> Withheld:
    """`came_back` for all that is queued of these notifications."""
    withheld = withhold_all_of(session, notifications)
    session.execute(_REOPEN_ALL_OF, {"ids": list(notifications)})
    return withheld


MOST = 1000  # rows that one statement goes through

_HOLD = text("""
    SELECT id FROM stream WHERE due_from <= now() AND id > :after ORDER BY id LIMIT :most
    FOR UPDATE SKIP LOCKED
""")

_FIRST = """(
    SELECT m.due_at FROM message AS m
    WHERE m.lane = s.lane AND m.stream = s.key AND m.status = 'queued' AND {grouped}
    ORDER BY m.due_at, m.id LIMIT 1
)"""

# A statement after the one that locks the rows, so that it sees everything committed before the lock.
_TIDY = text(f"""
    WITH held AS MATERIALIZED (
        SELECT s.id, s.due_from, row_number() OVER (PARTITION BY s.lane, s.key ORDER BY s.due_from, s.id) AS place,
            least({_FIRST.format(grouped="NOT m.grouped")}, {_FIRST.format(grouped="m.grouped")}) AS first
        FROM stream AS s WHERE s.id = ANY(:ids)
    ), gone AS (
        DELETE FROM stream WHERE id IN (SELECT id FROM held WHERE place > 1 OR first IS NULL)
    )
    UPDATE stream AS s SET due_from = held.first
    FROM held WHERE s.id = held.id AND held.place = 1 AND held.first > now()
""")


@dataclass(frozen=True, slots=True)
class Tidied:
    """How many rows were looked at, and up to which."""

    rows: int
    last: int


def tidy_streams(session: Session, *, after: int) -> Tidied:
    """Delete rows of streams in which nothing waits, and move those that are due later; some at a time, by id."""
    ids = session.scalars(_HOLD, {"after": after, "most": MOST}).all()
    if ids:
        session.execute(_TIDY, {"ids": list(ids)})
    return Tidied(len(ids), ids[-1] if ids else after)


# From one stream to the next by the index, not message by message. Needed while workers of a former version run: they
# know no streams, and may have queued again what they held.
_MISSED = """
    WITH RECURSIVE waiting AS (
        (
            SELECT m.lane, m.stream, m.due_at, m.notification_id FROM message AS m
            WHERE m.status = 'queued' AND {grouped} ORDER BY m.lane, m.stream, m.due_at, m.id LIMIT 1
        )
        UNION ALL
        SELECT following.* FROM waiting AS w CROSS JOIN LATERAL (
            SELECT m.lane, m.stream, m.due_at, m.notification_id FROM message AS m
            WHERE m.status = 'queued' AND {grouped} AND (m.lane, m.stream) > (w.lane, w.stream)
            ORDER BY m.lane, m.stream, m.due_at, m.id LIMIT 1
        ) AS following
    )
    INSERT INTO stream (lane, key, source, campaign, due_from)
    SELECT w.lane, w.stream, n.source, n.campaign, w.due_at
    FROM waiting AS w JOIN notification AS n ON n.id = w.notification_id
    WHERE NOT EXISTS (
        SELECT FROM stream AS s WHERE s.lane = w.lane AND s.key = w.stream AND s.due_from <= w.due_at
    )
"""
_MISSED_STATEMENTS = [text(_MISSED.format(grouped=grouped)) for grouped in ("NOT m.grouped", "m.grouped")]


def find_missed_streams(session: Session) -> int:
    """Insert rows for streams in which messages wait and that have none; how many these were."""
    found: list[int] = [session.execute(each).rowcount for each in _MISSED_STATEMENTS]  # type: ignore[attr-defined]
    return sum(found)
