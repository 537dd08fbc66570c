"""What a person or a producer may decide: cancel what waits, send again what failed, resolve what is held.

Each statement wins or loses against the claim as a whole: the row says which.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from worker.lifecycle import PERSONS_MOVES, Status

_OF = "m.notification_id IN (SELECT id FROM notification WHERE id = ANY(:ids) OR campaign = :campaign)"

_CANCEL = text(f"""
    UPDATE message AS m
    SET status = 'cancelled', settled_at = now(), reason = 'cancelled before it was sent'
    WHERE {_OF} AND m.status = 'queued'
""")

# A new attempt at all: nothing of the old one may speak for it. A date that has passed would end it at once.
_RETRY = text(f"""
    WITH enough AS MATERIALIZED (  -- eSMS would refuse advertising to fewer than the least
        SELECT m.notification_id AS id FROM message AS m
        WHERE {_OF} AND m.status = ANY(:statuses)
        GROUP BY m.notification_id HAVING NOT bool_or(m.grouped) OR count(*) >= :least
    )
    UPDATE message AS m
    SET status = 'queued', due_at = now(), request_id = NULL, sms_id = NULL, code = NULL, failures = 0,
        asked = 0, polls = 0,
        in_doubt_since = NULL, dialled_at = NULL, accepted_at = NULL, settled_at = NULL, poll_at = NULL,
        expires_at = CASE WHEN m.expires_at > now() THEN m.expires_at END,
        reason = :reason
    FROM enough
    WHERE m.notification_id = enough.id AND m.status = ANY(:statuses)
      AND (CAST(:message_id AS uuid) IS NULL OR m.id = :message_id)
""")

_RESOLVE = text("""
    UPDATE message AS m
    SET status = :status, settled_at = now(), reason = :reason
    WHERE m.id = :message_id AND m.status = 'held'
""")

_NOTIFICATION_OF = text("SELECT notification_id FROM message WHERE id = :message_id AND status = 'held' FOR UPDATE")

RETRIED = frozenset({Status.REJECTED, Status.UNDELIVERED, Status.EXPIRED})
assert all(Status.QUEUED in PERSONS_MOVES[status] for status in RETRIED)


def cancel(session: Session, *, ids: Sequence[UUID] = (), campaign: str | None = None) -> int:
    """Cancel what still waits of these notifications, or of this campaign; how many messages that were."""
    return _count(session.execute(_CANCEL, {"ids": list(ids), "campaign": campaign}))


def retry(session: Session, *, ids: Sequence[UUID] = (), campaign: str | None = None, least: int = 1) -> int:
    """Queue again what was rejected, not delivered or expired; how many messages that were.

    least: advertising whose failed recipients are fewer stays as it is.
    """
    asked = _retry_of([*ids], campaign, RETRIED, "sent again by a person", None) | {"least": least}
    return _count(session.execute(_RETRY, asked))


def resolve(session: Session, message_id: UUID, status: Status, reason: str) -> bool:
    """End, or queue again, one held message as a person decided; False when it is not held (any more)."""
    assert status in PERSONS_MOVES[Status.HELD], status
    if status is not Status.QUEUED:
        return (
            _count(session.execute(_RESOLVE, {"message_id": message_id, "status": str(status), "reason": reason})) > 0
        )
    held = session.execute(_NOTIFICATION_OF, {"message_id": message_id}).one_or_none()
    if held is None:
        return False
    asked = _retry_of([held.notification_id], None, frozenset({Status.HELD}), reason, message_id)
    return _count(session.execute(_RETRY, asked)) > 0


def _retry_of(
    ids: list[UUID], campaign: str | None, statuses: frozenset[Status], reason: str, message_id: UUID | None
) -> dict[str, Any]:
    return {
        "ids": ids,
        "campaign": campaign,
        "statuses": [str(status) for status in statuses],
        "reason": reason,
        "message_id": message_id,
        "least": 1,
    }


def _count(result: Any) -> int:
    return int(result.rowcount)
