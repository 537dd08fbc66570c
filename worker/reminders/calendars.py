"""Calendar files (.ics) in: each event of the file is an upsert by its UID, each cancelled one a cancellation.

Single events that are over are left out; a number that an attendee does not have is told, not guessed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from worker.contacts.checks import parse_phone
from worker.errors import Invalid
from worker.ledger.events import find_event
from worker.recurrence import at_wall_clock
from worker.recurrence.ics import IcsEvent, read_ics
from worker.reminders import events
from worker.reminders.checks import translated
from worker.reminders.events import EventChange, TooLate
from worker.reminders.invitations import Attendee, Event
from worker.reminders.rules import ALL_DAY_AT
from worker.settings import Settings

SEQUENCES_MOST = 2**20


@dataclass(slots=True)
class Imported:
    """What a file came to."""

    outcomes: Counter[str] = field(default_factory=Counter)
    over: int = 0  # events that have begun already
    over_before_start: int = 0  # series that end before they start
    all_day: int = 0  # events that are whole days
    unreachable: int = 0  # attendees without a number
    too_late: list[TooLate] = field(default_factory=list)


def import_ics(
    session: Session,
    data: bytes,
    settings: Settings,
    *,
    source: str,
    guests: Sequence[Attendee],
    now: datetime,
    **how: Any,
) -> Imported:
    """Take a whole file in, or nothing of it. Raises Invalid, which names the event.

    guests: invited to each event besides those whom the file names. how: the fields of Event that no file knows.
    """
    with translated():
        found = read_ics(data, zone=str(settings.time_zone))
    imported = Imported()
    for event in found:
        change = _take(session, event, source, guests, settings, now, how, imported)
        if change is not None:
            imported.outcomes[change.outcome] += 1
            imported.too_late += change.too_late
    return imported


def _take(
    session: Session,
    event: IcsEvent,
    source: str,
    guests: Sequence[Attendee],
    settings: Settings,
    now: datetime,
    how: Mapping[str, Any],
    imported: Imported,
) -> EventChange | None:
    imported.over_before_start += event.over_before_start
    if event.over_before_start and find_event(session, source, event.key) is None:
        return None
    if event.cancelled:
        return events.cancel(session, source, event.key, version=version_of(event), now=now)
    if event.rrule is None and _begins(event, how) <= now:
        imported.over += 1
        return None
    # A guest whom the file names, too, is one attendee; the file knows the name.
    imported.all_day += event.all_day
    invited = list({each.key: each for each in [*guests, *_attendees(event, imported)]}.values())
    wanted = Event(source=source, key=event.key, attendees=invited, version=version_of(event), **_said(event), **how)
    try:
        with session.begin_nested():
            return events.upsert(session, wanted, settings, now=now)
    except events.Past:  # a series whose last one is over
        imported.over += 1
        return None
    except Invalid as error:
        raise Invalid(f"event {event.key!r}: {error.field}", error.problem, error.remedy) from None


def _begins(event: IcsEvent, how: Mapping[str, Any]) -> datetime:
    """A whole day begins when it is reminded of."""
    if not event.all_day:
        return event.starts_at
    day, zone = event.starts_at.date(), ZoneInfo(event.zone)
    return at_wall_clock(day, how.get("all_day_at", ALL_DAY_AT), zone)


def _said(event: IcsEvent) -> dict[str, Any]:
    return {
        "series": event.series,
        "starts_at": event.starts_at.date() if event.all_day else event.starts_at,
        "ends_at": event.ends_at,
        "title": event.title,
        "place": event.place,
        "zone": event.zone,
        "recurrence": event.rrule,
        "exceptions": [each.date() for each in event.exdates] if event.all_day else event.exdates,
    }


def _attendees(event: IcsEvent, imported: Imported) -> list[Attendee]:
    willing = [each for each in event.attendees if not each.declined]
    reachable = {each.phone: each for each in willing if each.phone is not None}
    imported.unreachable += sum(each.phone is None for each in willing)
    return [Attendee(key=key_of(number), phone=number, name=each.name or "") for number, each in reachable.items()]


def guests_of(phones: Sequence[str]) -> list[Attendee]:
    """People of whom only the number is known, each once. Raises Invalid."""
    return [Attendee(key=key_of(number), phone=number) for number in dict.fromkeys(map(parse_phone, phones))]


def key_of(number: str) -> str:
    """A key for somebody of whom only the number is known; it does not show the number."""
    return "number:" + blake2b(number.encode(), digest_size=8).hexdigest()


def version_of(event: IcsEvent) -> int:
    """The sequence counts first; where it is the same, the time of the change."""
    changed_at = 0 if event.changed_at is None else int(event.changed_at.timestamp())
    return min(event.sequence, SEQUENCES_MOST) << 36 | max(changed_at, 0)
