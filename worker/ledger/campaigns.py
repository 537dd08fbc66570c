"""Campaigns that a person holds back, and the walk over a campaign's notifications that bounds every statement.

The row in `pause` is all there is to it: claims leave its streams out, from the next one on, and find them again as
they were. So it costs the same however many messages wait.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


FIRST_STEP, STEP = 50, 500  # notifications that one statement goes through; the first answers soon

_PAUSE = text("""
    INSERT INTO pause (campaign, source, reason) VALUES (:campaign, :source, :reason)
    ON CONFLICT DO NOTHING
    RETURNING id
""")

_LIFT = text("""
    UPDATE pause SET lifted_at = now(), lifted_by = :by,
        marked_to = NULL, marked_at = NULL  -- a former version's worker marks messages, and unmarks them by these
    WHERE campaign = :campaign AND lifted_at IS NULL AND (CAST(:source AS text) IS NULL OR source = :source)
    RETURNING id
""")

_STEP = """
    SELECT id FROM notification
    WHERE campaign = :campaign AND {part} AND (CAST(:after AS uuid) IS NULL OR id > :after)
    ORDER BY id LIMIT :step
"""
_STEP_OF_ALL = text(_STEP.format(part="true"))
_STEP_OF_A_PART = text(_STEP.format(part="source = :source"))  # an index has it: others' are not walked over


def pause_campaign(session: Session, campaign: str, reason: str, *, source: str | None = None) -> bool:
    """Hold a campaign back from the next claim on; False when it is already. source: only this one's part of it."""
    asked = {"campaign": campaign, "source": source, "reason": reason}
    return session.execute(_PAUSE, asked).first() is not None


def lift_campaign(session: Session, campaign: str, by: str, *, source: str | None = None) -> bool:
    """Let a campaign go on, or what this source held back of it; False when nothing was held back."""
    return session.execute(_LIFT, {"campaign": campaign, "source": source, "by": by}).first() is not None


def through(
    begin: Callable[[], AbstractContextManager[Session]],
    campaign: str,
    step: Callable[[Session, list[UUID]], object],
    *,
    source: str | None = None,
) -> bool:
    """Take a step with some notifications of a campaign at a time, each in a transaction of its own, none of them long.

    source: only with this one's. False when no notification has it. Whoever dies on the way has done what came before,
    and may simply begin anew.
    """
    after: UUID | None = None
    while True:
        with begin() as session:
            most = FIRST_STEP if after is None else STEP
            ids = notifications_of(session, campaign, after, source=source, most=most)
            if not ids:
                return after is not None
            step(session, ids)
        after = ids[-1]


def notifications_of(
    session: Session, campaign: str, after: UUID | None, *, source: str | None = None, most: int = STEP
) -> list[UUID]:
    """The next ones of a campaign, in the order in which they were put in."""
    asked = {"campaign": campaign, "source": source, "after": after, "step": most}
    return list(session.scalars(_STEP_OF_ALL if source is None else _STEP_OF_A_PART, asked).all())
