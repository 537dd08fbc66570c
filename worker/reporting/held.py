"""What waits for a person's decision: all of it, or what is chosen."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import func, select

from worker.lifecycle import ASKED, Status
from worker.reporting.tables import Message, Notification

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


_OF = {
    "id": Message.id,
    "notification": Message.notification_id,
    "reference": Notification.reference,
    "kind": Notification.kind,
    "phone": Message.phone,
    "since": Message.in_doubt_since,
    "reason": Message.reason,
    "campaign": Notification.campaign,
    "code": Message.code,
}


def held(
    session: Reader, *, campaign: str | None, code: str | None, older_than: timedelta | None, most: int
) -> list[HeldShown]:
    """The oldest first. older_than: in doubt for longer; None: whatever it is."""
    wanted = [Notification.id == Message.notification_id, Message.status == Status.HELD.value]
    if campaign is not None:
        wanted.append(Notification.campaign == campaign)
    if code is not None:
        wanted.append(Message.code == code)
    if older_than is not None:
        wanted.append(Message.in_doubt_since <= func.now() - older_than)
    columns = (_OF[each.name].label(each.name) for each in fields(HeldShown))
    query = select(*columns).where(*wanted).order_by(Message.id).limit(most)
    return [HeldShown(**row) for row in session.execute(query).mappings()]


def is_held(session: Reader, message_id: UUID) -> bool:
    """Does this one wait for a person, now?"""
    found = select(Message.id).where(Message.id == message_id, Message.status == Status.HELD.value)
    return session.scalar(found) is not None


def is_of_who_was_forgotten(session: Reader, message_id: UUID) -> bool:
    """Did its recipient ask to be forgotten?"""
    found = select(Message.id).where(Message.id == message_id, Message.emptied_by == ASKED)
    return session.scalar(found) is not None
