"""What there is to decide by about a held message: its requests, what was heard, the number's other messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select

from worker.errors import NotFound
from worker.evidence import Evidence
from worker.reporting.tables import Decision, Message
from worker.reporting.to_number import MessageListed, messages_to
from worker.reporting.whole import MessageShown, whole

if TYPE_CHECKING:
    from worker.database import Reader

AROUND = timedelta(hours=1)  # before and after it was put in


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionShown:
    """Who decided what about it, when and why; as kept for good."""

    by: str
    answer: str
    why: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceShown:
    """Times in UTC."""

    message: MessageShown
    heard: str | None
    """What eSMS said of it last, and what its sent data showed, in words."""
    heard_since: datetime | None
    others: Sequence[MessageListed]
    """The other messages to this number of the hour before and after, the newest first; a hundred at most."""
    decisions: Sequence[DecisionShown]


def evidence(session: Reader, message_id: UUID) -> EvidenceShown:
    """Raises NotFound."""
    row = session.execute(select(*Message).where(Message.id == message_id)).one_or_none()
    if row is None:
        raise NotFound(f"no message has the id {message_id}: `esms-worker held list` shows them")
    [shown] = whole(session, row.notification_id, message_id=message_id).messages
    around = messages_to(session, [row.phone], source=None, since=row.created_at - AROUND, after=None, most=100)
    made = select(*Decision).where(Decision.message_id == message_id).order_by(Decision.id)
    return EvidenceShown(
        message=shown,
        heard=Evidence[row.heard].value if row.heard in Evidence.__members__ else row.heard,
        heard_since=row.heard_since,
        others=[each for each in around.messages if each.id != row.id and each.created_at <= row.created_at + AROUND],
        decisions=[
            DecisionShown(by=each.decided_by, answer=each.answer, why=each.why, at=each.at)
            for each in session.execute(made)
        ],
    )
