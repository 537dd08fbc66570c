"""One event of a calendar file, property by property; what we don't use, we don't judge."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from worker.recurrence.errors import RecurrenceError
from worker.recurrence.ics.events import IcsAttendee, IcsEvent
from worker.recurrence.ics.times import Times, end_of, read_moment, read_times

if TYPE_CHECKING:
    from icalendar import Component

ONCE = ("UID", "DTSTART", "DTEND", "DURATION", "RRULE", "RECURRENCE-ID", "SUMMARY", "LOCATION", "STATUS", "SEQUENCE")
USED = {*ONCE, "EXDATE", "RDATE", "ATTENDEE", "LAST-MODIFIED", "DTSTAMP"}
NO_PERSONS = ("ROOM", "RESOURCE")


@dataclass(frozen=True)
class Read:
    """An event as its component alone says it, before what others say of the same series.

    first: the rule's own first time, which may be later than the start. instance: which one of the series it stands for
    (RECURRENCE-ID). added: instances besides the rule (RDATE).
    """

    event: IcsEvent
    first: datetime | None
    instance: datetime | None
    added: tuple[datetime, ...]


def read_component(component: Component, zone: ZoneInfo, *, cancelled: bool) -> Read:
    """The event. RecurrenceError names the property that is wrong."""
    _check(component)
    times = read_times(component, zone)
    event = IcsEvent(
        key=_uid(component),
        title=_text(component, "SUMMARY"),
        starts_at=times.start,
        ends_at=end_of(component, times),
        zone=times.zone.key,
        all_day=times.all_day,
        place=_text(component, "LOCATION"),
        rrule=times.rrule,
        exdates=_moments(component, "EXDATE", times),
        cancelled=cancelled or _text(component, "STATUS").upper() == "CANCELLED",
        sequence=int(component.get("SEQUENCE", 0)),
        changed_at=_changed_at(component),
        over_before_start=times.rrule is not None and times.first is None,
        attendees=tuple(_attendee(one) for one in _each(component, "ATTENDEE") if _is_person(one)),
    )
    return Read(event, times.first, _instance(component, times), _moments(component, "RDATE", times))


def _check(component: Component) -> None:
    for name, _ in component.errors:
        if name is None:  # which one, nobody can say: it may be the rule
            raise RecurrenceError("line", "one of its lines can't be read", "correct it, and export again")
        if str(name).upper() in USED:
            raise RecurrenceError(str(name), "it can't be read", "correct it in the calendar, and export again")
    for name in ONCE:
        if isinstance(component.get(name), list):
            raise RecurrenceError(name, "it is there more than once", "keep one, and export again")
    if "EXRULE" in component:
        raise RecurrenceError("EXRULE", "exceptions by rule are not known", "leave days out one by one, by EXDATE")


def _uid(component: Component) -> str:
    uid = _text(component, "UID").strip()
    if not uid:
        raise RecurrenceError("UID", "it is missing", "give each event a UID: it tells a change from a new event")
    return uid


def _text(component: Component, name: str) -> str:
    return str(component.get(name, ""))


def _each(component: Component, name: str) -> list[Any]:
    found = component.get(name, [])
    return found if isinstance(found, list) else [found]


def _moments(component: Component, name: str, times: Times) -> tuple[datetime, ...]:
    values = ((value, listed) for listed in _each(component, name) for value in listed.dts)
    return tuple(sorted({read_moment(name, value, times, listed) for value, listed in values}))


def _instance(component: Component, times: Times) -> datetime | None:
    value = component.get("RECURRENCE-ID")
    if value is None:
        return None
    if "RANGE" in value.params:
        raise RecurrenceError(
            "RECURRENCE-ID", "it changes this and all later instances", "end the series there, and begin a new one"
        )
    return read_moment("RECURRENCE-ID", value, times)


def _changed_at(component: Component) -> datetime | None:
    value = component.get("LAST-MODIFIED") or component.get("DTSTAMP")
    moment: date | None = getattr(value, "dt", None)
    if not isinstance(moment, datetime):
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)


# People...


def _attendee(value: Any) -> IcsAttendee:
    scheme, _, address = str(value).partition(":")
    scheme, address = scheme.lower(), address.strip()
    email = address if scheme == "mailto" else str(value.params.get("EMAIL", "")) or None
    phone = address.split(";")[0] if scheme in ("tel", "sms") else None
    declined = str(value.params.get("PARTSTAT", "")).upper() == "DECLINED"
    return IcsAttendee(str(value.params.get("CN", "")), phone, email, declined)


def _is_person(value: Any) -> bool:
    return str(value.params.get("CUTYPE", "")).upper() not in NO_PERSONS
