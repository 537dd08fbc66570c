"""From a wall clock to a moment, with one rule for the hours that a zone skips or has twice.

A time in a gap means the first moment after it; a time that comes twice means the first of the two.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from worker.recurrence.errors import RecurrenceError, shown


@lru_cache(maxsize=64)
def zone_named(name: str) -> ZoneInfo:
    """The zone of a name like Asia/Ho_Chi_Minh. RecurrenceError where there is none."""
    try:
        return ZoneInfo(name)
    # Whatever the name is taken for: no file, a folder, a path out of the folder, a file that is no zone.
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise RecurrenceError(
            "zone", f"there is no time zone {shown(name)}", "use a name like Asia/Ho_Chi_Minh"
        ) from None


def at_wall_clock(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """The moment at which clocks in the zone show this, by the rule above; the result is in the zone."""
    moment = datetime.combine(day, clock.replace(tzinfo=None, fold=0), zone)
    return moment if _exists(moment) else _after_the_gap(moment)


def wall_clock(moment: datetime, zone: ZoneInfo) -> datetime:
    """What clocks in the zone show at this moment, without a zone; a naive moment is taken for that already."""
    if moment.tzinfo is None:
        return moment.replace(fold=0)
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def in_zone(moment: datetime, zone: ZoneInfo) -> datetime:
    """The moment in the zone; a naive one is the zone's wall clock."""
    if moment.tzinfo is None:
        return at_wall_clock(moment.date(), moment.time(), zone)
    return moment.astimezone(UTC).astimezone(zone)  # by UTC: from its own zone a time in a gap would stay there


def _exists(moment: datetime) -> bool:
    back = moment.astimezone(UTC).astimezone(moment.tzinfo)
    return back.replace(tzinfo=None) == moment.replace(tzinfo=None)


def _after_the_gap(moment: datetime) -> datetime:
    """Halve the way between a moment before the gap and one after it, down to the second."""
    before, after = moment.replace(fold=1).astimezone(UTC), moment.astimezone(UTC)
    earlier = before.astimezone(moment.tzinfo).utcoffset()
    before, after = before.replace(microsecond=0), after.replace(microsecond=0)
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if middle.astimezone(moment.tzinfo).utcoffset() == earlier:
            before = middle
        else:
            after = middle
    return after.astimezone(moment.tzinfo)
