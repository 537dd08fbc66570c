"""SMS to be looked for in the sent data, since asking eSMS by an id does not help (any more).

`accepted` without an SMSID: its answer was lost, and 124 gives none. What it lacks is the SMSID.
`unconfirmed`, and not to be asked again: eSMS has forgotten its RequestId, or sending it now would be too late.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from worker.evidence import TWICE, Evidence, proved
from worker.ledger.records import HttpCall, witness
from worker.ledger.rows import as_rows
from worker.ledger.streams import came_back_unsent
from worker.lifecycle import FINAL, MOVES, Lane, Status
from worker.lookups import by_key

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A message to look for."""

    message_id: UUID
    status: Status  # accepted or unconfirmed
    request_id: str | None  # of an advertising request, the same for all its recipients
    phone: str  # E.164
    content: str
    lane: Lane
    since: datetime  # when eSMS may have taken it first
    until: datetime  # and when last: no attempt was made later
    handed_over: bool  # eSMS was to hold it until its date
    polls: int  # looks, this one included; the fence


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a look came to: the evidence that it found, and what of it a person is to read.

    again_after: evidence of those in TWICE counts only if the same, and nothing else, was found at least so long ago.
    wait: before it is looked for again, if that does not move it.
    """

    lost: Lost
    evidence: Evidence
    reason: str
    sms_id: str | None = None
    price: Decimal | None = None  # in dong
    again_after: timedelta | None = None
    wait: timedelta = timedelta()
    http_call: HttpCall | None = None

    def __post_init__(self) -> None:
        assert self.status is self.lost.status or self.status in MOVES[self.lost.status], self.status
        assert (self.again_after is not None) == (self.evidence in TWICE), self.evidence

    @property
    def status(self) -> Status:
        """Where that takes it."""
        return proved(self.evidence, self.lost.status)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An SMS of ours to a number: its rows are not those of a lost one."""

    message_id: UUID
    phone: str  # E.164
    content: str
    created_at: datetime
    taken_at: datetime | None  # not before this; None: not for certain
    sms_id: str | None
    sms_ids: frozenset[str]  # of all its attempts; not of one that is still in doubt
    tried: bool  # it went out at all
    tried_before: bool  # it went out under another RequestId too
    emptied_after: datetime | None = None  # its text was removed after it had ended, then


_NOTIFICATION = by_key("notification", "n", of="m.notification_id")
_SINCE = """
    greatest(coalesce(m.in_doubt_since, m.accepted_at), CASE WHEN n.hand_over THEN n.send_date END)
"""
_CLAIM = f"""
    UPDATE message AS m SET {{lease}}, polls = m.polls + 1
    FROM due, notification AS n
    WHERE m.ctid = due.place AND n.id = m.notification_id
    RETURNING m.id AS message_id, m.status, m.request_id, m.phone, n.content, m.lane, n.hand_over AS handed_over,
        m.polls, {_SINCE} AS since, least({_SINCE} + :window, m.expires_at) + :lease AS until
"""

_CLAIM_ACCEPTED = text(f"""
    WITH due AS MATERIALIZED (
        SELECT m.ctid AS place FROM message AS m {_NOTIFICATION}
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
        SELECT m.ctid AS place FROM message AS m {_NOTIFICATION}
        WHERE m.status = 'unconfirmed' AND m.due_at <= now() AND n.kind = 'sms'
          AND (m.in_doubt_since <= now() - :window OR m.expires_at <= now())
          AND (NOT n.hand_over OR n.send_date <= now() - :window)
        ORDER BY m.due_at LIMIT :most
        FOR UPDATE OF m SKIP LOCKED
    )
    {_CLAIM.format(lease="due_at = now() + :lease")}
""")

# Long before: one may have waited for its date. An answer that came late has the SMSID of the attempt in doubt, and so
# does not take that away from it.
_KNOWN_TO = text(f"""
    SELECT m.id, m.phone, n.content, m.created_at, m.sms_id, m.earlier_ids, m.attempts,
        CASE WHEN n.emptied_at IS NOT NULL THEN m.settled_at END AS emptied_after,
        CASE WHEN m.accepted_at IS NOT NULL THEN coalesce(m.in_doubt_since, m.accepted_at) END AS taken_at,
        r.sms_ids, coalesce(r.requests, 0) + coalesce(cardinality(m.earlier_ids), 0) AS requests_before
    FROM (SELECT DISTINCT unnest(CAST(:phones AS text[])) AS phone) AS p
    CROSS JOIN LATERAL (
        SELECT * FROM message AS m WHERE m.phone = p.phone AND m.created_at > :since - interval '90 days' OFFSET 0
    ) AS m {_NOTIFICATION}
    LEFT JOIN LATERAL (
        SELECT array_agg(sms_id) AS sms_ids, count(*) FILTER (WHERE attempt IS NOT NULL) AS requests
        FROM request WHERE message_id = m.id AND request_id IS DISTINCT FROM m.request_id
    ) AS r ON true
    WHERE n.kind = 'sms'
""")

_SURE = """(l.status <> l.was AND (
    l.again_after IS NULL OR coalesce(m.heard = l.heard AND m.heard_since <= now() - l.again_after, false)
))"""
_TO = f"CASE WHEN {_SURE} THEN l.status ELSE l.was END"
_WAIT = f"CASE WHEN {_SURE} OR l.sms_id IS NOT NULL THEN interval '0' ELSE l.wait END"
_ANEW = f"({_TO} = 'queued')"  # nothing of before may speak for it

_LOOKED = text(f"""
    UPDATE message AS m SET
        status = {_TO},
        sms_id = l.sms_id,
        price = CASE WHEN NOT {_ANEW} THEN coalesce(l.price, m.price) END,
        reason = l.reason,
        heard = CASE WHEN NOT {_ANEW} THEN l.heard END,
        heard_since = CASE WHEN {_ANEW} THEN NULL WHEN m.heard = l.heard THEN m.heard_since ELSE now() END,
        polls = CASE WHEN {_SURE} OR l.sms_id IS NOT NULL THEN 0 ELSE m.polls END,
        accepted_at = CASE WHEN {_TO} = 'accepted' THEN coalesce(m.accepted_at, now()) ELSE m.accepted_at END,
        settled_at = CASE WHEN l.final AND {_SURE} THEN now() END,
        poll_at = CASE WHEN {_TO} = 'accepted' THEN now() + {_WAIT} END,
        due_at = CASE WHEN {_TO} IN ('unconfirmed', 'queued') THEN now() + {_WAIT} ELSE m.due_at END,
        asked = CASE WHEN {_ANEW} THEN 0 ELSE m.asked END,
        -- Others of the same advertising request may come back later: what goes out first must not pass for them all.
        request_id = CASE WHEN {_ANEW} AND m.grouped THEN NULL ELSE m.request_id END,
        renewals = m.renewals + CASE WHEN {_ANEW} AND m.grouped THEN 1 ELSE 0 END,
        earlier_ids = CASE
            WHEN {_ANEW} AND m.grouped THEN array_append(m.earlier_ids, m.request_id) ELSE m.earlier_ids
        END,
        in_doubt_since = CASE WHEN NOT {_ANEW} THEN m.in_doubt_since END
    FROM json_to_recordset(CAST(:rows AS json)) AS l (
        id uuid, was text, polls integer, status text, final boolean, heard text, again_after interval, sms_id text,
        reason text, price numeric, wait interval
    )
    WHERE m.id = l.id AND m.status = l.was AND m.polls = l.polls AND m.sms_id IS NULL
    RETURNING m.id, m.status, m.heard_since = now() AS news
""")


def claim_lost(session: Session, *, most: int, lease: timedelta, window: timedelta) -> list[Lost]:
    """What is due to be looked for; for the time of the lease nobody else looks.

    window: for how long after the first try an SMS in doubt is asked again instead.
    """
    asked = {"most": most, "lease": lease, "window": window}
    rows = [*session.execute(_CLAIM_ACCEPTED, asked), *session.execute(_CLAIM_UNCONFIRMED, asked)]
    return [_lost(**row._mapping) for row in rows]


def _lost(status: str, lane: str, **columns: Any) -> Lost:
    return Lost(status=Status(status), lane=Lane(lane), **columns)


def known_to(session: Session, phones: Sequence[str], since: datetime) -> list[Known]:
    """Every SMS of ours to these numbers, E.164, that rows of the sent data from then on may belong to."""
    return [_known(row) for row in session.execute(_KNOWN_TO, {"phones": list(phones), "since": since})]


def _known(row: Any) -> Known:
    sms_ids = [row.sms_id, *(row.earlier_ids or ()), *(row.sms_ids or ())]
    return Known(
        message_id=row.id,
        phone=row.phone,
        content=row.content,
        created_at=row.created_at,
        taken_at=row.taken_at,
        sms_id=row.sms_id,
        sms_ids=frozenset(sms_id for sms_id in sms_ids if sms_id),
        tried=row.attempts > 0,
        tried_before=row.requests_before > 0,
        emptied_after=row.emptied_after,
    )


def looked(session: Session, looks: Sequence[Look]) -> dict[UUID, Status]:
    """Write what the looks came to, and a request row for each that moved one or first missed it.

    Returns where those stand now that moved, or whose SMSID was found.
    """
    if not looks:
        return {}
    by_id = {look.lost.message_id: look for look in looks}
    said = session.execute(_LOOKED, {"rows": as_rows([_row(look) for look in looks])}).all()
    came_back_unsent(session, [row.id for row in said if row.status == Status.QUEUED])
    told = [(by_id[row.id], outcome) for row in said if (outcome := _outcome(by_id[row.id], row))]
    witness(session, [_request_row(look, outcome) for look, outcome in told if look.http_call])
    return {
        row.id: Status(row.status) for row in said if row.status != by_id[row.id].lost.status or by_id[row.id].sms_id
    }


_OUTCOMES = {Status.QUEUED: "not taken", Status.ACCEPTED: "found"}


def _outcome(look: Look, row: Any) -> str | None:
    """What the request row says; None where there is nothing new."""
    if look.sms_id is not None:
        return "SMSID found"
    if row.status != look.lost.status:
        return _OUTCOMES.get(look.status, str(look.status))
    if not row.news or look.evidence not in TWICE:
        return None
    return "absent" if look.lost.status is Status.UNCONFIRMED else f"not yet {look.status}"


def _row(look: Look) -> dict[str, Any]:
    return {
        "id": look.lost.message_id,
        "was": look.lost.status,
        "polls": look.lost.polls,
        "status": look.status,
        "final": look.status in FINAL,
        "heard": look.evidence.name,
        "again_after": look.again_after,
        "sms_id": look.sms_id,
        "price": look.price,
        "reason": look.reason,
        "wait": look.wait,
    }


def _request_row(look: Look, outcome: str) -> dict[str, Any]:
    return {
        "message_id": look.lost.message_id,
        "attempt": None,
        "request_id": look.lost.request_id,
        "sms_id": look.sms_id,
        "outcome": outcome,
        "http_call": look.http_call,
    }
