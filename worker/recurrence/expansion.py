"""What an RRULE expands to: period by period, the days that pass its tests, at its times of day.

Not dateutil's: that searches on to the year 9999 inside one call (minutes, for 30 February of each hour), and from the
beginning each time. It is what the tests hold this one against.
"""

from __future__ import annotations

from calendar import isleap, monthrange
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cached_property
from itertools import count, islice, product
from typing import TypeVar
from zoneinfo import ZoneInfo

from worker.recurrence.rrule import Freq, Parts, parse_parts
from worker.recurrence.rule import CLOSEST, LAST_YEAR, Rule, checked_rule, closest_of, too_often
from worker.recurrence.wallclock import in_zone, wall_clock, zone_named

Found = TypeVar("Found", time, datetime)
DAY = timedelta(days=1)
MOST_DAYS = 25_000  # looked at in vain, 68 years: the longest way between two 29 February on one weekday is 40 years
SUB_DAILY = {Freq.HOURLY: timedelta(hours=1), Freq.MINUTELY: timedelta(minutes=1)}


def parse_rrule(
    text: str,
    start: datetime,
    *,
    zone: str | ZoneInfo,
    until: datetime | date | None = None,
    exceptions: Collection[datetime | date] = (),
) -> Rule:
    """The rule of an RRULE text (RFC 5545), from `start` on (naive: the zone's wall clock).

    What the rule leaves open is taken from `start`, which is an occurrence only where the rule says so. `until` and
    UNTIL are inclusive, a day to its end; the earlier counts. RecurrenceError for what is no rule, never comes, or
    comes more often than every 15 minutes.
    """
    plain, parts = parse_parts(text)
    zone = zone_named(zone) if isinstance(zone, str) else zone
    parts = _completed(parts, wall_clock(start, zone))
    if _closest(parts) < CLOSEST:
        raise too_often()
    return checked_rule(plain, Expansion(parts), start, zone, _earlier(parts.until, until, zone), exceptions)


def _earlier(one: datetime | date | None, other: datetime | date | None, zone: ZoneInfo) -> datetime | date | None:
    given = [end for end in (one, other) if end is not None]
    return min(given, key=lambda end: _end_of(end, zone), default=None)


def _end_of(end: datetime | date, zone: ZoneInfo) -> float:
    moment = end if isinstance(end, datetime) else datetime.combine(end, time.max)
    return in_zone(moment, zone).timestamp()


def _completed(parts: Parts, start: datetime) -> Parts:
    """The parts with what the rule leaves open taken from its start."""
    return replace(
        _with_days(parts, start),
        byhour=parts.byhour or (frozenset() if parts.freq in SUB_DAILY else frozenset({start.hour})),
        byminute=parts.byminute or (frozenset() if parts.freq is Freq.MINUTELY else frozenset({start.minute})),
        bysecond=parts.bysecond or frozenset({start.second}),
    )


def _with_days(parts: Parts, start: datetime) -> Parts:
    if parts.byday or parts.bymonthday or parts.byyearday:
        return parts
    if parts.freq is Freq.WEEKLY or parts.byweekno:
        return replace(parts, byday=frozenset({(0, start.weekday())}))
    if parts.freq is Freq.MONTHLY:
        return replace(parts, bymonthday=frozenset({start.day}))
    if parts.freq is Freq.YEARLY:
        return replace(parts, bymonth=parts.bymonth or frozenset({start.month}), bymonthday=frozenset({start.day}))
    return parts


def _closest(parts: Parts) -> timedelta:
    """The least distance of two occurrences, in time of day."""
    if parts.freq in SUB_DAILY:
        within = [
            timedelta(minutes=minute, seconds=second)
            for minute, second in product(parts.byminute or {0}, parts.bysecond)
        ]
        step = parts.interval * SUB_DAILY[parts.freq]
        return min(closest_of(within, timedelta(hours=1)), step)
    clocks = _clocks(parts) or [time.min]
    return closest_of([timedelta(hours=at.hour, minutes=at.minute, seconds=at.second) for at in clocks], DAY)


def _clocks(parts: Parts) -> list[time]:
    """The times of day; of a daily rule, which has the same ones each day, those that BYSETPOS leaves."""
    clocks = [time(*each) for each in product(sorted(parts.byhour), sorted(parts.byminute), sorted(parts.bysecond))]
    return _chosen(clocks, parts.bysetpos) if parts.freq is Freq.DAILY else clocks


def _chosen(found: list[Found], places: frozenset[int]) -> list[Found]:
    """BYSETPOS: the first, the last, … of a period."""
    if not places:
        return found
    wanted = {at - 1 if at > 0 else len(found) + at for at in places}
    return [one for at, one in enumerate(found) if at in wanted]


@dataclass(frozen=True)
class Expansion:
    """The pattern of an RRULE whose parts are complete."""

    parts: Parts

    def walls(self, start: datetime, since: datetime) -> Iterator[datetime]:
        """COUNT counts from the start, so a rule with it is walked from there."""
        if self.parts.count is not None:
            return islice(self._found(start, start), self.parts.count)
        return self._found(start, since)

    def _found(self, start: datetime, since: datetime) -> Iterator[datetime]:
        """In order; ends with the last year, or when nothing was found for too long."""
        tests, in_vain = day_tests(self.parts), 0
        for period in periods(self.parts, start.date(), max(start, since).date()):
            days = [day for day in period if all(test(day) for test in tests)]
            found = [moment for day in days for moment in self._times(day, start)]
            found = found if self.parts.freq is Freq.DAILY else _chosen(found, self.parts.bysetpos)
            yield from (moment for moment in found if moment >= start)
            in_vain = 0 if found else in_vain + len(period)
            if in_vain > MOST_DAYS:
                return

    def _times(self, day: date, start: datetime) -> list[datetime]:
        if self.parts.freq in SUB_DAILY:
            return self._steps(day, start)
        return [datetime.combine(day, clock) for clock in self._at]

    @cached_property
    def _at(self) -> list[time]:
        return _clocks(self.parts)

    def _steps(self, day: date, start: datetime) -> list[datetime]:
        """The steps of hours or minutes that fall on this day, counted from the start's own."""
        step = self.parts.interval * SUB_DAILY[self.parts.freq]
        hourly = self.parts.freq is Freq.HOURLY
        begin = start.replace(minute=0 if hourly else start.minute, second=0)
        midnight = datetime.combine(day, time.min)
        first = begin + max(0, -((begin - midnight) // step)) * step
        steps = (first + n * step for n in range((midnight + DAY - first + step - timedelta.resolution) // step))
        return [moment for step in steps if self._step_counts(step) for moment in self._within(step, hourly=hourly)]

    def _step_counts(self, step: datetime) -> bool:
        hours, minutes = self.parts.byhour, self.parts.byminute
        in_minutes = self.parts.freq is Freq.HOURLY or not minutes or step.minute in minutes
        return in_minutes and (not hours or step.hour in hours)

    def _within(self, step: datetime, *, hourly: bool) -> Iterator[datetime]:
        """The times inside of one hour or one minute."""
        minutes = sorted(self.parts.byminute) if hourly else [step.minute]
        return (step.replace(minute=m, second=s) for m, s in product(minutes, sorted(self.parts.bysecond)))


# Periods...


def periods(parts: Parts, start: date, since: date) -> Iterator[list[date]]:
    """The days of each period, every so many from the start's own, beginning with the last one before `since`."""
    every = 1 if parts.freq in SUB_DAILY else parts.interval
    if parts.freq is Freq.YEARLY:
        return _years(start, since, every)
    if parts.freq is Freq.MONTHLY:
        return _months(start, since, every)
    if parts.freq is Freq.WEEKLY:
        return _runs(start - ((start.weekday() - parts.wkst) % 7) * DAY, since, 7 * every, 7)
    return _runs(start, since, every, 1)


def _years(start: date, since: date, every: int) -> Iterator[list[date]]:
    first = start.year + (since.year - start.year) // every * every
    for year in range(first, LAST_YEAR + 1, every):
        yield _run(date(year, 1, 1), 365 + isleap(year))


def _months(start: date, since: date, every: int) -> Iterator[list[date]]:
    begin = start.year * 12 + start.month - 1
    passed = since.year * 12 + since.month - 1 - begin
    for months in range(begin + passed // every * every, (LAST_YEAR + 1) * 12, every):
        year, month = divmod(months, 12)
        yield _run(date(year, month + 1, 1), monthrange(year, month + 1)[1])


def _runs(begin: date, since: date, every: int, length: int) -> Iterator[list[date]]:
    first = begin + (since - begin).days // every * every * DAY
    days = (first + n * every * DAY for n in count())
    for day in days:
        if day.year > LAST_YEAR:
            return
        yield _run(day, length)


def _run(first: date, length: int) -> list[date]:
    return [first + n * DAY for n in range(length)]


# Tests of one day...


def day_tests(parts: Parts) -> list[Callable[[date], bool]]:
    """What a day must pass, the cheapest first."""
    tests: list[tuple[Collection[object], Callable[[date], bool]]] = [
        (parts.bymonth, lambda day: day.month in parts.bymonth),
        (parts.bymonthday, lambda day: not parts.bymonthday.isdisjoint(_both_ways(day.day, _month_days(day)))),
        (parts.byday, lambda day: _is_weekday(parts, day)),
        (parts.byyearday, lambda day: not parts.byyearday.isdisjoint(_both_ways(_year_day(day), _year_days(day)))),
        (parts.byweekno, lambda day: not parts.byweekno.isdisjoint(_both_ways(*_week(day, parts.wkst)))),
    ]
    return [test for wanted, test in tests if wanted]


def _both_ways(place: int, length: int) -> tuple[int, int]:
    """A place counted from the beginning and from the end."""
    return place, place - length - 1


def _month_days(day: date) -> int:
    return monthrange(day.year, day.month)[1]


def _year_days(day: date) -> int:
    return 365 + isleap(day.year)


def _year_day(day: date) -> int:
    return day.timetuple().tm_yday


def _is_weekday(parts: Parts, day: date) -> bool:
    """Which one of its weekday the day is: of the month, or of the year where a yearly rule names no month."""
    wanted = {nth for nth, weekday in parts.byday if weekday == day.weekday()}
    if not wanted or 0 in wanted:
        return bool(wanted)
    in_year = parts.freq is Freq.YEARLY and not parts.bymonth
    place, length = (_year_day(day), _year_days(day)) if in_year else (day.day, _month_days(day))
    return not wanted.isdisjoint(((place + 6) // 7, -((length - place) // 7 + 1)))


def _week(day: date, wkst: int) -> tuple[int, int]:
    """The number of the day's week, and how many its year has. A week belongs to the year that holds its fourth day."""
    fourth = day + (3 - (day.weekday() - wkst) % 7) * DAY
    place = _year_day(fourth)
    return (place + 6) // 7, (place + 6) // 7 + (_year_days(fourth) - place) // 7
