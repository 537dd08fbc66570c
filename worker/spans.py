"""Spans of time as people write them, like 30m or 2x1h: how long after, how often, since how long."""

from __future__ import annotations

from datetime import timedelta

from worker.errors import Invalid
from worker.recurrence.errors import RecurrenceError
from worker.recurrence.offsets import parse_amount

SHORTEST, LONGEST, OLDEST = timedelta(minutes=1), timedelta(days=7), timedelta(days=366)


def span_of(field: str, value: object) -> timedelta:
    """How long after something failed, or was to go out, the next is to follow: text like 30m, or a timedelta."""
    span = _span(field, value, "say how long after, like 30m")
    if not SHORTEST <= span <= LONGEST:
        raise Invalid(field, "is out of range", "give a minute to seven days, like 30m")
    return span


def age_of(field: str, value: object) -> timedelta:
    """How long something has stood so: text like 2h, or a timedelta. Raises Invalid."""
    span = _span(field, value, "say how long, like 2h")
    if not SHORTEST <= span <= OLDEST:
        raise Invalid(field, "is out of range", "give a minute to a year, like 2h")
    return span


def _span(field: str, value: object, remedy: str) -> timedelta:
    if value is None:
        raise Invalid(field, "is missing", remedy)
    if isinstance(value, timedelta):
        return value
    try:
        return parse_amount(value if isinstance(value, str) else "")
    except RecurrenceError as error:
        raise Invalid(field, error.problem, error.remedy) from None


def times_and_wait(field: str, value: object) -> tuple[int, timedelta]:
    """2x1h: so often, so long after."""
    times, _, wait = value.partition("x") if isinstance(value, str) else ("", "", "")
    if not times.isdecimal() or len(times) > 3:
        raise Invalid(field, "does not say how often", "write it like 2x1h: twice, an hour after")
    return int(times), span_of(field, wait)
