"""Rules and events whose reminders could not be made for a fault of ours: noted until the next success."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

# Not where somebody else is at work on it: that one may succeed.
_NOTE = [
    text(f"""
        UPDATE {table} SET failing_since = coalesce(failing_since, now()), failure = :failure
        WHERE id = (SELECT id FROM {table} WHERE id = :id FOR UPDATE SKIP LOCKED)
    """)
    for table in ("reminder", "event")
]

_FAILING = text("""
    SELECT 'rule ' || name AS what, failing_since AS since, failure FROM reminder
    WHERE failing_since IS NOT NULL AND removed_at IS NULL
    UNION ALL
    SELECT 'event ' || key || ' of ' || source, failing_since, failure FROM event
    WHERE failing_since IS NOT NULL AND cancelled_at IS NULL
    ORDER BY since
""")


@dataclass(frozen=True, slots=True)
class Failing:
    """A rule or event that can't be made, since when, and the error with the place in the code that raised it."""

    what: str
    since: datetime
    failure: str


def note_failure(session: Session, owner_id: UUID, failure: str) -> None:
    """Remember that the reminders of this rule or event could not be made."""
    for statement in _NOTE:
        session.execute(statement, {"id": owner_id, "failure": failure})


def failing(session: Session) -> list[Failing]:
    """The rules and events that failed when last tried, the one that has failed longest first."""
    return [Failing(*row) for row in session.execute(_FAILING)]
