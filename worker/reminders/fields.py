"""An event as JSON fields, from a Celery task or a command: which are known and needed; times as ISO 8601 text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING
from dataclasses import fields as fields_of
from datetime import date, datetime, time, timedelta
from typing import Any, Required, TypedDict

from worker.checks import iso, known_fields
from worker.errors import Invalid
from worker.reminders.invitations import Attendee, Event
from worker.reminders.rules import Channel

CHANNEL = {field.name for field in fields_of(Channel)}
CANCELS = ("source", "key", "version")


class EventFields(TypedDict, total=False):
    """An event and its channel as a producer may give them: as `Event` and `Channel`, times also as ISO 8601 text."""

    source: Required[str]
    key: Required[str]
    starts_at: Required[datetime | date | str]
    template: Required[str]
    offsets: Required[Sequence[str]]
    attendees: Sequence[Attendee | Mapping[str, Any]] | None
    title: str
    place: str
    ends_at: datetime | str | None
    zone: str | None
    attributes: Mapping[str, str]
    late_for: timedelta | float | None  # as a number: seconds
    recurrence: str | None
    exceptions: Sequence[datetime | date | str]
    version: int | datetime | str | None
    all_day_at: time | str
    series: str | None
    sms_type: int
    brandname: str | None
    unicode: bool


def event_of(fields: Mapping[str, Any]) -> Event:
    """The event that these fields describe; `late_for` in seconds. Its values are checked later. Raises Invalid."""
    given = _known(Event, fields, besides=CHANNEL)
    channel = {name: given.pop(name) for name in CHANNEL & given.keys()}
    if channel:
        given["channel"] = Channel(**channel)
    for name, read in _READ.items():
        if given.get(name) is not None:
            given[name] = read(name, given[name])
    return Event(**given)


def cancellation_of(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Which event is to be called off: source, key and, where there is one, version. Raises Invalid."""
    known_fields(fields, CANCELS, "is no field of a cancellation")
    for name in CANCELS[:2]:
        if name not in fields:
            raise Invalid(name, "is missing", "say which event it is")
    return {**fields, "version": None if fields.get("version") is None else _version("version", fields["version"])}


def _known(kind: type[Any], fields: Mapping[str, Any], *, besides: set[str] = frozenset()) -> dict[str, Any]:  # type: ignore[assignment]
    known = {field.name for field in fields_of(kind)} - {"channel"} | besides
    known_fields(fields, sorted(known), f"is no field of {kind.__name__.lower()}")
    for field in fields_of(kind):
        if field.default is MISSING and field.default_factory is MISSING and field.name not in fields:
            raise Invalid(field.name, "is missing", "give it")
    return dict(fields)


def _time(field: str, value: object) -> time:
    try:
        return value if isinstance(value, time) else time.fromisoformat(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise Invalid(field, "is no time of day", "write it like 08:00") from None


def _version(field: str, value: object) -> int | datetime:
    return value if isinstance(value, int) else iso(field, value)


def _seconds(field: str, value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 10**8:
        raise Invalid(field, "is no number of seconds", "give seconds, like 3600")
    return timedelta(seconds=value)


def _exceptions(field: str, value: object) -> list[datetime | date]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise Invalid(field, "is no list of dates", 'give a list like ["2026-03-01"]')
    return [_day_or_moment(field, each) for each in value]


def _day_or_moment(field: str, value: object) -> datetime | date:
    if isinstance(value, date):  # a datetime is one
        return value
    if isinstance(value, str) and len(value) == len("2026-03-01"):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise Invalid(field, "holds no date", "write it like 2026-03-01") from None
    return iso(field, value)


def _attendees(field: str, value: object) -> list[Attendee]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise Invalid(field, "is no list of attendees", 'give a list like [{"key": "17", "phone": "0901234567"}]')
    return [_attendee(f"{field}[{place}]", each) for place, each in enumerate(value)]


def _attendee(field: str, value: object) -> Attendee:
    if isinstance(value, Attendee):
        return value
    if not isinstance(value, Mapping):
        raise Invalid(field, "is no attendee", 'give a table like {"key": "17", "phone": "0901234567"}')
    try:
        return Attendee(**_known(Attendee, value))
    except Invalid as error:
        raise Invalid(f"{field}.{error.field}", error.problem, error.remedy) from None


_READ = {
    "starts_at": _day_or_moment,
    "all_day_at": _time,
    "ends_at": iso,
    "late_for": _seconds,
    "exceptions": _exceptions,
    "attendees": _attendees,
    "version": _version,
}
