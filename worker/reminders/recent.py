"""What rules and events have had for one contact of late, by what is on record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from worker.ledger.clock import clock
from worker.ledger.contacts import ContactRow
from worker.ledger.events import events_inviting
from worker.ledger.occurrences import occurrences_of
from worker.reminder_rows import RuleRow
from worker.reminders.people import recipient_of
from worker.reminders.why import Explanation as Reminded
from worker.reminders.why import on_record

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["Reminded", "reminded"]

AHEAD = timedelta(days=2)  # reminders are made a little before they go out
MOST = 20
EVENTS_MOST = 50  # that invite one person and are looked at


def reminded(
    session: Session, contact: ContactRow, rules: Sequence[RuleRow], *, since: datetime | None
) -> list[Reminded]:
    """Made, skipped or called back for this contact, the newest first; a month back where nobody says since when."""
    until = clock(session) + AHEAD
    first = since or until - timedelta(days=30)
    return sorted(_all(session, contact, rules, first, until), key=lambda each: each.occurs_at or until, reverse=True)[
        :MOST
    ]


def _all(
    session: Session, contact: ContactRow, rules: Sequence[RuleRow], since: datetime, until: datetime
) -> Iterator[Reminded]:
    names = {rule.id: rule.name for rule in rules}
    recipient = recipient_of(contact.source, contact.key)
    for row in occurrences_of(session, recipient, since=since, until=until):
        yield on_record(names.get(row.key.owner_id, "?"), row)
    invited = events_inviting(session, contact=(contact.source, contact.key), phones=contact.phones)
    for event, attendee in invited[:EVENTS_MOST]:
        for row in occurrences_of(session, attendee, since=since, until=until, owner_id=event.id):
            yield on_record(f"{event.title or 'event'} ({event.key})", row)
