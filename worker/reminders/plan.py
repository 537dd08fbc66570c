"""When is what due? Pure: no clock, no database.

What stands for an occurrence is its *occasion*: the day that is celebrated, the day or moment of a recurrence, the
start of a meeting. When it goes out may change; what it is for does not, so nobody gets it twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice
from zoneinfo import ZoneInfo

from worker.recurrence import Offset, at_wall_clock, parse_offset
from worker.recurrence import Rule as Recurrence
from worker.reminder_rows import EventRow, RuleRow
from worker.reminders.checks import translated, zone_of
from worker.reminders.recurring import LEAST_LATE, recurrence_of
from worker.reminders.rules import Anniversary, Recurring, rule_of

DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)
END = datetime(2200, 1, 1, tzinfo=UTC)  # where the recurrence's years end


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One occurrence: what it is for, when it goes out, and until when that still makes sense."""

    occasion: str
    before: str = ""  # the event's offset
    occurs_at: datetime  # UTC
    deadline: datetime  # UTC
    about: datetime  # the day or start that the text speaks of, in the zone that its people live by
    overtaken_at: datetime | None = None  # from then on a later reminder of the same meeting makes it needless

    @property
    def is_of_a_day(self) -> bool:
        """Does it stand for a day, at whatever hour it goes out?"""
        return "T" not in self.occasion


# Rules...


def next_due(row: RuleRow, after: datetime) -> Due | None:
    """The first occurrence of a rule later than that; None: there is no more."""
    return next(dues(row, after), None)


def dues(row: RuleRow, after: datetime) -> Iterator[Due]:
    """Every occurrence of a rule later than that, in order; without an end unless the rule has one."""
    rule = rule_of(row)
    if isinstance(rule, Anniversary):
        return _anniversaries(rule, zone_of(row.zone), after)
    return _recurrences(row, rule, after)


def _anniversaries(rule: Anniversary, zone: ZoneInfo, after: datetime) -> Iterator[Due]:
    day = after.astimezone(zone).date() - DAY
    while True:
        due = _anniversary(rule, zone, day)
        if due.occurs_at > after:
            yield due
        day += DAY


def _anniversary(rule: Anniversary, zone: ZoneInfo, day: date) -> Due:
    occurs_at = at_wall_clock(day, rule.at, zone).astimezone(UTC)
    celebrated = day + timedelta(days=rule.days_before)
    return Due(
        occasion=celebrated.isoformat(),
        occurs_at=occurs_at,
        deadline=_no_sooner(at_wall_clock(day, rule.late_until, zone), occurs_at),
        about=at_wall_clock(celebrated, rule.at, zone),
    )


def _recurrences(row: RuleRow, rule: Recurring, after: datetime) -> Iterator[Due]:
    for moment in _later_than(recurrence_of(row.spec, row.zone), after):
        occurs_at = moment.astimezone(UTC)
        yield Due(
            occasion=_occasion(row, moment),
            occurs_at=occurs_at,
            deadline=_no_sooner(occurs_at + rule.late_for, occurs_at),
            about=moment,
        )


def _later_than(recurrence: Recurrence, after: datetime) -> Iterator[datetime]:
    # In UTC: in an hour that comes twice, two moments of one zone compare by what the wall shows.
    return (moment for moment in recurrence.between(after, END) if moment.astimezone(UTC) > after)


def _occasion(row: RuleRow, moment: datetime) -> str:
    """The day, where it is the only occurrence of its day: then a rule moved to another hour owes this day nothing."""
    zone = zone_of(row.zone)
    begin = at_wall_clock(moment.date(), time(), zone)
    end = at_wall_clock(moment.date() + DAY, time(), zone)
    of_the_day = list(islice(recurrence_of(row.spec, row.zone).between(begin, end), 2))
    return moment.date().isoformat() if len(of_the_day) == 1 else _instant(moment)


# Events...


def next_instant(event: EventRow, after: datetime) -> datetime | None:
    """When the next reminder of an event goes out, later than that; None: there is no more."""
    found = [instant for offset in _offsets(event) if (instant := _first(event, offset, after)) is not None]
    return min(found, default=None)


def _first(event: EventRow, offset: Offset, after: datetime) -> datetime | None:
    # A reminder goes out before the start, so a later one belongs to a later start.
    for start in starts(event, after):
        if (instant := _instant_of(event, offset, start)) > after:
            return instant
    return None


def first_instant(event: EventRow, since: datetime) -> datetime | None:
    """The earliest reminder of the meetings that start after that, also when it is past already."""
    start = next(starts(event, since), None)
    return None if start is None else min(_instant_of(event, offset, start) for offset in _offsets(event))


def dues_at(event: EventRow, instant: datetime) -> list[Due]:
    """The reminders of an event that go out at this moment; more than one where meetings lie close together."""
    return [
        _of_event(event, start, offset, instant)
        for offset in _offsets(event)
        for start in _starts_reminded_at(event, offset, instant)
    ]


def event_dues(event: EventRow, begin: datetime, end: datetime, *, most: int) -> Iterator[Due]:
    """The reminders of an event from begin until before end, of so many moments at most."""
    instant = next_instant(event, begin - INSTANT)
    for _ in range(most):
        if instant is None or instant >= end:
            return
        yield from dues_at(event, instant)
        instant = next_instant(event, instant)


def starts(event: EventRow, after: datetime) -> Iterator[datetime]:
    """When it starts, later than that, in order (UTC). Meetings from before we knew of it are none of ours."""
    assert event.starts_at is not None
    floor = max(after, event.created_at)
    if event.recurrence is None:
        return iter([event.starts_at] if event.starts_at > floor else [])
    found = _later_than(recurrence_of(spec_of(event), event.zone), floor)
    return (moment.astimezone(UTC) for moment in found)


def spec_of(event: EventRow) -> dict[str, object]:
    """A recurring event's recurrence, as rules store theirs."""
    assert event.starts_at is not None
    wall = event.starts_at.astimezone(zone_of(event.zone)).replace(tzinfo=None)
    return {"rrule": event.recurrence, "start": wall.isoformat(), "exceptions": event.exceptions}


def _starts_reminded_at(event: EventRow, offset: Offset, instant: datetime) -> Iterator[datetime]:
    for start in starts(event, instant - INSTANT):
        reminded_at = _instant_of(event, offset, start)
        if reminded_at == instant:
            yield start
        if reminded_at > instant:
            return


def _of_event(event: EventRow, start: datetime, offset: Offset, instant: datetime) -> Due:
    later = [other for each in _offsets(event) if (other := _instant_of(event, each, start)) > instant]
    latest = start if event.late_for is None else min(start, instant + timedelta(seconds=event.late_for))
    return Due(
        occasion=_instant(start),
        before=offset.text,
        occurs_at=instant,
        deadline=_no_sooner(latest, instant),
        about=start.astimezone(zone_of(event.zone)),
        overtaken_at=min(later, default=None),
    )


def _instant_of(event: EventRow, offset: Offset, start: datetime) -> datetime:
    return offset.before(start, zone_of(event.zone)).astimezone(UTC)


def _offsets(event: EventRow) -> tuple[Offset, ...]:
    return tuple(map(_offset, event.offsets))


@lru_cache(maxsize=256)
def _offset(text: str) -> Offset:
    with translated("offsets"):
        return parse_offset(text)


def _instant(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%MZ}"


def _no_sooner(deadline: datetime, occurs_at: datetime) -> datetime:
    return max(deadline.astimezone(UTC), occurs_at + LEAST_LATE)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When the day begins in the zone, in UTC."""
    return at_wall_clock(day, time(), zone).astimezone(UTC)
