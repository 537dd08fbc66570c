"""Requests that came by task or by SQL and were refused, one by one and counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import ColumnElement, Date, cast, func, select

from worker.reporting.tables import Inbox

if TYPE_CHECKING:
    from worker.database import Reader

_EACH = (
    Inbox.id, Inbox.at, Inbox.door, Inbox.kind, Inbox.source, Inbox.reference, Inbox.field, Inbox.reason, Inbox.fields
)  # fmt: skip
_WHY = (Inbox.source, Inbox.door, Inbox.kind, Inbox.field, Inbox.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRequest:
    """One request that could not be taken."""

    id: UUID
    at: datetime
    door: str
    """task or sql."""
    kind: str
    source: str
    reference: str | None
    """Of a task that brought none: task: and its id."""
    field: str | None
    """Which is wrong."""
    reason: str
    """What is wrong with it, and what to do."""
    fields: Mapping[str, Any] = dataclass_field(repr=False)
    """What is kept of it: no texts, unless WORKER_REFUSED_WHOLE is set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedCount:
    """How many of a day were refused for one reason."""

    day: date
    source: str
    door: str
    kind: str
    field: str | None
    reason: str
    requests: int


def refused_requests(session: Reader, *, source: str | None, since: datetime | None, most: int) -> list[RefusedRequest]:
    """The last ones first."""
    query = select(*_EACH).where(*_which(source, since)).order_by(Inbox.at.desc()).limit(most)
    return [RefusedRequest(**row) for row in session.execute(query).mappings()]


def refused_of(session: Reader, *, reference: str, source: str) -> RefusedRequest | None:
    """The last one with this reference."""
    query = select(*_EACH).where(*_which(source, None), Inbox.reference == reference).order_by(Inbox.at.desc())
    row = session.execute(query.limit(1)).mappings().first()
    return None if row is None else RefusedRequest(**row)


def refused_counts(session: Reader, zone: str, *, source: str | None, since: datetime | None) -> list[RefusedCount]:
    """By day of this zone, the last first."""
    day, requests = cast(func.timezone(zone, Inbox.at), Date).label("day"), func.count().label("requests")
    query = select(day, *_WHY, requests).where(*_which(source, since)).group_by(day, *_WHY)
    rows = session.execute(query.order_by(day.desc(), requests.desc(), *_WHY)).mappings()
    return [RefusedCount(**row) for row in rows]


def _which(source: str | None, since: datetime | None) -> list[ColumnElement[bool]]:
    which: list[ColumnElement[bool]] = [Inbox.state == "refused"]
    if source is not None:
        which.append(Inbox.source == source)
    return [*which, Inbox.at >= since] if since else which
