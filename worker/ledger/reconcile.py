"""SMS to be looked for in the sent data, since asking eSMS by an id does not help (any more).

`accepted` without an SMSID: its answer was lost, and 124 gives none. What it lacks is the SMSID.
`unconfirmed`, and not to be asked again: eSMS has forgotten its RequestId, or sending it now would be too late.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from worker.ledger.opt_out import withhold
from worker.ledger.records import Evidence, witness
from worker.ledger.rows import as_rows
from worker.lifecycle import FINAL, MOVES, Status


@dataclass(frozen=True, slots=True)
class Lost:
    """A message to look for."""

    message_id: UUID
    status: Status  # accepted or unconfirmed
    request_id: str | None  # of an advertising request, the same for all its recipients
    phone: str  # E.164
    content: str
    since: datetime  # when eSMS may have taken it first
    polls: int  # looks, this one included; the fence
    absences: int  # looks in a row before this one that found no trace
    handed_over: bool = False  # eSMS was to hold it until its date


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a look came to: where the message stands now, and why."""

    lost: Lost
    status: Status
    reason: str
    sms_id: str | None = None
    absent: bool = False
    wait: timedelta = timedelta()  # before it is looked for, asked about, or sent again
    outcome: str | None = None  # of the request row; None: nothing was decided
    evidence: Evidence | None = None

    def __post_init__(self) -> None:
        assert self.status is self.lost.status or self.status in MOVES[self.lost.status], self.status


_CLAIM = """
    UPDATE message AS m SET {lease}, polls = m.polls + 1
    FROM due, notification AS n
    WHERE m.id = due.id AND n.id = m.notification_id
    RETURNING m.id, m.status, m.request_id, m.phone, n.content, greatest(
        coalesce(m.in_doubt_since, m.accepted_at), CASE WHEN n.hand_over THEN n.send_date END
    ) AS since, m.polls, m.absences, n.hand_over
"""

_CLAIM_ACCEPTED = text(f"""
    WITH due AS MATERIALIZED (
        SELECT m.id FROM message AS m JOIN notification AS n ON n.id = m.notification_id
        WHERE m.status = 'accepted' AND m.poll_at <= now() AND m.sms_id IS NULL AND n.kind = 'sms'
        ORDER BY m.poll_at LIMIT :most
        FOR UPDATE OF m SKIP LOCKED
    )
    {_CLAIM.format(lease="poll_at = now() + :lease")}
""")

# The opposite of what a claim asks again: the two never want the same message. Not before the date until which eSMS
# was to hold it: the sent data can't show it yet.
_CLAIM_UNCONFIRMED = text(f"""
    WITH due AS MATERIALIZED (
        SELECT m.id FROM message AS m JOIN notification AS n ON n.id = m.notification_id
        WHERE m.status = 'unconfirmed' AND m.due_at <= now() AND n.kind = 'sms'
          AND (m.in_doubt_since <= now() - :window OR m.expires_at <= now())
          AND (NOT n.hand_over OR n.send_date <= now() - :window)
        ORDER BY m.due_at LIMIT :most
        FOR UPDATE OF m SKIP LOCKED
    )
    {_CLAIM.format(lease="due_at = now() + :lease")}
""")

# By number too: the recipients of an advertising request share an SMSID.
_KNOWN = text("SELECT sms_id, phone, request_id FROM message WHERE sms_id = ANY(:sms_ids)")

_LOOKED = text("""
    UPDATE message AS m SET
        status = l.status,
        sms_id = l.sms_id,
        reason = l.reason,
        absences = CASE WHEN l.absent THEN m.absences + 1 ELSE 0 END,
        polls = CASE WHEN l.status = m.status AND l.sms_id IS NULL THEN m.polls ELSE 0 END,
        accepted_at = CASE WHEN l.status = 'accepted' THEN coalesce(m.accepted_at, now()) ELSE m.accepted_at END,
        settled_at = CASE WHEN l.final THEN now() END,
        poll_at = CASE WHEN l.status = 'accepted' THEN now() + l.wait END,
        due_at = CASE WHEN l.status IN ('unconfirmed', 'queued') THEN now() + l.wait ELSE m.due_at END,
        asked = CASE WHEN l.status = 'queued' THEN 0 ELSE m.asked END,
        -- Others of the same advertising request may come back later: what goes out first must not pass for them all.
        request_id = CASE WHEN l.status = 'queued' AND m.grouped THEN NULL ELSE m.request_id END,
        renewals = m.renewals + CASE WHEN l.status = 'queued' AND m.grouped THEN 1 ELSE 0 END,
        earlier_ids = CASE
            WHEN l.status = 'queued' AND m.grouped THEN array_append(m.earlier_ids, m.request_id) ELSE m.earlier_ids
        END,
        in_doubt_since = CASE WHEN l.status <> 'queued' THEN m.in_doubt_since END
    FROM json_to_recordset(CAST(:rows AS json)) AS l (
        id uuid, was text, polls integer, status text, final boolean, sms_id text, reason text, absent boolean,
        wait interval
    )
    WHERE m.id = l.id AND m.status = l.was AND m.polls = l.polls AND m.sms_id IS NULL
    RETURNING m.id
""")


def claim_lost(session: Session, *, most: int, lease: timedelta, window: timedelta) -> list[Lost]:
    """What is due to be looked for; for the time of the lease nobody else looks.

    window: for how long after the first try an SMS in doubt is asked again instead.
    """
    asked = {"most": most, "lease": lease}
    rows = [*session.execute(_CLAIM_ACCEPTED, asked), *session.execute(_CLAIM_UNCONFIRMED, asked | {"window": window})]
    return [Lost(row.id, Status(row.status), *row[2:]) for row in rows]


def known(session: Session, sms_ids: Sequence[str]) -> dict[tuple[str, str], str | None]:
    """Which of these SMSIDs and numbers, E.164, belong to messages already, and to which RequestId."""
    found = session.execute(_KNOWN, {"sms_ids": list(sms_ids)})
    return {(row.sms_id, row.phone): row.request_id for row in found}


def looked(session: Session, looks: Sequence[Look]) -> set[UUID]:
    """Write what the looks came to, and a request row for each that decided something; returns whose were in time."""
    if not looks:
        return set()
    won = set(session.scalars(_LOOKED, {"rows": as_rows([_row(look) for look in looks])}).all())
    withhold(session, won & {look.lost.message_id for look in looks if look.status is Status.QUEUED})
    decided = [look for look in looks if look.outcome and look.evidence and look.lost.message_id in won]
    witness(session, [_request_row(look) for look in decided])
    return won


def _row(look: Look) -> dict[str, Any]:
    return {
        "id": look.lost.message_id,
        "was": look.lost.status,
        "polls": look.lost.polls,
        "status": look.status,
        "final": look.status in FINAL,
        "sms_id": look.sms_id,
        "reason": look.reason,
        "absent": look.absent,
        "wait": look.wait,
    }


def _request_row(look: Look) -> dict[str, Any]:
    return {
        "message_id": look.lost.message_id,
        "attempt": None,
        "request_id": look.lost.request_id,
        "sms_id": look.sms_id,
        "outcome": look.outcome,
        "evidence": look.evidence,
    }
