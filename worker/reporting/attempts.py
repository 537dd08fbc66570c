"""Each attempt to reach a recipient: those that are over, as they came to their end, and the last one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select

from worker.reporting.tables import AnyRow, Attempt, among, read

if TYPE_CHECKING:
    from worker.database import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptShown:
    """One try to reach a recipient, under one RequestId. Times in UTC; None: nobody said, or not yet."""

    generation: int
    """0: as it was handed over; 1: sent again once, and so on."""
    status: str
    """What it came to, and of the last one where it stands; queued: eSMS surely did not take it, and it waits."""
    asked_by: str | None
    """Who had it sent again; None: it was its producer who wanted it."""
    sms_type: int | None
    """None: a call."""
    request_id: str | None
    sms_id: str | None
    code: str | None
    reason: str | None
    network: str | None
    price: Decimal | None
    """In đồng, as eSMS told it."""
    wanted_at: datetime
    """When its generation was to go out."""
    accepted_at: datetime | None
    settled_at: datetime | None
    ended_at: datetime | None
    """When another one took its place; None: this is the last one."""


def attempts_over(session: Reader, messages: Sequence[AnyRow]) -> Mapping[UUID, Sequence[AnyRow]]:
    """The attempts of each message that another one followed, in their order."""
    found: dict[UUID, list[AnyRow]] = defaultdict(list)
    renewed = [message.id for message in messages if message.renewals]  # most have had no other
    if renewed:
        rows = select(*Attempt).where(among(Attempt.message_id, renewed)).order_by(Attempt.message_id, Attempt.number)
        for row in read(session, rows):
            found[row.message_id].append(row)
    return found


def attempts_of(message: AnyRow, over: Sequence[AnyRow], sms_type: int | None) -> list[AttemptShown]:
    """All of a message, the last one at the end."""
    last = _shown(message, message.wanted_at or message.created_at, sms_type, ended_at=None)
    return [*(_shown(row, row.wanted_at, row.sms_type, ended_at=row.ended_at) for row in over), last]


def _shown(row: AnyRow, wanted_at: datetime, sms_type: int | None, *, ended_at: datetime | None) -> AttemptShown:
    return AttemptShown(
        generation=row.generation,
        status=row.status,
        asked_by=row.wanted_by,
        sms_type=sms_type,
        request_id=row.request_id,
        sms_id=row.sms_id,
        code=row.code,
        reason=row.reason,
        network=row.network,
        price=row.price,
        wanted_at=wanted_at,
        accepted_at=row.accepted_at,
        settled_at=row.settled_at,
        ended_at=ended_at,
    )
