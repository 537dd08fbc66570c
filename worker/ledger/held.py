"""Deciding about what is held: which of them, and who decided what and why, for good."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, TypedDict
from uuid import UUID

from sqlalchemy import text

from worker.lookups import by_key

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.database import Reader

_CHOSEN = f"""
    FROM message AS m {by_key("notification", "n", of="m.notification_id")}
    WHERE m.status = 'held' AND (CAST(:campaign AS text) IS NULL OR n.campaign = :campaign)
      AND (CAST(:code AS text) IS NULL OR m.code = :code)
      AND (CAST(:older_than AS interval) IS NULL OR m.in_doubt_since <= now() - CAST(:older_than AS interval))
"""
_HELD = text(f"SELECT m.id {_CHOSEN} AND m.id > :after ORDER BY m.id LIMIT :most FOR UPDATE OF m SKIP LOCKED")
_COUNT = text(f"SELECT count(*) {_CHOSEN} AND (m.replaced_by IS NULL OR NOT CAST(:again AS boolean))")

_DECIDED = text("""
    INSERT INTO decision (message_id, decided_by, answer, why)
    SELECT id, :by, :answer, :why FROM unnest(CAST(:ids AS uuid[])) AS d (id)
""")


class WhichHeld(TypedDict):
    """Which of what is held. older_than: in doubt for so long; None: whatever it is."""

    campaign: str | None
    code: str | None
    older_than: timedelta | None


def held_messages(session: Session, which: WhichHeld, *, after: UUID, most: int) -> Sequence[UUID]:
    """The next ones after this id, locked."""
    return session.scalars(_HELD, {**which, "after": after, "most": most}).all()


def count_held(session: Reader, which: WhichHeld, *, again: bool = False) -> int:
    """How many there are, locked by somebody or not. again: that may be sent again."""
    return int(session.execute(_COUNT, {**which, "again": again}).scalar_one())


def note_decisions(session: Session, ids: Collection[UUID], *, by: str, answer: str, why: str | None) -> None:
    """Keep who decided this about these, and why."""
    if ids:
        session.execute(_DECIDED, {"ids": list(ids), "by": by, "answer": answer, "why": why})
