"""Small questions that rules and events share: is this a usable name, time, zone, duration, list of texts?

Each raises Invalid with the field, what is wrong and what to do; none repeats a person's number or text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from worker.checks import label, text_of
from worker.errors import Invalid
from worker.recurrence import RecurrenceError
from worker.recurrence.wallclock import zone_named

W = TypeVar("W", bound=StrEnum)

TEXT_MOST = 500  # characters of a title, place, person's name, attribute
ATTRIBUTES_MOST = 50
EXCEPTIONS_MOST = 1000


@contextmanager
def translated(field: str | None = None) -> Iterator[None]:
    """Have what the recurrence finds wrong said as ours, about this field."""
    try:
        yield
    except RecurrenceError as error:
        raise Invalid(field or error.field, error.problem, error.remedy) from None


def words(field: str, value: object) -> str:
    """A text of people's, on one line, that may be empty."""
    if value is None:
        return ""
    text = " ".join(text_of(field, value).split())
    if len(text) > TEXT_MOST or not text.isprintable():
        raise Invalid(field, "can't be shown on a phone", f"give up to {TEXT_MOST} printable characters")
    return text


def texts(field: str, value: object) -> dict[str, str]:
    """Free attributes: names to texts."""
    if not isinstance(value, Mapping) or len(value) > ATTRIBUTES_MOST:
        raise Invalid(field, "is no table of texts", f"give at most {ATTRIBUTES_MOST} names with a text each")
    return {label(field, name): words(f"{field}.{name}", text) for name, text in value.items()}


def word_of(field: str, kind: type[W], value: object) -> W:
    """One of a few known words."""
    try:
        return kind(value)  # type: ignore[arg-type]
    except ValueError:
        known = ", ".join(kind)
        raise Invalid(field, f"{_short(value)} is not known", f"use one of {known}") from None


def clock_of(field: str, value: object) -> time:
    """A time of day, to the minute."""
    if not isinstance(value, time) or value.tzinfo is not None:
        raise Invalid(field, "is no time of day", "give one like 08:00, without a zone")
    if value.second or value.microsecond:
        raise Invalid(field, "is finer than a minute", "give hours and minutes only")
    return value


def zone_of(name: object, field: str = "zone") -> ZoneInfo:
    """A time zone by its name."""
    if not isinstance(name, str):
        raise Invalid(field, "is not text", "use a name like Asia/Ho_Chi_Minh")
    with translated(field):
        return zone_named(name)


def duration_of(field: str, value: object, *, least: timedelta, most: timedelta) -> timedelta:
    """A length of time within bounds."""
    if not isinstance(value, timedelta):
        raise Invalid(field, f"is {type(value).__name__}, not a length of time", "give a datetime.timedelta")
    if not least <= value <= most:
        raise Invalid(field, "is out of range", f"give {_spoken(least)} to {_spoken(most)}")
    return value


def moments_of(field: str, value: object) -> list[str]:
    """Dates, or dates with times, as ISO 8601 text."""
    if isinstance(value, str) or not isinstance(value, Sequence) or len(value) > EXCEPTIONS_MOST:
        raise Invalid(field, "is no list of dates", f"give at most {EXCEPTIONS_MOST}")
    return [_iso(field, each) for each in value]


def read_moment(text: str) -> datetime | date:
    """What `moments_of` wrote."""
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)


def _iso(field: str, value: object) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise Invalid(field, f"holds {type(value).__name__}, not a date", "give dates or datetimes")


def _spoken(length: timedelta) -> str:
    minutes = int(length.total_seconds()) // 60
    if minutes % 1440 == 0 and minutes:
        return f"{minutes // 1440} days"
    return f"{minutes} minutes"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}…"
