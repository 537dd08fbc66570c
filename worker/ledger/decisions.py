"""What a person or a producer may decide: cancel or move what waits, send again what failed, resolve what is held.

Each statement wins or loses against the claim as a whole: the row says which.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from worker.ledger.cancelling import CALLED_OFF, cancelling
from worker.ledger.follow_ups import follow_again, follow_none_of
from worker.ledger.plans import messages_of, still
from worker.ledger.streams import all_came_back, came_back
from worker.lifecycle import PERSONS_MOVES, RETRIED, Lane, Status

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

Horizons = Mapping[Lane, timedelta]  # by default, how long after its due date a message is still sent

_HORIZON = "make_interval(secs => CAST(CAST(:horizons AS jsonb) ->> m.lane AS double precision))"


_CANCEL = text(cancelling(f"m.id = ANY({messages_of(':ids')})") + " RETURNING m.id")

# Of a message `m` that waits, of its notification `n`.
NEW_DATE = f"""
    due_at = CASE WHEN n.hand_over THEN m.due_at ELSE greatest(:send_date, now()) END,
    wanted_at = greatest(:send_date, now()),
    expires_at = CASE WHEN n.expires_at IS NULL THEN greatest(:send_date, now()) + {_HORIZON} ELSE m.expires_at END
"""

# What eSMS is to hold goes to it at once all the same, with the new date; once some of it has gone, the date is theirs.
_MOVE = text(f"""
    UPDATE message AS m SET {NEW_DATE}
    FROM notification AS n
    WHERE n.id = m.notification_id AND m.id = ANY({messages_of(":ids")}) AND {still("queued")}
      AND (n.expires_at IS NULL OR n.expires_at > :send_date)
      AND NOT (n.hand_over AND EXISTS (
          SELECT FROM message AS gone WHERE gone.notification_id = n.id AND gone.status <> 'queued'
      ))
    RETURNING m.notification_id
""")

# After `_MOVE`: what still waits under a producer's expires_at that the new date would come after.
_PAST_EXPIRY = text(f"""
    SELECT count(*) FROM message AS m JOIN notification AS n ON n.id = m.notification_id
    WHERE m.id = ANY({messages_of(":ids")}) AND {still("queued")} AND n.expires_at <= :send_date
""")

_MOVED = text("UPDATE notification SET send_date = :send_date WHERE id = ANY(:ids)")

# A new attempt at all: nothing of the old one may speak for it; a trigger keeps that as a row of its own. A date that
# has passed would end it at once.
QUEUED_AGAIN = f"""
    status = 'queued', due_at = now(), request_id = NULL, renewals = m.renewals + 1, sms_id = NULL, code = NULL,
    generation = m.generation + 1, wanted_at = now(), wanted_by = :by, network = NULL, price = NULL,
    failures = 0, asked = 0, polls = 0, rescues = 0, absences = 0,
    heard = NULL, heard_since = NULL,
    earlier_ids = CASE
        WHEN m.grouped THEN m.earlier_ids || array_remove(ARRAY[m.request_id, m.sms_id], NULL) ELSE m.earlier_ids
    END,
    in_doubt_since = NULL, dialled_at = NULL, accepted_at = NULL, settled_at = NULL, poll_at = NULL,
    expires_at = CASE WHEN m.expires_at > now() THEN m.expires_at ELSE now() + {_HORIZON} END,
    reason = :reason
"""
_RETRY = text(f"""
    UPDATE message AS m SET {QUEUED_AGAIN}
    WHERE m.id = ANY(:ids) AND m.status || '' = ANY(:statuses) AND m.replaced_by IS NULL
      AND coalesce(m.emptied_by, (SELECT n.emptied_by FROM notification AS n WHERE n.id = m.notification_id)) IS NULL
    RETURNING m.id
""")

_RESOLVE = text(f"""
    UPDATE message AS m
    SET status = :status, settled_at = now(), reason = :reason
    WHERE m.id = ANY(:ids) AND {still("held")}
    RETURNING m.id
""")


def cancel(session: Session, ids: Sequence[UUID]) -> int:
    """Cancel what still waits of these notifications, and of what came in their places; how many messages that were.

    Nothing is to follow by itself what has gone out.
    """
    followed = follow_none_of(session, ids, reason=CALLED_OFF)
    return followed + len(session.execute(_CANCEL, {"ids": list(ids)}).all())


def move(session: Session, ids: Sequence[UUID], send_date: datetime, horizons: Horizons) -> int:
    """Give what still waits of these notifications another date; how many messages that were.

    A producer's own expires_at stays, and what would be too late by it is not moved; the usual one moves along.
    """
    asked = {"ids": list(ids), "send_date": send_date, "horizons": as_seconds(horizons)}
    of = list(session.scalars(_MOVE, asked).all())
    session.execute(_MOVED, {"ids": list(set(of)), "send_date": send_date})
    all_came_back(session, list(set(of)))
    return len(of)


def past_expiry(session: Session, ids: Sequence[UUID], send_date: datetime) -> int:
    """How many messages of these notifications `move` leaves, since their expires_at comes before that date."""
    return int(session.execute(_PAST_EXPIRY, {"ids": list(ids), "send_date": send_date}).scalar_one())


def reason_of(by: str) -> str:
    """The reason of a message that is sent again: who asked for it."""
    return f"sent again by {by}"


def send_again(session: Session, ids: Collection[UUID], horizons: Horizons, *, by: str) -> tuple[set[UUID], int]:
    """Queue these messages again if they failed; which that were, and how many are cancelled: they opted out since.

    by: who asked for it.
    """
    queued = _queue_again(session, ids, RETRIED, reason_of(by), horizons, by)
    follow_again(session, queued)
    return queued, len(came_back(session, queued))


def resolve(
    session: Session, message_id: UUID, status: Status, reason: str, horizons: Horizons, *, by: str = "a person"
) -> bool:
    """End, or queue again, one held message as a person decided; False when it is not held (any more)."""
    return bool(resolve_all(session, [message_id], status, reason, horizons, by=by))


def resolve_all(
    session: Session, ids: Collection[UUID], status: Status, reason: str, horizons: Horizons, *, by: str
) -> set[UUID]:
    """The same of many; which of them were held still."""
    assert status in PERSONS_MOVES[Status.HELD], status
    if status is not Status.QUEUED:
        return set(session.scalars(_RESOLVE, {"ids": list(ids), "status": str(status), "reason": reason}).all())
    queued = _queue_again(session, ids, frozenset({Status.HELD}), reason, horizons, by)
    came_back(session, queued)
    return queued


def _queue_again(
    session: Session, ids: Collection[UUID], statuses: frozenset[Status], reason: str, horizons: Horizons, by: str
) -> set[UUID]:
    asked: dict[str, Any] = {
        "ids": list(ids),
        "statuses": [str(status) for status in statuses],
        "reason": reason,
        "by": by,
        "horizons": as_seconds(horizons),
    }
    return set(session.scalars(_RETRY, asked).all())


def as_seconds(horizons: Horizons) -> str:
    """The horizons in seconds, as the statements take them."""
    return json.dumps({str(lane): wait.total_seconds() for lane, wait in horizons.items()})
