"""From a file's bytes to its events: bounded before it is parsed, and whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any
from warnings import catch_warnings
from zoneinfo import ZoneInfo

from worker.recurrence.errors import RecurrenceError, shown
from worker.recurrence.ics.bounds import check_bounds, no_calendar, unreadable_line
from worker.recurrence.ics.events import IcsEvent
from worker.recurrence.ics.fields import Read, read_component
from worker.recurrence.ics.series import joined
from worker.recurrence.wallclock import zone_named

if TYPE_CHECKING:
    from icalendar import Component

_one_at_a_time = Lock()  # the parser keeps zones in the process


def read_ics(data: bytes, *, zone: str | ZoneInfo) -> list[IcsEvent]:
    """The events of a calendar file, in its order; of one UID that is there twice, the newer.

    zone: of times that have none, and of whole days. RecurrenceError, with the event's number and UID, for the first
    thing that can't be kept.
    """
    zone = zone_named(zone) if isinstance(zone, str) else zone
    check_bounds(data)
    numbered = enumerate(_components(data), 1)
    return joined([_read(number, component, cancelled, zone) for number, (component, cancelled) in numbered])


def _components(data: bytes) -> Iterator[tuple[Component, bool]]:
    """Each event of the file, with whether the whole file is a cancellation."""
    calendars = _parsed(data)
    if not calendars:
        raise no_calendar("it is empty or cut off")
    for calendar in calendars:
        if calendar.name != "VCALENDAR":
            raise no_calendar(f"it begins with {shown(str(calendar.name))}")
        cancelled = str(calendar.get("METHOD", "")).upper() == "CANCEL"
        yield from ((part, cancelled) for part in calendar.subcomponents if part.name == "VEVENT")


def _parsed(data: bytes) -> list[Component]:
    # Imported late: it takes a quarter of a second, and most processes never read such a file.
    from icalendar import Calendar
    from icalendar.timezone import tzp

    from worker.recurrence.ics.provider import NamedZones

    try:
        # As bytes: what it gets as text without a line's end it takes for the name of a file, and opens it.
        plain = data.decode("utf-8-sig").encode()
    except UnicodeDecodeError as trouble:
        raise RecurrenceError("file", f"byte {trouble.start + 1} is no UTF-8", "export it as UTF-8") from None
    with _one_at_a_time, catch_warnings(action="ignore"):
        tzp.use(NamedZones())  # forgets the zones of the last file: another's may have the same name
        return _parsed_by(Calendar.from_ical, plain)


def _parsed_by(from_ical: Callable[..., Any], data: bytes) -> list[Component]:
    try:
        return list(from_ical(data, multiple=True))
    except (ValueError, LookupError, AttributeError, TypeError, OSError):  # what its parser stumbles over
        line = unreadable_line(data)
        raise no_calendar("a line of it can't be read" if line is None else f"line {line} can't be read") from None


def _read(number: int, component: Component, cancelled: bool, zone: ZoneInfo) -> Read:
    with _named(number, component):
        return read_component(component, zone, cancelled=cancelled)


@contextmanager
def _named(number: int, component: Component) -> Iterator[None]:
    """Says which event it was."""
    try:
        yield
    except RecurrenceError as trouble:
        uid = str(component.get("UID", "")).strip()
        which = f"event {number}" + (f" ({shown(uid)})" if uid else "")
        raise RecurrenceError(f"{which}: {trouble.field}", trouble.problem, trouble.remedy) from None
