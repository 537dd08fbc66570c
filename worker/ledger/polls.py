"""Claim what is due to be asked about, and settle it once eSMS has said what became of it.

Only `accepted` moves here, by its SMSID; an answer that comes late or twice finds nothing to move.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from worker.ledger.records import Evidence, witness
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
    FROM unnest(
        CAST(:sms_id AS text[]), CAST(:phone AS text[]), CAST(:status AS text[]), CAST(:code AS text[]),
        CAST(:reason AS text[]), CAST(:network AS text[])
    ) AS s (sms_id, phone, status, code, reason, network)
    WHERE m.status = 'accepted' AND m.sms_id = s.sms_id AND (s.phone IS NULL OR s.phone = m.phone)
    RETURNING m.id, m.sms_id
""")

# The one that carried the question may be settled by now: it passes to any other that shares the SMSID.
_POSTPONE = text("""
    UPDATE message AS m SET poll_at = now() + p.wait
    FROM unnest(CAST(:sms_id AS text[]), CAST(:wait AS interval[])) AS p (sms_id, wait)
    WHERE m.status = 'accepted'
      AND m.id = (SELECT id FROM message WHERE sms_id = p.sms_id AND status = 'accepted' ORDER BY id LIMIT 1)
""")


def claim_polls(session: Session, *, most: int, lease: timedelta) -> list[Poll]:
    """The questions that have been due the longest; for the time of the lease nobody else asks them."""
    asked = {"most": most, "lease": lease}
    return [Poll(row.id, row.sms_id, row.polls, row.alone) for row in session.execute(_CLAIM_POLLS, asked)]


def settle(session: Session, settlements: Sequence[Settlement]) -> set[UUID]:
    """Write what became of them, and the request row of each answer that changed something; returns what changed."""
    if not settlements:
        return set()
    columns = {
        "sms_id": [s.poll.sms_id for s in settlements],
        "phone": [s.phone for s in settlements],
        "status": [str(s.status) for s in settlements],
        "code": [s.code for s in settlements],
        "reason": [s.reason for s in settlements],
        "network": [s.network for s in settlements],
    }
    moved = list(session.execute(_SETTLE, columns))
    _witness(session, settlements, {row.sms_id for row in moved})
    return {row.id for row in moved}


def postpone(session: Session, waits: Sequence[tuple[str, timedelta]]) -> None:
    """Ask again about these SMSIDs after a wait."""
    if waits:
        session.execute(_POSTPONE, {"sms_id": [sms_id for sms_id, _ in waits], "wait": [wait for _, wait in waits]})


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
