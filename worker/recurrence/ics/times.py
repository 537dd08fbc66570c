"""The times of one event, and its rule, which must come to pass."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from worker.recurrence.errors import RecurrenceError, shown
from worker.recurrence.expansion import parse_rrule
from worker.recurrence.ics.names import zone_like
from worker.recurrence.ics.zones import REMEDY, zone_of
from worker.recurrence.rrule import parse_parts
from worker.recurrence.rule import FIRST_YEAR, LAST_YEAR, last_moment
from worker.recurrence.wallclock import at_wall_clock, in_zone, wall_clock

if TYPE_CHECKING:
    from icalendar import Component

LONGEST = timedelta(days=3660)  # of one event


@dataclass(frozen=True)
class Times:
    """When an event begins, in which zone its rule and its times of day are meant.

    first: of the rule's times; None where the rule ends before the event starts.
    """

    start: datetime
    zone: ZoneInfo
    all_day: bool
    rrule: str | None
    first: datetime | None = None


def read_times(component: Component, ours: ZoneInfo) -> Times:
    """DTSTART and RRULE. A time without a zone, and a whole day, is in our zone."""
    value = component.get("DTSTART")
    if value is None:
        raise RecurrenceError("DTSTART", "it is missing", "an event needs its start")
    start = _checked("DTSTART", value, ours)
    rrule = _rule_text(component["RRULE"]) if "RRULE" in component else None
    if not isinstance(start, datetime):
        return _with_rule(Times(at_wall_clock(start, time.min, ours), ours, True, rrule))
    zone = zone_of(start, rrule, ours)
    return _with_rule(Times(in_zone(start, zone), zone, False, rrule))


def _rule_text(value: Any) -> str:
    text: bytes = value.to_ical()
    return text.decode()


def read_moment(name: str, value: Any, times: Times, listed: Any = None) -> datetime:
    """A moment of the same series; a day means the instance of that day, and no zone the series' own.

    listed: the property that the value is one of several of.
    """
    moment = _checked(name, value, times.zone, listed)
    if isinstance(moment, datetime):
        return in_zone(moment, times.zone)
    return at_wall_clock(moment, wall_clock(times.start, times.zone).time(), times.zone)


def end_of(component: Component, times: Times) -> datetime | None:
    """DTEND, or DTSTART and DURATION; a whole day without either is one day."""
    end, duration = component.get("DTEND"), component.get("DURATION")
    if end is not None:
        last = _end(end, times)
    elif duration is not None or times.all_day:
        last = _later(times.start, duration.dt if duration is not None else timedelta(days=1), times.zone)
    else:
        return None
    if last.astimezone(UTC) < times.start.astimezone(UTC):
        raise RecurrenceError("DTEND", "the event ends before it starts", "correct it, and export again")
    return last


def _end(value: Any, times: Times) -> datetime:
    end = _checked("DTEND", value, times.zone)
    return in_zone(end, times.zone) if isinstance(end, datetime) else at_wall_clock(end, time.min, times.zone)


def _later(start: datetime, duration: timedelta, zone: ZoneInfo) -> datetime:
    """Days by the calendar, the rest by the clock."""
    if abs(duration) > LONGEST:
        raise RecurrenceError("DURATION", "it is longer than ten years", "correct it, and export again")
    wall = wall_clock(start, zone)
    day = at_wall_clock(wall.date() + timedelta(days=duration.days), wall.time(), zone)
    return (day.astimezone(UTC) + timedelta(seconds=duration.seconds)).astimezone(zone)


def _checked(name: str, value: Any, near: ZoneInfo, listed: Any = None) -> date:
    """The date or time of a property (of a period, its start), in years that we count, in a zone that is known.

    near: preferred among known zones whose hours are those of a zone of the file's own.
    """
    found = value.dt[0] if isinstance(value.dt, tuple) else value.dt
    if not isinstance(found, date):
        raise RecurrenceError(name, "it is no date and no time", "correct it in the calendar, and export again")
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise RecurrenceError(name, "its year is out of reach", f"give a year from {FIRST_YEAR} to {LAST_YEAR}")
    params = (value if listed is None else listed).params
    if not isinstance(found, datetime) or str(params.get("VALUE", "")).upper() == "DATE":
        return date(found.year, found.month, found.day)  # the parser makes a time of a day that has a TZID
    if params.get("TZID") and found.tzinfo is None:
        raise RecurrenceError(name, f"the time zone {shown(str(params['TZID']))} is not known", REMEDY)
    return _in_known_zone(found, near)


def _in_known_zone(found: datetime, near: ZoneInfo) -> datetime:
    """The same wall clock in the known zone that a zone of the file's own is, if it is one."""
    theirs = found.tzinfo
    if theirs is not None and not isinstance(theirs, ZoneInfo):
        theirs = zone_like(theirs, near)
    return at_wall_clock(found.date(), found.time(), theirs) if isinstance(theirs, ZoneInfo) else found


def _with_rule(times: Times) -> Times:
    """The same, when the rule can be kept, or is over before it begins, as programs leave a series that was cut off."""
    if times.rrule is None:
        return times
    text, parts = parse_parts(times.rrule)
    end = last_moment(parts.until, times.zone)
    if end is not None and end.astimezone(UTC) < times.start.astimezone(UTC):
        return replace(times, rrule=text)
    rule = parse_rrule(times.rrule, times.start, zone=times.zone)
    return replace(times, rrule=rule.text, first=next(rule.from_start()))
