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

from worker.evidence import Evidence, proved
from worker.ledger.records import HttpCall, witness
from worker.ledger.rows import as_rows
from worker.lifecycle import MOVES, Lane, Status


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
    lane: Lane = Lane.NORMAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a look came to: the evidence it found, and what of it a person is to read."""

    lost: Lost
    evidence: Evidence
    reason: str
    sms_id: str | None = None
    wait: timedelta = timedelta()  # before it is looked for, asked about, or sent again
    outcome: str | None = None  # of the request row; None: nothing was decided
    http_call: HttpCall | None = None

    def __post_init__(self) -> None:
        assert self.status is self.lost.status or self.status in MOVES[self.lost.status], self.status

    @property
    def status(self) -> Status:
        """Where the message stands now."""
        return proved(self.evidence, self.lost.status)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An SMS of ours that eSMS may know: whose rows are not those of a lost one."""

    message_id: UUID
    request_id: str | None  # of an advertising request, the same for all its recipients
    phone: str  # E.164
    content: str
    sms_ids: frozenset[str]  # of all its attempts
    taken: bool  # eSMS has it for certain


_CLAIM = """
    UPDATE message AS m SET {lease}, polls = m.polls + 1
    FROM due, notification AS n
    WHERE m.id = due.id AND n.id = m.notification_id
    RETURNING m.id, m.status, m.request_id, m.phone, n.content, greatest(
        coalesce(m.in_doubt_since, m.accepted_at), CASE WHEN n.hand_over THEN n.send_date END
    ) AS since, m.polls, m.absences, n.hand_over, m.lane
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

_OURS = """
    SELECT m.id, CASE WHEN m.grouped THEN m.request_id END AS request_id, m.phone, n.content,
        m.sms_id, m.earlier_ids, m.accepted_at IS NOT NULL AS taken,
        (SELECT array_agg(r.sms_id) FROM request AS r WHERE r.message_id = m.id AND r.sms_id IS NOT NULL) AS sms_ids
    FROM message AS m JOIN notification AS n ON n.id = m.notification_id
"""

# From long before: it may have waited for its date, and been sent only then.
_TO = text(f"""
    {_OURS}
    WHERE m.phone = ANY(:phones) AND m.created_at > :since - interval '90 days' AND n.kind = 'sms'
""")

_AROUND = text(f"""
    {_OURS}
    WHERE n.id IN (
        SELECT id FROM notification
        WHERE created_at BETWEEN :moment - interval '1 hour' AND :moment + interval '1 hour' AND kind = 'sms'
        ORDER BY created_at LIMIT :most
    ) AND m.accepted_at IS NOT NULL
    LIMIT :most
""")

_LOOKED = text("""
    UPDATE message AS m SET
        status = l.status,
        sms_id = l.sms_id,
        reason = l.reason,
        absences = CASE WHEN l.absent THEN m.absences + 1 ELSE 0 END,  -- in a row
        polls = CASE WHEN l.status = m.status AND l.sms_id IS NULL THEN m.polls ELSE 0 END,
        accepted_at = CASE WHEN l.status = 'accepted' THEN coalesce(m.accepted_at, now()) ELSE m.accepted_at END,
        settled_at = CASE WHEN l.final THEN now() END,
        poll_at = CASE WHEN l.status = 'accepted' THEN now() + l.wait END,
        due_at = CASE WHEN l.status IN ('unconfirmed', 'queued') THEN now() + l.wait ELSE m.due_at END,
        asked = CASE WHEN l.status = 'queued' THEN 0 ELSE m.asked END,
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
    return [Lost(row.id, Status(row.status), *row[2:-1], lane=Lane(row.lane)) for row in rows]


def known_to(session: Session, phones: Sequence[str], since: datetime) -> list[Known]:
    """Every SMS of ours to these numbers, E.164, that rows of the sent data from then on may belong to."""
    return [_known(row) for row in session.execute(_TO, {"phones": list(phones), "since": since})]


def known_around(session: Session, moment: datetime, *, most: int = 100) -> list[Known]:
    """Some SMS of ours that eSMS took at about that time: a list that shows none of them is not the whole list."""
    return [_known(row) for row in session.execute(_AROUND, {"moment": moment, "most": most})]


def _known(row: Any) -> Known:
    sms_ids = [row.sms_id, *(row.earlier_ids or ()), *(row.sms_ids or ())]
    return Known(
        message_id=row.id,
        request_id=row.request_id,
        phone=row.phone,
        content=row.content,
        sms_ids=frozenset(sms_id for sms_id in sms_ids if sms_id),
        taken=row.taken,
    )


def looked(session: Session, looks: Sequence[Look]) -> set[UUID]:
    """Write what the looks came to, and a request row for each that decided something; returns whose were in time."""
    if not looks:
        return set()
    won = set(session.scalars(_LOOKED, {"rows": as_rows([_row(look) for look in looks])}).all())
    decided = [look for look in looks if look.outcome and look.http_call and look.lost.message_id in won]
    witness(session, [_request_row(look) for look in decided])
    return won


def _row(look: Look) -> dict[str, Any]:
    return {
        "id": look.lost.message_id,
        "was": look.lost.status,
        "polls": look.lost.polls,
        "status": look.status,
        "final": look.status is not Status.HELD and not MOVES[look.status],
        "sms_id": look.sms_id,
        "reason": look.reason,
        "absent": look.evidence in (Evidence.ABSENT_SO_FAR, Evidence.ABSENT),
        "wait": look.wait,
    }


def _request_row(look: Look) -> dict[str, Any]:
    return {
        "message_id": look.lost.message_id,
        "attempt": None,
        "request_id": look.lost.request_id,
        "sms_id": look.sms_id,
        "outcome": look.outcome,
        "http_call": look.http_call,
    }
