"""Put notifications and their messages in the ledger, many in two statements.

A reference that its source used before is not inserted: the caller gets the first notification's id and fingerprint.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from worker.lifecycle import Kind, Lane


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One notification as it is to stand in the ledger, with one message per recipient."""

    id: UUID
    kind: Kind
    lane: Lane
    grouped: bool
    messages: Sequence[tuple[UUID, str]]  # id, phone in E.164
    source: str
    reference: str | None
    campaign: str | None
    content: str | None
    template_id: str | None
    options: dict[str, Any]
    send_date: datetime | None
    hand_over: bool
    expires_at: datetime | None
    fingerprint: str


_NOTIFICATIONS = text("""
    INSERT INTO notification (
        id, kind, source, reference, campaign, content, template_id, options,
        send_date, hand_over, expires_at, fingerprint
    )
    SELECT * FROM unnest(
        CAST(:id AS uuid[]), CAST(:kind AS text[]), CAST(:source AS text[]), CAST(:reference AS text[]),
        CAST(:campaign AS text[]), CAST(:content AS text[]), CAST(:template_id AS text[]), CAST(:options AS jsonb[]),
        CAST(:send_date AS timestamptz[]), CAST(:hand_over AS boolean[]), CAST(:expires_at AS timestamptz[]),
        CAST(:fingerprint AS text[])
    ) AS n (
        id, kind, source, reference, campaign, content, template_id, options,
        send_date, hand_over, expires_at, fingerprint
    )
    -- In the order of the unique key: two bulk producers that share references queue up instead of deadlocking.
    ORDER BY n.source, n.reference
    ON CONFLICT (source, reference) WHERE reference IS NOT NULL DO NOTHING
    RETURNING id
""")

_MESSAGES = text("""
    INSERT INTO message (id, notification_id, phone, lane, grouped, status, due_at, expires_at)
    SELECT m.id, m.notification_id, m.phone, m.lane, m.grouped, 'queued', greatest(now(), m.due_at), m.expires_at
    FROM unnest(
        CAST(:id AS uuid[]), CAST(:notification_id AS uuid[]), CAST(:phone AS text[]), CAST(:lane AS text[]),
        CAST(:grouped AS boolean[]), CAST(:due_at AS timestamptz[]), CAST(:expires_at AS timestamptz[])
    ) AS m (id, notification_id, phone, lane, grouped, due_at, expires_at)
""")

_FIRST_OF_REFERENCE = text("""
    SELECT n.source, n.reference, n.id, n.fingerprint
    FROM notification AS n
    JOIN unnest(CAST(:source AS text[]), CAST(:reference AS text[])) AS asked (source, reference)
      ON (n.source, n.reference) = (asked.source, asked.reference)
""")


def put(session: Session, rows: Sequence[Stored]) -> dict[tuple[str, str], tuple[UUID, str]]:
    """Insert them, except those whose reference is taken; for these the first one's id and fingerprint come back."""
    inserted = {row.id for row in session.execute(_NOTIFICATIONS, _columns(rows))}
    _put_messages(session, [row for row in rows if row.id in inserted])
    return _firsts(session, [row for row in rows if row.id not in inserted])


def _columns(rows: Sequence[Stored]) -> dict[str, list[Any]]:
    plain = ("id", "source", "reference", "campaign", "content", "template_id")
    rest = ("send_date", "hand_over", "expires_at", "fingerprint")
    columns: dict[str, list[Any]] = {name: [getattr(row, name) for row in rows] for name in plain + rest}
    columns["kind"] = [str(row.kind) for row in rows]
    columns["options"] = [json.dumps(row.options) for row in rows]
    return columns


def _put_messages(session: Session, rows: Sequence[Stored]) -> None:
    each = [(row, id_, phone) for row in rows for id_, phone in row.messages]
    if not each:
        return
    columns = {
        "id": [id_ for _, id_, _ in each],
        "notification_id": [row.id for row, _, _ in each],
        "phone": [phone for _, _, phone in each],
        "lane": [str(row.lane) for row, _, _ in each],
        "grouped": [row.grouped for row, _, _ in each],
        "due_at": [None if row.hand_over else row.send_date for row, _, _ in each],
        "expires_at": [row.expires_at for row, _, _ in each],
    }
    session.execute(_MESSAGES, columns)


def _firsts(session: Session, repeats: Sequence[Stored]) -> dict[tuple[str, str], tuple[UUID, str]]:
    if not repeats:
        return {}
    asked = {"source": [row.source for row in repeats], "reference": [row.reference for row in repeats]}
    found = session.execute(_FIRST_OF_REFERENCE, asked)
    return {(row.source, row.reference): (row.id, row.fingerprint) for row in found}
