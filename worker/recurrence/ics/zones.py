"""In which zone an event is meant: its own where that has a name, else ours where that gives the same moments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from worker.recurrence.errors import RecurrenceError
from worker.recurrence.ics.names import WEEKS, offset

REMEDY = "use a zone with a name like Asia/Ho_Chi_Minh"


def zone_of(start: datetime, rrule: str | None, ours: ZoneInfo) -> ZoneInfo:
    """The zone of an event that starts then: for its rule, and for times of day.

    UTC is nobody's wall clock: programs write in it wherever they are. So what starts in UTC, or in a zone that only
    its file knows and whose hours no known one has, is taken into ours, unless it recurs and would recur at other
    moments there.
    """
    theirs = start.tzinfo
    if isinstance(theirs, ZoneInfo) and theirs.key != "UTC":
        return theirs
    if theirs is None or rrule is None or _recurs_alike(start, rrule, theirs, ours):
        return ours
    if isinstance(theirs, ZoneInfo) or theirs is UTC:
        return ZoneInfo("UTC")
    raise RecurrenceError("DTSTART", "only this file knows its time zone, and the event recurs", REMEDY)


def _recurs_alike(start: datetime, rrule: str, theirs: tzinfo, ours: ZoneInfo) -> bool:
    """Where clocks show the same; for a rule that names no hour, also where they are always as far apart."""
    apart = _apart(theirs, ours, start.year)
    if apart == {timedelta()}:
        return True
    return len(apart) == 1 and start.astimezone(ours).date() == start.date() and "BYHOUR" not in rrule


@lru_cache(maxsize=64)
def _apart(theirs: tzinfo, ours: ZoneInfo, year: int) -> frozenset[timedelta]:
    """By how much the clocks of two zones differ, from this year on."""
    moments = [datetime(year, 1, 1, 12, tzinfo=UTC) + timedelta(weeks=week) for week in WEEKS]
    return frozenset(offset(moment, ours) - offset(moment, theirs) for moment in moments)
