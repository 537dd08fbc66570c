"""A rule that recurs: its occurrences as moments, whether it was written as an RRULE or as cron.

Both are patterns of wall-clock times; `at_wall_clock` makes moments of them. So an hour that clocks skip moves what
falls into it to its end, and an hour that comes twice counts once, for rules of every kind.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import dropwhile, islice, takewhile
from typing import Protocol
from zoneinfo import ZoneInfo

from worker.recurrence.errors import RecurrenceError
from worker.recurrence.wallclock import at_wall_clock, in_zone, wall_clock, zone_named

FIRST_YEAR, LAST_YEAR = 1900, 2199  # a rule begins and ends in them
MOST_EXCEPTIONS = 10_000
CLOSEST = timedelta(minutes=15)  # of two occurrences
LONGEST_GAP = timedelta(days=2)  # that clocks ever skipped


class Pattern(Protocol):
    """Wall-clock times that recur: what an RRULE or a cron text says, before zones and exceptions."""

    def walls(self, start: datetime, since: datetime) -> Iterator[datetime]:
        """The naive times of the pattern that begins at `start`, in order, from `since` on or earlier."""
        ...


@dataclass(frozen=True)
class Rule:
    """A checked rule that has an occurrence; `text` parses to the same rule again.

    start: what clocks in the zone show then, naive: a rule for 02:30 that begins where that is skipped stays at 02:30.
    until: the last moment that counts, itself included. exceptions: moments, or whole days in the zone, without one.
    """

    text: str
    start: datetime
    zone: ZoneInfo
    until: datetime | None
    exceptions: frozenset[datetime | date]
    pattern: Pattern = field(repr=False, compare=False)

    def after(self, moment: datetime, count: int = 1) -> list[datetime]:
        """The next occurrences, at most `count`, all later than the moment; aware, in the rule's zone."""
        since = in_zone(moment, self.zone).astimezone(UTC)
        return list(islice((found for found in self._from(since) if found.astimezone(UTC) > since), count))

    def between(self, since: datetime, until: datetime) -> Iterator[datetime]:
        """The occurrences from `since` to before `until`, in order; aware, in the rule's zone."""
        end = in_zone(until, self.zone).astimezone(UTC)
        found = self._from(in_zone(since, self.zone).astimezone(UTC))
        return takewhile(lambda moment: moment.astimezone(UTC) < end, found)

    def from_start(self) -> Iterator[datetime]:
        """All occurrences, in order."""
        return self._from(in_zone(self.start, self.zone).astimezone(UTC) - LONGEST_GAP)

    def _from(self, since: datetime) -> Iterator[datetime]:
        """Every occurrence from a moment (in UTC) on."""
        late_enough = dropwhile(lambda moment: moment.astimezone(UTC) < since, self._moments(since))
        return (moment for moment in late_enough if not self._excepted(moment))

    def _moments(self, since: datetime) -> Iterator[datetime]:
        """The pattern's moments from the start to the end, each once, from shortly before `since` on."""
        earliest = max(self.start, wall_clock(since, self.zone) - LONGEST_GAP)
        last = None
        for wall in self.pattern.walls(self.start, earliest):
            moment = at_wall_clock(wall.date(), wall.time(), self.zone)
            if wall.year > LAST_YEAR or self._is_over(moment):
                return
            # Two wall-clock times in one gap are one moment.
            if moment != last and wall >= self.start:
                yield moment
            last = moment

    def _is_over(self, moment: datetime) -> bool:
        return self.until is not None and moment.astimezone(UTC) > self.until.astimezone(UTC)

    def _excepted(self, moment: datetime) -> bool:
        return moment.astimezone(UTC) in self.exceptions or moment.date() in self.exceptions


def checked_rule(
    text: str,
    pattern: Pattern,
    start: datetime,
    zone: str | ZoneInfo,
    until: datetime | date | None,
    exceptions: Collection[datetime | date],
) -> Rule:
    """The rule, when it has an occurrence at all. RecurrenceError names what is wrong."""
    zone = zone_named(zone) if isinstance(zone, str) else zone
    if not FIRST_YEAR <= start.year <= LAST_YEAR:
        raise RecurrenceError("start", "its year is out of reach", f"give a year from {FIRST_YEAR} to {LAST_YEAR}")
    start = wall_clock(start.replace(microsecond=0), zone)
    rule = Rule(text, start, zone, last_moment(until, zone), _as_moments(exceptions, zone), pattern)
    if next(rule.from_start(), None) is None:
        raise RecurrenceError(
            "recurrence", "the rule never comes to pass", "look at its days, its start and end, and its exceptions"
        )
    return rule


def last_moment(until: datetime | date | None, zone: ZoneInfo) -> datetime | None:
    """When an end is: a day counts to its end."""
    if until is None or isinstance(until, datetime):
        return until and in_zone(until, zone)
    return at_wall_clock(until, time.max, zone)


def _as_moments(exceptions: Collection[datetime | date], zone: ZoneInfo) -> frozenset[datetime | date]:
    if len(exceptions) > MOST_EXCEPTIONS:
        raise RecurrenceError(
            "exceptions",
            f"there are {len(exceptions)} of them, and {MOST_EXCEPTIONS} at most are taken",
            "give the rule an end, and begin another one",
        )
    return frozenset(in_zone(one, zone).astimezone(UTC) if isinstance(one, datetime) else one for one in exceptions)


def too_often() -> RecurrenceError:
    return RecurrenceError(
        "recurrence", "it comes more often than every 15 minutes", "leave at least 15 minutes between two occurrences"
    )


def closest_of(times: Collection[timedelta], cycle: timedelta) -> timedelta:
    """The least distance of neighbours among times that come again each cycle."""
    ordered = sorted(times)
    following = [*ordered[1:], ordered[0] + cycle]
    return min(later - earlier for earlier, later in zip(ordered, following, strict=True))
