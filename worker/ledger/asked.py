"""What was asked for by the requests of which some failed, each by its key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from sqlalchemy import text

from worker.ledger.rows import as_array, options_of
from worker.lifecycle import PURPOSE

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_REQUESTS = text(f"""
    SELECT n.id, n.kind, {PURPOSE} AS purpose, n.source, n.campaign, n.content, n.template_id,
        CAST(n.options AS text) AS options, n.expires_at, CAST(n.follow_up AS text) AS follow_up,
        coalesce(n.segments, 1) AS segments
    FROM notification AS n WHERE n.id = ANY(CAST(:ids AS uuid[]))
""")


class Asked(NamedTuple):
    """What was asked for once."""

    id: UUID
    kind: str
    purpose: str
    source: str
    campaign: str | None
    content: str | None
    template_id: str | None
    options: Mapping[str, Any]
    expires_at: datetime | None
    follow_up: Mapping[str, Any] | None  # what its producer wanted to follow by itself
    segments: int


def requests_of(session: Session, notifications: Sequence[UUID]) -> Mapping[UUID, Asked]:
    """What was asked for, by notification."""
    rows = session.execute(_REQUESTS, {"ids": as_array([each.hex for each in notifications])}).all()
    return {
        row[0]: Asked._make((*row[:7], options_of(row[7]), row[8], row[9] and options_of(row[9]), row[10]))
        for row in rows
    }
