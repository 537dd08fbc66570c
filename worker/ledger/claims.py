"""Claim what is due, in one statement per lane; nobody else can hold what one process has claimed.

A claim's fence is the message's attempt number: once the lease is over and another process has claimed it,
whatever the first one writes matches nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import groupby
from types import MappingProxyType
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from worker.ledger.pauses import take_trial
from worker.lifecycle import Kind, Lane


@dataclass(frozen=True, slots=True)
class Fence:
    """Which message, and which of its attempts, a process may write about."""

    id: UUID
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One request to make: for one message, or for the many recipients of an advertising request."""

    fences: tuple[Fence, ...]
    phones: tuple[str, ...]  # E.164
    lane: Lane
    kind: Kind
    request_id: str
    content: str | None
    template_id: str | None
    options: Mapping[str, Any]
    hand_over_at: datetime | None  # the SendDate to give to eSMS
    expires_in: timedelta | None  # counted from the claim
    in_doubt: bool  # an earlier try under this RequestId may have been taken
    failures: int  # tries in a row that surely were not taken
    asked: int  # tries in a row whose answer was in doubt


_RETURNING = """
    RETURNING m.id, m.attempts, m.phone, m.lane, m.request_id, m.failures, m.asked,
        m.in_doubt_since IS NOT NULL AS in_doubt,
        m.grouped, n.kind, n.content, n.template_id, n.options::text AS options,
        CASE WHEN n.hand_over THEN n.send_date END AS hand_over_at, m.expires_at - now() AS expires_in
"""

# Which campaigns are paused is looked up row by row, but only while any is; what is marked as paused isn't even seen.
_OF_NO_PAUSED_CAMPAIGN = """(
    NOT EXISTS (SELECT FROM pause WHERE campaign IS NOT NULL AND lifted_at IS NULL)
    OR NOT EXISTS (
        SELECT FROM pause JOIN notification AS c ON c.campaign = pause.campaign
        WHERE pause.lifted_at IS NULL AND c.id = m.notification_id
    )
)"""
_NOT_PAUSED = f"""
    NOT EXISTS (SELECT FROM pause WHERE pause.lane = m.lane AND lifted_at IS NULL) AND {_OF_NO_PAUSED_CAMPAIGN}
"""
_NOT_EXPIRED = "(m.expires_at IS NULL OR m.expires_at > now())"

_START = """
    status = 'sending', lease_until = now() + :lease, attempts = m.attempts + 1, dialled_at = NULL
"""

# The status is a literal: a generic prepared plan could not match a bound parameter to the partial index.
_CLAIM = text(f"""
    WITH due AS MATERIALIZED (
        SELECT m.id FROM message AS m
        WHERE m.status = 'queued' AND NOT m.grouped AND NOT m.paused AND m.lane = :lane AND m.due_at <= now()
          AND {_NOT_EXPIRED} AND {_OF_NO_PAUSED_CAMPAIGN}
          AND (:trial OR NOT EXISTS (SELECT FROM pause WHERE lane = :lane AND lifted_at IS NULL))
        ORDER BY m.due_at LIMIT :most
        FOR UPDATE SKIP LOCKED
    )
    UPDATE message AS m
    SET {_START}, request_id = coalesce(m.request_id, replace(gen_random_uuid()::text, '-', ''))
    FROM due, notification AS n
    WHERE m.id = due.id AND n.id = m.notification_id
    {_RETURNING}
""")

# The notification's row is the lock of its recipients: only one process at a time cuts requests out of them.
_LEAD = text(f"""
    SELECT n.id FROM message AS m JOIN notification AS n ON n.id = m.notification_id
    WHERE m.status = 'queued' AND m.grouped AND NOT m.paused AND m.due_at <= now()
      AND {_NOT_EXPIRED} AND {_NOT_PAUSED}
    ORDER BY m.due_at LIMIT 1
    FOR UPDATE OF n SKIP LOCKED
""")

# A statement of its own, so that it sees what whoever held that lock before has left.
# The last request must not fall below what eSMS asks for at least: the one before it leaves enough. Nobody counts all.
# Some may be marked still although their campaign goes on: the mark is for speed alone.
_CLAIM_GROUP = text(f"""
    WITH waiting AS MATERIALIZED (
        SELECT count(*) AS count FROM (
            SELECT FROM message AS m
            WHERE m.notification_id = :lead AND m.status = 'queued' AND m.grouped
              AND m.due_at <= now() AND {_NOT_EXPIRED}
            ORDER BY m.id LIMIT :group_most + :group_least
        ) AS counted
    ), cut AS MATERIALIZED (
        SELECT CASE
            WHEN count > :group_most AND count < :group_most + :group_least THEN count - :group_least
            ELSE least(count, :group_most)
        END AS size FROM waiting
    ), due AS MATERIALIZED (
        SELECT m.id FROM message AS m
        WHERE m.notification_id = :lead AND m.status = 'queued' AND m.grouped
          AND m.due_at <= now() AND {_NOT_EXPIRED}
        ORDER BY m.id
        LIMIT (SELECT size FROM cut)
        FOR UPDATE SKIP LOCKED  -- waiting for a person's cancel, which locks in another order, could deadlock
    )
    UPDATE message AS m
    SET {_START}, paused = false, request_id = :request_id
    FROM due, notification AS n
    WHERE m.id = due.id AND n.id = m.notification_id
      AND (SELECT count(*) FROM due) = (SELECT size FROM cut)  -- else somebody holds some of them: soon again
    {_RETURNING}
""")

_CLAIM_DOUBTFUL = text(f"""
    WITH due AS MATERIALIZED (
        SELECT m.id FROM message AS m JOIN notification AS n ON n.id = m.notification_id
        WHERE m.status = 'unconfirmed' AND NOT m.grouped AND n.kind = 'sms' AND m.due_at <= now()
          AND m.in_doubt_since > now() - :window AND {_NOT_EXPIRED} AND {_NOT_PAUSED} AND m.lane = ANY(:lanes)
        ORDER BY m.due_at LIMIT :most
        FOR UPDATE OF m SKIP LOCKED
    )
    UPDATE message AS m SET {_START}
    FROM due, notification AS n
    WHERE m.id = due.id AND n.id = m.notification_id
    {_RETURNING}
""")

# All of a request in doubt is asked again together: the same RequestId must stand for the same recipients.
_CLAIM_DOUBTFUL_GROUP = text(f"""
    WITH lead AS MATERIALIZED (
        SELECT n.id, m.request_id FROM message AS m JOIN notification AS n ON n.id = m.notification_id
        WHERE m.status = 'unconfirmed' AND m.grouped AND m.due_at <= now()
          AND m.in_doubt_since > now() - :window AND {_NOT_EXPIRED} AND {_NOT_PAUSED}
          AND NOT EXISTS (  -- the rest of it is still to be rescued
              SELECT FROM message AS o
              WHERE o.notification_id = n.id AND o.request_id = m.request_id AND o.status = 'sending'
          )
        ORDER BY m.due_at LIMIT 1
        FOR UPDATE OF n SKIP LOCKED
    ), due AS MATERIALIZED (
        SELECT m.id FROM message AS m JOIN lead ON m.notification_id = lead.id AND m.request_id = lead.request_id
        WHERE m.status = 'unconfirmed'
        ORDER BY m.id
        FOR UPDATE OF m
    )
    UPDATE message AS m SET {_START}
    FROM due, notification AS n
    WHERE m.id = due.id AND n.id = m.notification_id
    {_RETURNING}
""")

_INTEND = text("""
    UPDATE message AS m SET dialled_at = clock_timestamp()
    FROM unnest(CAST(:id AS uuid[]), CAST(:attempt AS integer[])) AS mine (id, attempt)
    WHERE m.id = mine.id AND m.attempts = mine.attempt AND m.status = 'sending' AND m.lease_until > clock_timestamp()
    RETURNING m.id
""")

_HAND_BACK = text("""
    UPDATE message AS m
    SET status = CASE WHEN m.in_doubt_since IS NULL THEN 'queued' ELSE 'unconfirmed' END, lease_until = NULL
    FROM unnest(CAST(:id AS uuid[]), CAST(:attempt AS integer[])) AS mine (id, attempt)
    WHERE m.id = mine.id AND m.attempts = mine.attempt AND m.status = 'sending' AND m.dialled_at IS NULL
    RETURNING m.id
""")


def claim(
    session: Session,
    lanes: Sequence[Lane],
    *,
    most: int,
    lease: timedelta,
    group_least: int,
    group_most: int,
    new_request_id: str,
) -> list[Claim]:
    """What is due in these lanes, the first lane first, up to `most` requests; theirs is the lease from now on.

    group_least, group_most: recipients of an advertising request.
    """
    claims: list[Claim] = []
    for lane in lanes:
        if room := most - len(claims):
            claims += _singles(session, _CLAIM, {"lane": str(lane), "most": room, "lease": lease, "trial": False})
        if lane is Lane.BULK and len(claims) < most:
            asked = {
                "lease": lease,
                "group_least": group_least,
                "group_most": group_most,
                "request_id": new_request_id,
            }
            claims += _cut_group(session, asked)
    return claims


def claim_trial(session: Session, lane: Lane, *, lease: timedelta) -> list[Claim]:
    """One message of a paused lane, where a trial is allowed and nobody else has taken it."""
    if not take_trial(session, lane):
        return []
    return _singles(session, _CLAIM, {"lane": str(lane), "most": 1, "lease": lease, "trial": True})


def claim_doubtful(
    session: Session, lanes: Sequence[Lane], *, most: int, lease: timedelta, window: timedelta
) -> list[Claim]:
    """SMS in doubt that are to be asked again, under their old RequestId, while eSMS still remembers it."""
    asked = {"lanes": [str(lane) for lane in lanes], "most": most, "lease": lease, "window": window}
    claims = _singles(session, _CLAIM_DOUBTFUL, asked)
    if Lane.BULK in lanes:
        claims += _groups(session, _CLAIM_DOUBTFUL_GROUP, {"lease": lease, "window": window})
    return claims


def intend(session: Session, fences: Sequence[Fence]) -> set[UUID]:
    """Write down, right before dialling, that these will be dialled; only those that come back may be.

    A process that dies before this commits has dialled nobody; one that dies after it leaves doubt.
    """
    return set(session.scalars(_INTEND, _mine(fences)).all())


def hand_back(session: Session, fences: Sequence[Fence]) -> set[UUID]:
    """Put back what was claimed and has not been sent, as it was before."""
    return set(session.scalars(_HAND_BACK, _mine(fences)).all())


def _mine(fences: Sequence[Fence]) -> dict[str, list[Any]]:
    return {"id": [fence.id for fence in fences], "attempt": [fence.attempt for fence in fences]}


def _singles(session: Session, statement: TextClause, asked: dict[str, Any]) -> list[Claim]:
    return [_claim([row]) for row in session.execute(statement, asked).all()]


def _groups(session: Session, statement: TextClause, asked: dict[str, Any]) -> list[Claim]:
    rows = sorted(session.execute(statement, asked).all(), key=lambda row: (row.request_id, row.id))
    return [_claim(list(group)) for _, group in groupby(rows, key=lambda row: row.request_id)]


def _cut_group(session: Session, asked: dict[str, Any]) -> list[Claim]:
    lead = session.scalar(_LEAD)
    return [] if lead is None else _groups(session, _CLAIM_GROUP, asked | {"lead": lead})


@lru_cache(maxsize=1024)
def _options(text: str) -> Mapping[str, Any]:
    """Read once for the many that have the same, and so never to be changed."""
    options: dict[str, Any] = orjson.loads(text)
    return MappingProxyType(options)


def _claim(rows: Sequence[Any]) -> Claim:
    # By place: columns by name would cost as much as all the rest of a claim.
    _, _, _, lane, request_id, failures, asked, in_doubt, _, kind, *rest = rows[0]
    content, template_id, options, hand_over_at, expires_in = rest
    return Claim(
        fences=tuple([Fence(row[0], row[1]) for row in rows]),
        phones=tuple([row[2] for row in rows]),
        lane=_LANES[lane],
        kind=_KINDS[kind],
        request_id=request_id,
        content=content,
        template_id=template_id,
        options=_options(options),
        hand_over_at=hand_over_at,
        expires_in=expires_in,
        in_doubt=in_doubt,
        failures=failures,
        asked=asked,
    )


_LANES = {str(lane): lane for lane in Lane}
_KINDS = {str(kind): kind for kind in Kind}
