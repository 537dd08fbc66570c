"""What waits for a person's decision: all of it, or what is chosen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select, text

from worker.lifecycle import ASKED, Status
from worker.lookups import by_key
from worker.reporting.tables import Message

if TYPE_CHECKING:
    from worker.database import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldShown:
    """A message that only a person can decide about."""

    id: UUID  # the message's
    notification: UUID
    reference: str | None
    kind: str
    phone: str  # E.164
    since: datetime | None
    reason: str | None
    campaign: str | None
    code: str | None
    """eSMS's, of its last answer."""


# Each one's notification is looked up by its key, however few are held in Postgres's eyes.
_HELD = text(f"""
    SELECT m.id, m.notification_id AS notification, n.reference, n.kind, m.phone, m.in_doubt_since AS since, m.reason,
        n.campaign, m.code
    FROM message AS m {by_key("notification", "n", of="m.notification_id")}
    WHERE m.status = 'held' AND (CAST(:campaign AS text) IS NULL OR n.campaign = :campaign)
      AND (CAST(:code AS text) IS NULL OR m.code = :code)
      AND (CAST(:older_than AS interval) IS NULL OR m.in_doubt_since <= now() - CAST(:older_than AS interval))
    ORDER BY m.id LIMIT :most
""")  # noqa: S608 — our own constants


def held(
    session: Reader, *, campaign: str | None, code: str | None, older_than: timedelta | None, most: int
) -> list[HeldShown]:
    """The oldest first. older_than: in doubt for longer; None: whatever it is."""
    asked = {"campaign": campaign, "code": code, "older_than": older_than, "most": most}
    return [HeldShown(**row) for row in session.execute(_HELD, asked).mappings()]


def is_held(session: Reader, message_id: UUID) -> bool:
    """Does this one wait for a person, now?"""
    found = select(Message.id).where(Message.id == message_id, Message.status == Status.HELD.value)
    return session.scalar(found) is not None


def is_of_who_was_forgotten(session: Reader, message_id: UUID) -> bool:
    """Did its recipient ask to be forgotten?"""
    found = select(Message.id).where(Message.id == message_id, Message.emptied_by == ASKED)
    return session.scalar(found) is not None


def is_replaced(session: Reader, message_id: UUID) -> bool:
    """Has another message gone in its place?"""
    found = select(Message.id).where(Message.id == message_id, Message.replaced_by.is_not(None))
    return session.scalar(found) is not None
