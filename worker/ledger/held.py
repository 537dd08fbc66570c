"""Deciding about what is held: which of them, and who decided what and why, for good."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_HELD = text("""
    SELECT m.id FROM message AS m JOIN notification AS n ON n.id = m.notification_id
    WHERE m.status = 'held' AND (CAST(:campaign AS text) IS NULL OR n.campaign = :campaign)
      AND (CAST(:code AS text) IS NULL OR m.code = :code)
      AND (CAST(:older_than AS interval) IS NULL OR m.in_doubt_since <= now() - CAST(:older_than AS interval))
      AND m.id > :after
    ORDER BY m.id LIMIT :most
    FOR UPDATE OF m SKIP LOCKED
""")

_DECIDED = text("""
    INSERT INTO decision (message_id, decided_by, answer, why)
    SELECT id, :by, :answer, :why FROM unnest(CAST(:ids AS uuid[])) AS d (id)
""")


def held_messages(
    session: Session, *, campaign: str | None, code: str | None, older_than: timedelta | None, after: UUID, most: int
) -> Sequence[UUID]:
    """The next ones after this id, locked. older_than: in doubt for so long; None: whatever it is."""
    asked = {"campaign": campaign, "code": code, "older_than": older_than, "after": after, "most": most}
    return session.scalars(_HELD, asked).all()


def note_decisions(session: Session, ids: Collection[UUID], *, by: str, answer: str, why: str | None) -> None:
    """Keep who decided this about these, and why."""
    if ids:
        session.execute(_DECIDED, {"ids": list(ids), "by": by, "answer": answer, "why": why})
