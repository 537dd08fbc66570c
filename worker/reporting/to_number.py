"""The messages to one number, the newest first, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select, tuple_

from worker.reporting.cursors import cursor_of, place_of
from worker.reporting.tables import Message, Notification

if TYPE_CHECKING:
    from worker.database import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageListed:
    """One message to the number. Times in UTC."""

    id: UUID
    notification: UUID
    reference: str | None
    source: str
    campaign: str | None
    kind: str
    status: str
    reason: str | None
    created_at: datetime
    due_at: datetime
    accepted_at: datetime | None
    settled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some messages, and where the next page begins; None: there is none."""

    messages: Sequence[MessageListed]
    next: str | None


_COLUMNS = (
    Message.id,
    Message.notification_id.label("notification"),
    Notification.reference,
    Notification.source,
    Notification.campaign,
    Notification.kind,
    Message.status,
    Message.reason,
    Message.created_at,
    Message.due_at,
    Message.accepted_at,
    Message.settled_at,
)


def messages_to(
    session: Reader,
    numbers: Sequence[str],
    *,
    source: str | None,
    since: datetime | None,
    after: str | None,
    most: int,
) -> Page:
    """numbers: one in E.164, and how it stands where it is hidden. after: `next` of the page before.

    Raises Invalid for an `after` that is none.
    """
    query = select(*_COLUMNS).where(Message.phone.in_(numbers), Notification.id == Message.notification_id)
    if source is not None:
        query = query.where(Notification.source == source)
    if since is not None:
        query = query.where(Message.created_at >= since)
    if after is not None:
        query = query.where(tuple_(Message.created_at, Message.id) < place_of(after, datetime.fromisoformat))
    newest_first = query.order_by(Message.created_at.desc(), Message.id.desc()).limit(most + 1)
    listed = [MessageListed(**row) for row in session.execute(newest_first).mappings()]
    return Page(messages=listed[:most], next=_next(listed[most - 1]) if len(listed) > most else None)


def _next(last: MessageListed) -> str:
    return cursor_of((last.created_at, last.id))
