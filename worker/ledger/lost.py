"""Messages that eSMS took without our learning the SMSID: its answer was lost, and 124 gives none.

They are `accepted`: what they lack is found in the sent data, by number, text and time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from worker.ledger.records import Evidence, witness
from worker.lifecycle import MOVES, Status


@dataclass(frozen=True, slots=True)
class Lost:
    """A message to look for."""

    message_id: UUID
    phone: str  # E.164
    content: str
    since: datetime  # when eSMS may have taken it first
    polls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the sent data says of one: its SMSID, to be asked about as usual, or at least what became of it."""

    lost: Lost
    sms_id: str | None
    status: Status | None
    evidence: Evidence

    def __post_init__(self) -> None:
        assert self.sms_id or self.status in MOVES[Status.ACCEPTED], self.status


_CLAIM_LOST = text("""
    WITH due AS MATERIALIZED (
        SELECT m.id FROM message AS m JOIN notification AS n ON n.id = m.notification_id
        WHERE m.status = 'accepted' AND m.poll_at <= now() AND m.sms_id IS NULL AND n.kind = 'sms'
        ORDER BY m.poll_at LIMIT :most
        FOR UPDATE OF m SKIP LOCKED
    )
    UPDATE message AS m SET poll_at = now() + :lease, polls = m.polls + 1
    FROM due, notification AS n
    WHERE m.id = due.id AND n.id = m.notification_id
    RETURNING m.id, m.phone, n.content, greatest(
        coalesce(m.in_doubt_since, m.accepted_at), CASE WHEN n.hand_over THEN n.send_date END
    ) AS since, m.polls
""")

_KNOWN = text("SELECT sms_id FROM message WHERE sms_id = ANY(:sms_ids)")

_SETTLE_LOST = text("""
    UPDATE message AS m SET
        sms_id = f.sms_id,
        status = CASE WHEN f.sms_id IS NULL THEN f.status ELSE m.status END,
        settled_at = CASE WHEN f.sms_id IS NULL THEN now() END,
        poll_at = CASE WHEN f.sms_id IS NOT NULL THEN now() END,
        reason = 'its SMSID was lost; found in the sent data by number, text and time'
    FROM unnest(CAST(:id AS uuid[]), CAST(:sms_id AS text[]), CAST(:status AS text[])) AS f (id, sms_id, status)
    WHERE m.id = f.id AND m.status = 'accepted' AND m.sms_id IS NULL
    RETURNING m.id
""")

_LOOK_LATER = text("""
    UPDATE message AS m SET poll_at = now() + l.wait, reason = l.reason
    FROM unnest(CAST(:id AS uuid[]), CAST(:wait AS interval[]), CAST(:reason AS text[])) AS l (id, wait, reason)
    WHERE m.id = l.id AND m.status = 'accepted' AND m.sms_id IS NULL
""")


def claim_lost(session: Session, *, most: int, lease: timedelta) -> list[Lost]:
    """What is due to be looked for; for the time of the lease nobody else looks."""
    return [Lost(*row) for row in session.execute(_CLAIM_LOST, {"most": most, "lease": lease})]


def known(session: Session, sms_ids: Sequence[str]) -> set[str]:
    """Which of these SMSIDs belong to messages already."""
    return set(session.scalars(_KNOWN, {"sms_ids": list(sms_ids)}))


def settle_lost(session: Session, found: Sequence[Found]) -> set[UUID]:
    """Write what was found, each with the request row that shows it."""
    if not found:
        return set()
    columns: dict[str, list[Any]] = {
        "id": [each.lost.message_id for each in found],
        "sms_id": [each.sms_id for each in found],
        "status": [each.status and str(each.status) for each in found],
    }
    won = {row.id for row in session.execute(_SETTLE_LOST, columns)}
    witness(session, [_row(each) for each in found if each.lost.message_id in won])
    return won


def look_later(session: Session, waits: Sequence[tuple[Lost, timedelta, str]]) -> None:
    """Look again after a wait; the reason says why it is still open."""
    if waits:
        columns: dict[str, list[Any]] = {
            "id": [lost.message_id for lost, _, _ in waits],
            "wait": [wait for _, wait, _ in waits],
            "reason": [reason for _, _, reason in waits],
        }
        session.execute(_LOOK_LATER, columns)


def _row(found: Found) -> dict[str, Any]:
    return {
        "message_id": found.lost.message_id,
        "attempt": None,
        "request_id": None,
        "sms_id": found.sms_id,
        "outcome": "SMSID found" if found.sms_id else str(found.status),
        "evidence": found.evidence,
    }
