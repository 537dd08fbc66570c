"""From a file's bytes to its events: bounded before it is parsed, and whole or not at all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from worker.recurrence.errors import RecurrenceError, shown
from worker.recurrence.ics.events import IcsEvent
from worker.recurrence.ics.fields import Read, read_component
from worker.recurrence.ics.series import joined
from worker.recurrence.wallclock import zone_named

if TYPE_CHECKING:
    from icalendar import Component

MOST_BYTES = 10 * 1024 * 1024
MOST_EVENTS = 10_000
MOST_NESTED = 20  # components inside of each other; calendars have three

_events = re.compile(rb"^BEGIN:VEVENT\s*$", re.IGNORECASE | re.MULTILINE)
_border = re.compile(rb"^(BEGIN|END):", re.IGNORECASE | re.MULTILINE)


def read_ics(data: bytes, *, zone: str | ZoneInfo) -> list[IcsEvent]:
    """The events of a calendar file, in its order; of one UID that is there twice, the newer.

    zone: of times that have none, and of whole days. RecurrenceError, with the event's number and UID, for the first
    thing that can't be kept.
    """
    zone = zone_named(zone) if isinstance(zone, str) else zone
    _check_size(data)
    numbered = enumerate(_components(data), 1)
    return joined([_read(number, component, cancelled, zone) for number, (component, cancelled) in numbered])


def _check_size(data: bytes) -> None:
    if len(data) > MOST_BYTES:
        raise RecurrenceError("file", f"it is larger than {MOST_BYTES // 1024**2} MB", "export a shorter time")
    if (count := len(_events.findall(data))) > MOST_EVENTS:
        raise RecurrenceError("file", f"it has {count} events; {MOST_EVENTS} at most are read", "export a shorter time")
    depth = 0
    for border in _border.finditer(data):
        depth += 1 if border[1].upper() == b"BEGIN" else -1
        if depth > MOST_NESTED:
            raise _no_calendar("its parts lie in each other too deep")


def _components(data: bytes) -> Iterator[tuple[Component, bool]]:
    """Each event of the file, with whether the whole file is a cancellation."""
    calendars = _parsed(data)
    if not calendars:
        raise _no_calendar("it is empty or cut off")
    for calendar in calendars:
        if calendar.name != "VCALENDAR":
            raise _no_calendar(f"it begins with {shown(str(calendar.name))}")
        cancelled = str(calendar.get("METHOD", "")).upper() == "CANCEL"
        yield from ((part, cancelled) for part in calendar.subcomponents if part.name == "VEVENT")


def _parsed(data: bytes) -> list[Component]:
    # Imported late: it takes a quarter of a second, and most processes never read such a file.
    from icalendar import Calendar

    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as trouble:
        raise RecurrenceError("file", f"byte {trouble.start + 1} is no UTF-8", "export it as UTF-8") from None
    try:
        found: Iterable[Component] = Calendar.from_ical(text, multiple=True)
        return list(found)
    except (ValueError, KeyError, IndexError, AttributeError, TypeError):  # what its parser stumbles over
        raise _no_calendar("a line of it can't be read") from None


def _no_calendar(problem: str) -> RecurrenceError:
    return RecurrenceError("file", f"it is no calendar: {problem}", "export it again as .ics (iCalendar)")


def _read(number: int, component: Component, cancelled: bool, zone: ZoneInfo) -> Read:
    with _named(number, component):
        return read_component(component, zone, cancelled=cancelled)


@contextmanager
def _named(number: int, component: Component) -> Iterator[None]:
    """Says which event it was."""
    try:
        yield
    except RecurrenceError as trouble:
        uid = component.get("UID")
        which = f"event {number}" + (f" ({shown(str(uid))})" if uid is not None else "")
        raise RecurrenceError(f"{which}: {trouble.field}", trouble.problem, trouble.remedy) from None
