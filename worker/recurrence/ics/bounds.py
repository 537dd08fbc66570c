"""What a calendar file may hold, judged line by line before anything parses it.

Time zones of a file's own are the parser's weak spot: it expands their rules by dateutil up to the time that is asked,
and "every second since 1970" never comes back. So they may change once a year, as clocks do; but for those with a known
name, which it leaves alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.recurrence.errors import RecurrenceError
from worker.recurrence.ics.names import zone_of_name

MOST_BYTES = 10 * 1024 * 1024
MOST_EVENTS = 10_000
MOST_NESTED = 20  # components inside of each other; calendars have three
MOST_ZONE_LINES = 5_000
LONGEST_ZONE_LINE = 1_000  # bytes

_property = re.compile(rb"[A-Za-z0-9-]+[:;]").match
_fold = re.compile(rb"\r?\n[ \t]")
_name = re.compile(rb"TZID:(.*)", re.IGNORECASE).fullmatch
# One time of day, as Lotus writes it; a day by its weekday, or by the week of the month that holds it. What can't come,
# dateutil looks for up to the year 9999.
_part = (
    rb"FREQ=YEARLY|INTERVAL=1|BYMONTH=[0-9]{1,2}|UNTIL=[0-9]{8}(T[0-9]{6}Z?)?|WKST=[A-Z]{2}|"
    rb"BYHOUR=(?:1?[0-9]|2[0-3])|BYMINUTE=[1-5]?[0-9]|BYSECOND=[1-5]?[0-9]|"
)
_by_weekday = _part + rb"BYDAY=[+-]?[1-4]?[A-Z]{2}"
_by_date = _part + rb"BYDAY=[A-Z]{2}|BYMONTHDAY=(?:[1-9]|1[0-9]|2[0-8])(?:,[0-9]{1,2}){0,6}"
_yearly = re.compile(
    b"|".join(rb"RRULE:(?:%b)(?:;(?:%b))*;?" % (part, part) for part in (_by_weekday, _by_date))
).fullmatch


def check_bounds(data: bytes) -> None:
    """RecurrenceError where the file is too large, too deep, or has a time zone that changes all the time."""
    if len(data) > MOST_BYTES:
        raise RecurrenceError("file", f"it is larger than {MOST_BYTES // 1024**2} MB", "export a shorter time")
    as_written = [line.strip() for line in _fold.sub(b"", data).splitlines()]
    lines = [line.upper() for line in as_written]
    if (count := lines.count(b"BEGIN:VEVENT")) > MOST_EVENTS:
        raise RecurrenceError("file", f"it has {count} events; {MOST_EVENTS} at most are read", "export a shorter time")
    _check_depth(lines)
    _check_zones(as_written)


def unreadable_line(data: bytes) -> int | None:
    """The number of the first line that is no NAME:VALUE, or None."""
    for number, line in enumerate(data.splitlines(), 1):
        if line.strip() and line[:1] not in (b" ", b"\t") and not _property(line):
            return number
    return None


def no_calendar(problem: str) -> RecurrenceError:
    """The error for a file that is none."""
    return RecurrenceError("file", f"it is no calendar: {problem}", "export it again as .ics (iCalendar)")


def _check_depth(lines: list[bytes]) -> None:
    depth = 0
    for line in lines:
        depth += line.startswith(b"BEGIN:") - line.startswith(b"END:")
        if depth > MOST_NESTED:
            raise no_calendar("its parts lie in each other too deep")


def _check_zones(lines: list[bytes]) -> None:
    seen = 0
    for zone in _zones(lines):
        if _has_known_name(zone):
            continue
        seen += len(zone)
        if seen > MOST_ZONE_LINES or not all(_is_tame(line.upper()) for line in zone):
            raise RecurrenceError(
                "file", "a time zone of its own is too intricate", "use zones with names like Asia/Ho_Chi_Minh"
            )


def _zones(lines: list[bytes]) -> Iterator[list[bytes]]:
    """The lines of each time zone; of one inside of another, with those of the outer."""
    depth, zone = 0, list[bytes]()
    for line in lines:
        if line.upper().endswith(b":VTIMEZONE"):
            depth += 1 if line.upper().startswith(b"BEGIN") else -1
        if depth > 0:
            zone.append(line)
        elif zone:
            yield zone
            depth, zone = 0, []
    yield zone


def _has_known_name(zone: list[bytes]) -> bool:
    """Whether each name in it is one: the parser then never asks the file for the zone's hours."""
    names = [found[1].decode(errors="replace") for line in zone if (found := _name(line))]
    return bool(names) and all(map(zone_of_name, names))


def _is_tame(line: bytes) -> bool:
    return len(line) <= LONGEST_ZONE_LINE and (not line.startswith(b"RRULE") or _yearly(line) is not None)
