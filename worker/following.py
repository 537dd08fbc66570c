"""What follows by itself where something failed: how long after and how often, as people write it."""

from __future__ import annotations

from datetime import timedelta

from worker.errors import Invalid
from worker.recurrence.errors import RecurrenceError
from worker.recurrence.offsets import parse_offset

SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=7)


def span_of(field: str, value: object) -> timedelta:
    """How long after something failed, or was to go out, the next is to follow: text like 30m, or a timedelta."""
    span = value if isinstance(value, timedelta) else _span(field, value)
    if not SHORTEST <= span <= LONGEST:
        raise Invalid(field, "is out of range", "give a minute to seven days, like 30m")
    return span


def _span(field: str, value: object) -> timedelta:
    try:
        return parse_offset(value if isinstance(value, str) else "").span
    except RecurrenceError:
        raise Invalid(field, "is no amount of time", "write it like 30m or 1h") from None


def times_and_wait(field: str, value: object) -> tuple[int, timedelta]:
    """2x1h: so often, so long after."""
    times, _, wait = value.partition("x") if isinstance(value, str) else ("", "", "")
    if not times.isdecimal() or len(times) > 3:
        raise Invalid(field, "does not say how often", "write it like 2x1h: twice, an hour after")
    return int(times), span_of(field, wait)
