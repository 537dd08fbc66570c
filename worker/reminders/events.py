"""Events of other applications: given whole, as often as they like, in any order.

What was made of an event and has not gone out is called back when the event changes, and made again by what it says
now. What has gone out can't be: the answer tells whose that is. An upsert with a lower version than the one that
stands changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy.orm import Session

from worker.errors import Invalid, NotFound
from worker.ledger.events import (
    AttendeeChanges,
    EventRow,
    find_event,
    open_event,
    put_attendees,
    write_event,
)
from worker.ledger.occurrences import Recalled, recall
from worker.lifecycle import Status
from worker.reminders.checks import label
from worker.reminders.invitations import attendee_rows, content_of, version_of
from worker.reminders.plan import first_instant, starts
from worker.reminders.rule_changes import GONE, RECALLABLE, usable_template
from worker.reminders.rules import Channel
from worker.templates import KNOWN

OF_AN_EVENT = tuple(KNOWN)


class Past(Invalid):
    """An event that begins, or a series that ends, before now."""


class Outcome(StrEnum):
    """What an upsert or a cancellation came to."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    CANCELLED = "cancelled"
    OLDER = "older"  # than what stands: nothing was changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendee:
    """Whom an event invites: by the key of a contact, whose number counts when the reminder is made, or by a number."""

    key: str  # your own key for this person in this event
    phone: str | None = field(default=None, repr=False)
    contact: str | None = None  # the contact's key
    contact_source: str | None = None  # the contact's source; None: the event's
    name: str = field(default="", repr=False)
    attributes: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A meeting, appointment or class, as its application sees it now.

    starts_at: naive means the wall clock of `zone`. offsets: when to remind, like "1d", "1h", "1d 18:00".
    attendees: all of them; None leaves them as they are. late_for: how late a reminder may be; None: until the start.
    recurrence: an RRULE, counted from starts_at. exceptions: starts, or whole days, that fall out.
    version: grows with each change: a number or the time of the change; None: whatever comes last counts.
    """

    source: str
    key: str
    starts_at: datetime
    template: str
    offsets: Sequence[str]
    attendees: Sequence[Attendee] | None = None
    title: str = ""
    place: str = ""
    ends_at: datetime | None = None
    zone: str | None = None  # None: TIME_ZONE
    attributes: Mapping[str, str] = field(default_factory=dict)
    late_for: timedelta | None = None
    channel: Channel = field(default_factory=Channel)
    recurrence: str | None = None
    exceptions: Sequence[datetime | date] = ()
    version: int | datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TooLate:
    """A reminder that could not be called back: it is on its way, or has arrived."""

    attendee: str  # its key
    occurs_at: datetime
    status: Status
    notification_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class EventChange:
    """What an upsert or a cancellation did."""

    id: UUID
    outcome: Outcome
    added: int = 0  # attendees
    changed: int = 0
    removed: int = 0
    recalled: int = 0  # reminders that were queued and do not go out as they were
    too_late: tuple[TooLate, ...] = ()
    next_at: datetime | None = None  # the next reminder; None: there is no more


def upsert(session: Session, event: Event, *, time_zone: str, now: datetime) -> EventChange:
    """Store an event as it is now, new or known. Raises Invalid; then nothing of it is stored."""
    version = version_of(event.version)
    content = content_of(event, time_zone)
    guests = None if event.attendees is None else attendee_rows(event)
    old, new = open_event(session, label("source", event.source), label("key", event.key), now=now)
    if _is_older(version, old):
        return EventChange(id=old.id, outcome=Outcome.OLDER, next_at=old.next_at)
    wanted = replace(old, **content, version=old.version if version is None else version, cancelled_at=None)
    differs = wanted != replace(old, version=wanted.version)
    if differs:
        _check(session, wanted, now)
    changes = AttendeeChanges() if guests is None else put_attendees(session, old.id, guests)
    return _written(session, old, wanted, changes, new=new, differs=differs, now=now)


def cancel(
    session: Session, source: str, key: str, *, version: int | datetime | None = None, now: datetime
) -> EventChange:
    """Call an event off with all its reminders that have not gone out. Raises NotFound.

    With a version it may come before the event itself does: that then stays cancelled.
    """
    number = version_of(version)
    if number is None and find_event(session, source, key) is None:
        raise NotFound(f"there is no event {key!r} of source {source!r}: nothing to cancel")
    old, new = open_event(session, label("source", source), label("key", key), now=now)
    if _is_older(number, old):
        return EventChange(id=old.id, outcome=Outcome.OLDER, next_at=old.next_at)
    back = recall(session, old.id, reason="the event was cancelled", since=now - RECALLABLE, now=now)
    gone = replace(old, version=number if number is not None else old.version, cancelled_at=old.cancelled_at or now)
    write_event(session, replace(gone, next_at=None), now=now)
    again = old.cancelled_at is not None and not new
    return _change(gone, Outcome.UNCHANGED if again else Outcome.CANCELLED, AttendeeChanges(), back, now)


def _is_older(version: int | None, old: EventRow) -> bool:
    return version is not None and old.version is not None and version < old.version


def _check(session: Session, event: EventRow, now: datetime) -> None:
    """What only a look at the whole can tell."""
    if next(starts(event, now), None) is None:
        raise Past("starts_at", "is in the past", "give a start that is ahead, or cancel the event")
    needed = {name for text in usable_template(session, event.template, OF_AN_EVENT).texts() for name in text.variables}
    for name, value in (("title", event.title), ("place", event.place)):
        if name in needed and not value:
            raise Invalid(name, f"is empty, and template {event.template!r} needs it", "give it")


def _written(
    session: Session,
    old: EventRow,
    wanted: EventRow,
    changes: AttendeeChanges,
    *,
    new: bool,
    differs: bool,
    now: datetime,
) -> EventChange:
    touched = [*changes.changed, *changes.removed]
    if not (differs or touched or changes.added):
        if wanted.version != old.version:
            write_event(session, replace(old, version=wanted.version), now=now)
        return _change(old, Outcome.UNCHANGED, changes, [], now)
    back = [] if new else _recall(session, old, None if differs else touched, now)
    # From what the old one still owed: who has it already is protected by the occurrence's key.
    since = now if new or old.cancelled_at else min(now, old.next_at or now)
    row = replace(wanted, next_at=first_instant(wanted, since))
    write_event(session, row, now=now)
    return _change(row, Outcome.ADDED if new else Outcome.CHANGED, changes, back, now)


def _recall(session: Session, old: EventRow, recipients: Sequence[str] | None, now: datetime) -> list[Recalled]:
    if recipients is not None and not recipients:
        return []
    since = now - RECALLABLE
    return recall(session, old.id, reason="the event was changed", since=since, now=now, recipients=recipients)


def _change(
    row: EventRow, outcome: Outcome, changes: AttendeeChanges, back: Sequence[Recalled], now: datetime
) -> EventChange:
    return EventChange(
        id=row.id,
        outcome=outcome,
        added=len(changes.added),
        changed=len(changes.changed),
        removed=len(changes.removed),
        recalled=sum(one.called_back for one in back),
        too_late=tuple(_too_late(one) for one in back if _matters(one, now)),
        next_at=row.next_at,
    )


def _matters(one: Recalled, now: datetime) -> bool:
    """Has it reached, or will it reach, somebody for a meeting that is still ahead?"""
    start = datetime.strptime(one.key.occasion, "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC)
    return not one.called_back and one.status not in GONE and start > now


def _too_late(one: Recalled) -> TooLate:
    return TooLate(
        attendee=one.key.recipient,
        occurs_at=one.occurs_at,
        status=one.status,
        notification_id=one.notification_id,
    )
