"""Campaigns that a person holds back, and the walk over a campaign's notifications that bounds every statement.

The row in `pause` has effect at once: no claim passes it. Marking the messages after that is for speed alone, so that
a million that wait are not looked at by every claim; it goes on where it was, whoever does it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

from worker.ledger.plans import still

STEP = 500  # notifications that one statement goes through
MARKED_AT_ONCE = 5000  # messages: one notification may have a million

_PAUSE = text("""
    INSERT INTO pause (campaign, reason) VALUES (:campaign, :reason)
    ON CONFLICT (campaign) WHERE lifted_at IS NULL DO NOTHING
    RETURNING id
""")

_LIFT = text("""
    UPDATE pause SET lifted_at = now(), lifted_by = :by, marked_to = NULL, marked_at = NULL
    WHERE campaign = :campaign AND lifted_at IS NULL
    RETURNING id
""")

# Of a campaign that is held back still, what has been put in meanwhile is marked by and by.
_UNMARKED = text("""
    SELECT id, campaign FROM pause
    WHERE campaign IS NOT NULL
      AND (marked_at IS NULL OR (lifted_at IS NULL AND marked_at < now() - interval '5 seconds'))
    ORDER BY marked_at NULLS FIRST, id LIMIT 1
""")

# One at a time for a campaign: whoever marks must see the last word about it.
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:campaign, 42))")
_MARKED_TO = text("SELECT marked_to FROM pause WHERE id = :id")

_STEP = text("""
    SELECT id FROM notification
    WHERE campaign = :campaign AND (CAST(:after AS uuid) IS NULL OR id > :after)
    ORDER BY id LIMIT :step
""")

# The truth of now, not of the pause that asked for the walk: it may have been lifted and made again meanwhile.
_MARK = text(f"""
    WITH truth AS MATERIALIZED (
        SELECT EXISTS (SELECT FROM pause WHERE campaign = :campaign AND lifted_at IS NULL) AS paused
    ), wrong AS MATERIALIZED (
        SELECT m.id, truth.paused FROM message AS m, truth
        WHERE m.notification_id = ANY(:ids) AND {still("queued")} AND m.paused <> truth.paused
        LIMIT :most
    )
    UPDATE message AS m SET paused = wrong.paused FROM wrong WHERE m.id = wrong.id AND {still("queued")}
    RETURNING m.id
""")

_MARKED = text("""
    UPDATE pause
    SET marked_to = coalesce(:to, marked_to),
        marked_at = CASE WHEN CAST(:to AS uuid) IS NULL THEN now() ELSE marked_at END
    WHERE id = :id
""")

# Nobody may wait for a pause that is no more, whatever went wrong with the marking.
_FORGOTTEN = text("""
    WITH forgotten AS MATERIALIZED (
        SELECT id FROM message
        WHERE paused AND NOT EXISTS (SELECT FROM pause WHERE campaign IS NOT NULL AND lifted_at IS NULL)
        LIMIT 1000
        FOR UPDATE SKIP LOCKED
    )
    UPDATE message AS m SET paused = false FROM forgotten WHERE m.id = forgotten.id
    RETURNING m.id
""")


def pause_campaign(session: Session, campaign: str, reason: str) -> bool:
    """Hold a campaign back from the next claim on; False when it is already."""
    session.execute(_LOCK, {"campaign": campaign})
    return session.execute(_PAUSE, {"campaign": campaign, "reason": reason}).first() is not None


def lift_campaign(session: Session, campaign: str, by: str) -> bool:
    """Let a campaign go on; False when it was not held back."""
    session.execute(_LOCK, {"campaign": campaign})
    return session.execute(_LIFT, {"campaign": campaign, "by": by}).first() is not None


def mark(session: Session) -> bool:
    """One step of marking what belongs to a paused campaign, or no longer does; False when nothing is left to do."""
    pause = session.execute(_UNMARKED).one_or_none()
    if pause is None:
        return bool(session.execute(_FORGOTTEN).all())
    session.execute(_LOCK, {"campaign": pause.campaign})
    ids = _notifications(session, pause.campaign, session.scalar(_MARKED_TO, {"id": pause.id}))
    asked = {"campaign": pause.campaign, "ids": ids, "most": MARKED_AT_ONCE}
    if not ids or len(session.execute(_MARK, asked).all()) < MARKED_AT_ONCE:
        session.execute(_MARKED, {"id": pause.id, "to": ids[-1] if ids else None})
    return True


def through(
    begin: Callable[[], AbstractContextManager[Session]], campaign: str, step: Callable[[Session, list[UUID]], object]
) -> bool:
    """Take a step with some notifications of a campaign at a time, each in a transaction of its own, none of them long.

    False when no notification has it. Whoever dies on the way has done what came before, and may simply begin anew.
    """
    after: UUID | None = None
    while True:
        with begin() as session:
            ids = _notifications(session, campaign, after)
            if not ids:
                return after is not None
            step(session, ids)
        after = ids[-1]


def _notifications(session: Session, campaign: str, after: UUID | None) -> list[UUID]:
    """The next ones of a campaign, in the order in which they were put in."""
    return list(session.scalars(_STEP, {"campaign": campaign, "after": after, "step": STEP}).all())
