"""Claim what is due to be asked about, and settle it once eSMS has said what became of it.

Only `accepted` moves here, by its SMSID; an answer that comes late or twice finds nothing to move.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from worker.ledger.records import Evidence, witness
from worker.ledger.rows import as_rows
from worker.lifecycle import MOVES, Status


@dataclass(frozen=True, slots=True)
class Poll:
    """A question to ask: what became of this SMSID?"""

    message_id: UUID
    sms_id: str
    polls: int  # how often it has been asked, this time included
    alone: bool  # one recipient: the answer is about this message


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What became of one recipient of an SMSID, or of all of them when `phone` is None."""

    poll: Poll
    phone: str | None  # E.164
    status: Status
    code: str | None = None
    reason: str | None = None
    network: str | None = None
    evidence: Evidence

    def __post_init__(self) -> None:
        assert self.status in MOVES[Status.ACCEPTED], self.status


_CLAIM_POLLS = text("""
    WITH due AS MATERIALIZED (
        SELECT id FROM message
        WHERE status = 'accepted' AND poll_at <= now() AND sms_id IS NOT NULL
        ORDER BY poll_at LIMIT :most
        FOR UPDATE SKIP LOCKED
    )
    UPDATE message AS m SET poll_at = now() + :lease, polls = m.polls + 1
    FROM due WHERE m.id = due.id
    RETURNING m.id, m.sms_id, m.polls, NOT m.grouped AS alone
""")

_SETTLE = text("""
    UPDATE message AS m
    SET status = s.status, settled_at = now(), poll_at = NULL, code = coalesce(s.code, m.code), reason = s.reason,
        network = s.network
    FROM json_to_recordset(CAST(:rows AS json)) AS s (
        sms_id text, message_id uuid, phone text, status text, code text, reason text, network text
    )
    WHERE m.status = 'accepted' AND m.sms_id = s.sms_id
      AND (s.message_id IS NULL OR s.message_id = m.id) AND (s.phone IS NULL OR s.phone = m.phone)
    RETURNING m.id, m.sms_id
""")


def claim_polls(session: Session, *, most: int, lease: timedelta) -> list[Poll]:
    """The questions that have been due the longest; for the time of the lease nobody else asks them."""
    asked = {"most": most, "lease": lease}
    return [Poll(row.id, row.sms_id, row.polls, row.alone) for row in session.execute(_CLAIM_POLLS, asked)]


def settle(session: Session, settlements: Sequence[Settlement]) -> set[UUID]:
    """Write what became of them, and the request row of each answer that changed something; returns what changed."""
    if not settlements:
        return set()
    moved = session.execute(_SETTLE, {"rows": as_rows([_row(each) for each in settlements])}).all()
    _witness(session, settlements, {row.sms_id for row in moved})
    return {row.id for row in moved}


def _row(settlement: Settlement) -> dict[str, Any]:
    names = ("phone", "status", "code", "reason", "network")
    alone = settlement.poll.message_id if settlement.poll.alone else None
    return {name: getattr(settlement, name) for name in names} | {"sms_id": settlement.poll.sms_id, "message_id": alone}


def _witness(session: Session, settlements: Sequence[Settlement], moved: set[str]) -> None:
    changed = {s.poll.sms_id: s for s in settlements if s.poll.sms_id in moved}
    rows = [
        {
            "message_id": s.poll.message_id if s.poll.alone else None,
            "attempt": None,
            "request_id": None,
            "sms_id": s.poll.sms_id,
            "outcome": str(s.status) if s.poll.alone else "settled",
            "evidence": s.evidence,
        }
        for s in changed.values()
    ]
    witness(session, rows)
