"""What a calendar file may hold, judged line by line before anything parses it.

Time zones of a file's own are the parser's weak spot: it expands their rules by dateutil up to the time that is asked,
and "every second since 1970" never comes back. So they may change once a year, as clocks do.
"""

from __future__ import annotations

import re

from worker.recurrence.errors import RecurrenceError

MOST_BYTES = 10 * 1024 * 1024
MOST_EVENTS = 10_000
MOST_NESTED = 20  # components inside of each other; calendars have three
MOST_ZONE_LINES = 5_000
LONGEST_ZONE_LINE = 1_000  # bytes

_property = re.compile(rb"[A-Za-z0-9-]+[:;]").match
_fold = re.compile(rb"\r?\n[ \t]")
_yearly_part = (
    rb"FREQ=YEARLY|INTERVAL=1|BYMONTH=[0-9]{1,2}|BYDAY=[+-]?[1-4]?[A-Z]{2}|UNTIL=[0-9]{8}(T[0-9]{6}Z?)?|WKST=[A-Z]{2}"
)
_yearly = re.compile(rb"RRULE:(%b)(;(%b))*;?" % (_yearly_part, _yearly_part)).fullmatch


def check_bounds(data: bytes) -> None:
    """RecurrenceError where the file is too large, too deep, or has a time zone that changes all the time."""
    if len(data) > MOST_BYTES:
        raise RecurrenceError("file", f"it is larger than {MOST_BYTES // 1024**2} MB", "export a shorter time")
    lines = [line.strip() for line in _fold.sub(b"", data).upper().splitlines()]
    if (count := lines.count(b"BEGIN:VEVENT")) > MOST_EVENTS:
        raise RecurrenceError("file", f"it has {count} events; {MOST_EVENTS} at most are read", "export a shorter time")
    _check_depth(lines)
    _check_zones(lines)


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
    inside, seen = False, 0
    for line in lines:
        if line.endswith(b":VTIMEZONE"):
            inside = line.startswith(b"BEGIN")
        seen += inside
        if inside and (seen > MOST_ZONE_LINES or not _is_tame(line)):
            raise RecurrenceError(
                "file", "a time zone of its own is too intricate", "use zones with names like Asia/Ho_Chi_Minh"
            )


def _is_tame(line: bytes) -> bool:
    return len(line) <= LONGEST_ZONE_LINE and (not line.startswith(b"RRULE") or _yearly(line) is not None)
