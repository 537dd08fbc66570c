"""What an application says of an event and its attendees, checked and in the ledger's words.

An error names the field and, of many attendees, which one by its position; never a number or a name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from worker.checks import label, phone_of, text_of
from worker.errors import Invalid
from worker.ledger.events import AttendeeRow
from worker.recurrence import parse_offset
from worker.recurrence.wallclock import in_zone, wall_clock
from worker.reminders.checks import clock_of, duration_of, moments_of, texts, translated, words, zone_of
from worker.reminders.recurring import LEAST_LATE, recurrence_of
from worker.reminders.rules import ALL_DAY_AT, LATE_MOST, Channel, channel_of

ATTENDEES_MOST = 100_000
OFFSETS_MOST = 20
LONGEST = timedelta(days=366)  # of one meeting
FARTHEST = timedelta(days=3660)  # a start farther away is a slip of the pen


class AfterStart(Invalid):
    """A reminder that would come when its event has begun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendee:
    """Whom an event invites: by the key of a contact, whose number counts when the reminder is made, or by a number."""

    key: str
    """Your own key for this person in this event."""
    phone: str | None = field(default=None, repr=False)
    contact: str | None = None
    """The contact's key."""
    contact_source: str | None = None
    """The contact's source; None: the event's."""
    name: str = field(default="", repr=False)
    attributes: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A meeting, appointment or class, as its application sees it now.

    starts_at: naive means the wall clock of `zone`; a date is a whole day, reminded as if it began at all_day_at.
    offsets: when to remind, like "1d", "1h", "1d 18:00".
    attendees: all of them; None leaves them as they are. late_for: how late a reminder may be; None: until the start.
    recurrence: an RRULE, counted from starts_at. exceptions: starts, or whole days, that fall out.
    version: grows with each change: a number or the time of the change; None: whatever comes last counts.
    series: the key of the event of which this is one instance that differs; it is cancelled with it.
    """

    source: str
    key: str
    starts_at: datetime | date
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
    all_day_at: time = ALL_DAY_AT
    series: str | None = None


def content_of(event: Event, time_zone: str) -> dict[str, Any]:
    """The event's own columns. Raises Invalid."""
    zone = event.zone or time_zone
    starts_at = _moment("starts_at", start_of(event), zone)
    content = {
        "series": None if event.series is None else label("series", event.series),
        "title": words("title", event.title),
        "place": words("place", event.place),
        "starts_at": starts_at,
        "ends_at": _end(event, starts_at, zone),
        "zone": zone,
        "attributes": texts("attributes", event.attributes),
        "offsets": _offsets(event.offsets, starts_at, zone),
        "late_for": _late_for(event.late_for),
        "template": label("template", event.template),
        "channel": channel_of(event.channel),
        "recurrence": None,
        "exceptions": tuple(moments_of("exceptions", event.exceptions)),
    }
    return content if event.recurrence is None else content | {"recurrence": _recurrence(event, content)}


def start_of(event: Event) -> object:
    """When it begins; a whole day at the time that was given for such days."""
    day, at = event.starts_at, clock_of("all_day_at", event.all_day_at)
    return day if isinstance(day, datetime) or not isinstance(day, date) else datetime.combine(day, at)


def attendee_rows(event: Event) -> list[AttendeeRow]:
    """All whom it invites, each key once. Raises Invalid."""
    attendees = event.attendees
    if isinstance(attendees, str) or not isinstance(attendees, Sequence) or len(attendees) > ATTENDEES_MOST:
        raise Invalid("attendees", "is no list of attendees", f"give at most {ATTENDEES_MOST:,}")
    seen: dict[str, int] = {}
    rows = []
    for place, attendee in enumerate(attendees):
        row = _attendee(attendee, f"attendees[{place}]", event.source)
        if (first := seen.setdefault(row.key, place)) != place:
            raise Invalid(
                f"attendees[{place}].key", f"is that of attendees[{first}] again", "give each a key of its own"
            )
        rows.append(row)
    return rows


def version_of(version: object) -> int | None:
    """A version as a number that grows; a time counts in microseconds. Raises Invalid."""
    if version is None:
        return None
    if isinstance(version, datetime):
        if version.tzinfo is None:
            raise Invalid("version", "is a time without a zone", "give it with its zone")
        return int(version.timestamp() * 1_000_000)
    if type(version) is not int or not 0 <= version < 2**62:
        raise Invalid("version", "is no version", "give a whole number that grows, or the time of the change")
    return version


def _attendee(attendee: Attendee, where: str, source: str) -> AttendeeRow:
    key = label(f"{where}.key", attendee.key)
    if (attendee.phone is None) == (attendee.contact is None):
        raise Invalid(where, "is to have either a phone or a contact", "give exactly one of the two")
    by_contact = attendee.contact is not None
    return AttendeeRow(
        key=key,
        contact_source=label(f"{where}.contact_source", attendee.contact_source or source) if by_contact else None,
        contact_key=label(f"{where}.contact", attendee.contact) if by_contact else None,
        phone=None if attendee.phone is None else phone_of(f"{where}.phone", attendee.phone, for_sms=False),
        name=words(f"{where}.name", attendee.name),
        attributes=texts(f"{where}.attributes", attendee.attributes) if attendee.attributes else {},
    )


def _moment(field: str, value: object, zone: str) -> datetime:
    """UTC; a naive one is what the zone's clocks show."""
    if not isinstance(value, datetime):
        raise Invalid(field, f"is {type(value).__name__}, not a datetime", "give a datetime.datetime")
    where = zone_of(zone)
    if not 1970 <= value.year <= 2199:
        raise Invalid(field, "is in a year out of reach", "check the year")
    return in_zone(value, where).astimezone(UTC).replace(second=0, microsecond=0)


def _end(event: Event, starts_at: datetime, zone: str) -> datetime | None:
    if event.ends_at is None:
        return None
    ends_at = _moment("ends_at", event.ends_at, zone)
    if not starts_at <= ends_at <= starts_at + LONGEST:
        raise Invalid("ends_at", "is before the start, or a year after it", "check both dates")
    return ends_at


def _offsets(offsets: object, starts_at: datetime, zone: str) -> tuple[str, ...]:
    if isinstance(offsets, str) or not isinstance(offsets, Sequence) or not 0 < len(offsets) <= OFFSETS_MOST:
        raise Invalid("offsets", "is no list of offsets", f'give 1 to {OFFSETS_MOST}, like ["1d", "1h"]')
    return tuple(dict.fromkeys(_offset(each, starts_at, zone) for each in offsets))


def _offset(text: object, starts_at: datetime, zone: str) -> str:
    if not isinstance(text, str):
        raise Invalid("offsets", f"holds {type(text).__name__}, not text", 'write each like "1h" or "1d 18:00"')
    with translated("offsets"):
        offset = parse_offset(text)
    if offset.before(starts_at, zone_of(zone)) > starts_at:
        raise AfterStart("offsets", f"{offset.text!r} lies after the start", "remind before it begins")
    return offset.text


def _late_for(late_for: object) -> int | None:
    if late_for is None:
        return None
    return int(duration_of("late_for", late_for, least=LEAST_LATE, most=LATE_MOST).total_seconds())


def _recurrence(event: Event, content: Mapping[str, Any]) -> str:
    """In the form that recurrence.py gives it."""
    wall = wall_clock(content["starts_at"], zone_of(content["zone"])).isoformat()
    rrule = text_of("recurrence", event.recurrence, "give it as text, like FREQ=WEEKLY;COUNT=5")
    spec = {"rrule": rrule, "start": wall, "exceptions": content["exceptions"]}
    return recurrence_of(spec, content["zone"]).text
