"""Events of other applications: given whole, as often as they like, in any order.

What was made of an event and has not gone out is called back when the event changes, and made again by what it says
now. What has gone out can't be: the answer tells whose that is. An upsert with a lower version than the one that
stands changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy.orm import Session

from worker.checks import label
from worker.errors import Invalid, NotFound
from worker.ledger.events import AttendeeChanges, find_event, instances_of, open_event, put_attendees, write_event
from worker.ledger.occurrences import Recalled, recall
from worker.lifecycle import Kind, Status
from worker.reminder_rows import EventRow
from worker.reminders.compose import templates_of, try_out
from worker.reminders.invitations import Event, attendee_rows, content_of, version_of
from worker.reminders.plan import first_instant, starts
from worker.reminders.rule_changes import RECALLABLE
from worker.settings import Settings
from worker.templates import usable
from worker.templates.variables import KNOWN, OF_AN_EVENT


class Past(Invalid):
    """An event that begins, or a series that ends, before now."""


class CalledOff(Invalid):
    """An event that was cancelled, which adding to it would revive."""


class EventOutcome(StrEnum):
    """What an upsert or a cancellation came to."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    CANCELLED = "cancelled"
    OLDER = "older"  # than what stands: nothing was changed


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
    outcome: EventOutcome
    added: int = 0
    """Attendees."""
    changed: int = 0
    removed: int = 0
    recalled: int = 0
    """Reminders that were queued and do not go out as they were."""
    too_late: tuple[TooLate, ...] = ()
    next_at: datetime | None = None
    """The next reminder; None: there is no more."""


def upsert(session: Session, event: Event, settings: Settings, *, now: datetime, adds: bool = False) -> EventChange:
    """Store an event as it is now, new or known. Raises Invalid; then nothing of it is stored.

    adds: the attendees besides those that it has; one that was cancelled stays so.
    """
    version = version_of(event.version)
    content = content_of(event, str(settings.time_zone))
    guests = None if event.attendees is None else attendee_rows(event)
    old, new = open_event(session, label("source", event.source), label("key", event.key), now=now)
    if _is_older(version, old):
        return EventChange(id=old.id, outcome=EventOutcome.OLDER, next_at=old.next_at)
    if adds and old.cancelled_at and not new:
        raise CalledOff(
            "key", "is that of an event that was called off", "leave its rows out, or give a key of its own"
        )
    wanted = replace(old, **content, version=old.version if version is None else version, cancelled_at=None)
    differs = wanted != replace(old, version=wanted.version)
    if differs:
        _check(session, wanted, settings, now, event.channel.fallback_kind)
    changes = AttendeeChanges() if guests is None else put_attendees(session, old.id, guests, besides=adds)
    return _written(session, old, wanted, changes, new=new, differs=differs, now=now)


def cancel(
    session: Session, source: str, key: str, *, version: int | datetime | None = None, now: datetime
) -> EventChange:
    """Call an event off with all its reminders that have not gone out, a series with its moved instances.

    With a version it may come before the event itself does: that then stays cancelled. Raises NotFound.
    """
    change = _cancel(session, source, key, version, now)
    if change.outcome is EventOutcome.OLDER:
        return change
    with_it = [_cancel(session, source, each, None, now) for each in instances_of(session, source, key)]
    return replace(
        change,
        recalled=sum(each.recalled for each in (change, *with_it)),
        too_late=tuple(one for each in (change, *with_it) for one in each.too_late),
    )


def _cancel(session: Session, source: str, key: str, version: int | datetime | None, now: datetime) -> EventChange:
    number = version_of(version)
    if number is None and find_event(session, source, key) is None:
        raise NotFound(f"there is no event {key!r} of source {source!r}: nothing to cancel")
    old, new = open_event(session, label("source", source), label("key", key), now=now)
    if _is_older(number, old):
        return EventChange(id=old.id, outcome=EventOutcome.OLDER, next_at=old.next_at)
    back = recall(session, old.id, reason="the event was cancelled", since=now - RECALLABLE, now=now)
    gone = replace(old, version=number if number is not None else old.version, cancelled_at=old.cancelled_at or now)
    write_event(session, replace(gone, next_at=None), now=now)
    again = old.cancelled_at is not None and not new
    return _change(gone, EventOutcome.UNCHANGED if again else EventOutcome.CANCELLED, AttendeeChanges(), back, now)


def _is_older(version: int | None, old: EventRow) -> bool:
    return version is not None and old.version is not None and version < old.version


def _check(
    session: Session, event: EventRow, settings: Settings, now: datetime, fallback_kind: Kind | str | None
) -> None:
    """What only a look at the whole can tell."""
    if next(starts(event, now), None) is None:
        raise Past("starts_at", "is in the past", "give a start that is ahead, or cancel the event")
    templates = [usable(session, each, KNOWN) for each in templates_of(event.template, event.channel)]
    needed = {name for each in templates for name in each.names()}
    for name in OF_AN_EVENT:
        if name in needed and not getattr(event, name):
            raise Invalid(name, f"is empty, and template {event.template!r} needs it", "give it")
    try_out(session, templates, event.channel, settings, now=now, fallback_kind=fallback_kind)


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
        return _change(old, EventOutcome.UNCHANGED, changes, [], now)
    back = [] if new else _recall(session, old, None if differs else touched, now)
    # From what the old one still owed: who has it already is protected by the occurrence's key.
    since = now if new or old.cancelled_at else min(now, old.next_at or now)
    row = replace(wanted, next_at=first_instant(wanted, since))
    write_event(session, row, now=now)
    return _change(row, EventOutcome.ADDED if new else EventOutcome.CHANGED, changes, back, now)


def _recall(session: Session, old: EventRow, recipients: Sequence[str] | None, now: datetime) -> list[Recalled]:
    if recipients is not None and not recipients:
        return []
    since = now - RECALLABLE
    return recall(session, old.id, reason="the event was changed", since=since, now=now, recipients=recipients)


def _change(
    row: EventRow, outcome: EventOutcome, changes: AttendeeChanges, back: Sequence[Recalled], now: datetime
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
    return one.too_late and start > now


def _too_late(one: Recalled) -> TooLate:
    return TooLate(
        attendee=one.key.recipient,
        occurs_at=one.occurs_at,
        status=one.status,
        notification_id=one.notification_id,
    )
