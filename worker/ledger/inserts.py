"""Put notifications and their messages in the ledger, many in two statements.

Reminders and advertising for a number that opted out are stored and cancelled at once, so that people can see why.
A reference that its source used before is not inserted: the caller gets the first notification's id and fingerprint.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate, repeat
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from worker.ledger.opt_out import PURPOSE, withhold_all_of
from worker.ledger.rows import as_rows
from worker.lifecycle import FOR_THE_WILLING, Kind, Lane, Purpose

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One notification as it is to stand in the ledger, with one message per recipient."""

    id: UUID
    kind: Kind
    purpose: Purpose
    lane: Lane
    grouped: bool
    messages: Sequence[tuple[UUID, str]]  # id, phone in E.164
    requests: Sequence[int] = ()  # of advertising: how many of them go out together, in their order
    source: str
    reference: str | None
    campaign: str | None
    content: str | None
    template_id: str | None
    options: dict[str, Any]
    segments: int | None = None  # SMS that one recipient's text is billed as; None for a call
    send_date: datetime | None
    hand_over: bool
    expires_at: datetime | None
    horizon: timedelta  # after its date it is still sent for so long, where the producer gave no expires_at
    fingerprint: str


@dataclass(frozen=True, slots=True)
class First:
    """The notification that has a reference already, and what it is."""

    id: UUID
    fingerprint: str
    purpose: Purpose


@dataclass(frozen=True, slots=True)
class Put:
    """What was there already, by source and reference; and the numbers that opted out, by notification."""

    firsts: Mapping[tuple[str, str], First]
    opted_out: Mapping[UUID, Sequence[str]]


_COLUMNS = (
    "id", "kind", "purpose", "source", "reference", "campaign", "content", "template_id", "options",
    "segments", "send_date", "hand_over", "expires_at", "fingerprint",
)  # fmt: skip

_NOTIFICATIONS = text("""
    INSERT INTO notification (
        id, kind, purpose, source, reference, campaign, content, template_id, options,
        segments, send_date, hand_over, expires_at, fingerprint
    )
    SELECT * FROM json_to_recordset(CAST(:rows AS json)) AS n (
        id uuid, kind text, purpose text, source text, reference text, campaign text, content text, template_id text,
        options jsonb, segments smallint, send_date timestamptz, hand_over boolean, expires_at timestamptz,
        fingerprint text
    )
    -- In the order of the unique key: two bulk producers that share references queue up instead of deadlocking.
    ORDER BY n.source, n.reference
    ON CONFLICT (source, reference) WHERE reference IS NOT NULL DO NOTHING
    RETURNING id
""")

_MESSAGES = text("""
    INSERT INTO message (id, notification_id, phone, lane, grouped, request_id, status, due_at, expires_at)
    SELECT m.id, m.notification_id, m.phone, m.lane, m.grouped, m.request_id, 'queued', greatest(now(), m.due_at),
        coalesce(m.expires_at, greatest(now(), m.send_date) + m.horizon)
    FROM json_to_recordset(CAST(:rows AS json)) AS m (
        id uuid, notification_id uuid, phone text, lane text, grouped boolean, request_id text,
        due_at timestamptz, send_date timestamptz, expires_at timestamptz, horizon interval
    )
""")

_FIRST_OF_REFERENCE = text(f"""
    SELECT n.source, n.reference, n.id, n.fingerprint, {PURPOSE} AS purpose
    FROM notification AS n
    JOIN unnest(CAST(:source AS text[]), CAST(:reference AS text[])) AS asked (source, reference)
      ON (n.source, n.reference) = (asked.source, asked.reference)
""")


def put(session: Session, rows: Sequence[Stored]) -> Put:
    """Insert them, except those whose reference is taken, and cancel at once what a recipient does not want."""
    asked = {"rows": as_rows([_notification(row) for row in rows])}
    inserted = set(session.scalars(_NOTIFICATIONS, asked).all())  # all(): to iterate would fetch row by row
    _put_messages(session, [row for row in rows if row.id in inserted])
    opted_out: dict[UUID, list[str]] = defaultdict(list)
    for id_, phone in withhold_all_of(
        session, [row.id for row in rows if row.id in inserted and row.purpose in FOR_THE_WILLING]
    ):
        opted_out[id_].append(phone)
    return Put(_firsts(session, [row for row in rows if row.id not in inserted]), opted_out)


def _notification(row: Stored) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _COLUMNS}


def _put_messages(session: Session, rows: Sequence[Stored]) -> None:
    each = [
        _message(row, id_, phone, request_id)
        for row in rows
        for (id_, phone), request_id in zip(row.messages, _request_ids(row), strict=True)
    ]
    if each:
        session.execute(_MESSAGES, {"rows": as_rows(each)})


def _request_ids(row: Stored) -> Iterable[str | None]:
    """Each request has that of its first message; a message that goes out alone gets its own when it is claimed."""
    if not row.requests:
        return repeat(None, len(row.messages))
    firsts = accumulate(row.requests[:-1], initial=0)
    return [row.messages[first][0].hex for first, size in zip(firsts, row.requests, strict=True) for _ in range(size)]


def _message(row: Stored, id_: UUID, phone: str, request_id: str | None) -> dict[str, Any]:
    return {
        "id": id_,
        "notification_id": row.id,
        "phone": phone,
        "lane": row.lane,
        "grouped": row.grouped,
        "request_id": request_id,
        "due_at": None if row.hand_over else row.send_date,
        "send_date": row.send_date,
        "expires_at": row.expires_at,
        "horizon": row.horizon,
    }


def _firsts(session: Session, repeats: Sequence[Stored]) -> dict[tuple[str, str], First]:
    if not repeats:
        return {}
    asked = {"source": [row.source for row in repeats], "reference": [row.reference for row in repeats]}
    found = session.execute(_FIRST_OF_REFERENCE, asked)
    return {(row.source, row.reference): First(row.id, row.fingerprint, Purpose(row.purpose)) for row in found}
