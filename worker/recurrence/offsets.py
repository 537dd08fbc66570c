"""How long before something a reminder goes out: "1h 30m", "1 day before", "-PT15M", "18:00 the evening before"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from worker.recurrence.errors import RecurrenceError, shown
from worker.recurrence.wallclock import at_wall_clock, in_zone, wall_clock

LONGEST = 60  # characters
MOST_DAYS = 366
REMEDY = 'write it like "1h 30m", "2 days before" or "18:00 the day before"'
AMOUNT_REMEDY = "write it like 30m or 1h"

DAYS_OF = {
    **dict.fromkeys(("w", "week", "weeks", "tuần"), 7),
    **dict.fromkeys(("d", "day", "days", "ngày"), 1),
}
MINUTES_OF = {
    **dict.fromkeys(("h", "hour", "hours", "hr", "hrs", "giờ"), 60),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes", "phút"), 1),
}
NAMED_DAYS = {
    **dict.fromkeys(("the same day", "same day", "on the day", "that day", "cùng ngày"), 0),
    **dict.fromkeys(("the day", "day", "the evening", "evening", "the night", "night", "hôm"), 1),
}

_clock = re.compile(r"(?:\bat )?\b([01]?[0-9]|2[0-3]):([0-5][0-9])\b")
_amount = re.compile(r"(\d{1,6}) ?([^\W\d]+),? ?")
_iso = re.compile(r"-?p(?:(\d{1,6})w)?(?:(\d{1,6})d)?(?:t(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:0{1,6}s)?)?").fullmatch


@dataclass(frozen=True, slots=True)
class Offset:
    """Days before count by the calendar, so a day before 09:00 is 09:00 even when clocks change; `exact` by the clock.

    at: the time of day, in the event's zone; None for the time at which it starts.
    """

    days: int
    exact: timedelta
    at: time | None = None

    @property
    def span(self) -> timedelta:
        """How long it is, by the clock."""
        return timedelta(days=self.days) + self.exact

    @property
    def text(self) -> str:
        """The shortest way of writing it: "1d", "1h30m", "1d 18:00", "0m"."""
        if self.at is not None:
            return f"{self.days}d {self.at:%H:%M}"
        hours, minutes = divmod(self.exact // timedelta(minutes=1), 60)
        amounts = ((self.days, "d"), (hours, "h"), (minutes, "m"))
        return "".join(f"{amount}{unit}" for amount, unit in amounts if amount) or "0m"

    def before(self, starts_at: datetime, zone: ZoneInfo) -> datetime:
        """The moment of the reminder, aware, in the zone. "0d 18:00" lies after the start of what starts at noon."""
        moment, wall = in_zone(starts_at, zone), wall_clock(starts_at, zone)
        if self.days or self.at is not None:
            moment = at_wall_clock(wall.date() - timedelta(days=self.days), self.at or wall.time(), zone)
        # By the clock: a difference inside one zone would count what the wall shows.
        return datetime.fromtimestamp(moment.timestamp() - self.exact.total_seconds(), zone)


def parse_offset(text: str) -> Offset:
    """The offset that a text means. RecurrenceError for what isn't one, or lies after the start or over a year before.

    Taken are amounts of weeks, days, hours and minutes in English or Vietnamese, with or without "before" ("trước");
    the ISO durations of calendars (-PT1H); and a time of day with a day ("18:00 the evening before", "1d 18:00").
    """
    plain = " ".join(text.lower().split()) if len(text) <= LONGEST else ""
    offset = _of_duration(plain) or _of_time(plain) or _of_days(_without_before(plain))
    if offset is None:
        raise RecurrenceError("offset", f"{shown(text)} is no offset", REMEDY)
    if offset.days + offset.exact / timedelta(days=1) > MOST_DAYS:
        raise RecurrenceError("offset", f"it is more than {MOST_DAYS} days", "remind within a year of the event")
    return offset


def parse_amount(text: str) -> timedelta:
    """How long a text says, by amounts alone: neither a "before" nor a time of day. Raises RecurrenceError."""
    offset = _of_amounts(" ".join(text.lower().split()) if len(text) <= LONGEST else "")
    if offset is None:
        raise RecurrenceError("amount", "is no amount of time", AMOUNT_REMEDY)
    return offset.span


def _of_duration(text: str) -> Offset | None:
    """-P1DT2H: the minus says before. Without it a calendar means after."""
    found = _iso(text)
    if found is None or text[-1] in "pt":
        return None
    weeks, days, hours, minutes = (int(amount or 0) for amount in found.groups())
    offset = Offset(weeks * 7 + days, timedelta(hours=hours, minutes=minutes))
    if not text.startswith("-") and offset != Offset(0, timedelta()):
        raise RecurrenceError("offset", f"{shown(text.upper())} lies after the start", "put a minus in front: -PT1H")
    return offset


def _of_time(text: str) -> Offset | None:
    """A time of day and the day that it is on."""
    found = _clock.search(text)
    if found is None:
        return None
    rest = " ".join((text[: found.start()] + text[found.end() :]).split())
    rest = _without_before(rest)
    days = NAMED_DAYS.get(rest)
    amounts = Offset(days, timedelta()) if days is not None else _of_amounts(rest)
    if amounts is None or amounts.exact:
        return None
    return Offset(amounts.days, timedelta(), time(int(found[1]), int(found[2])))


def _of_days(text: str) -> Offset | None:
    """A day that has a name, or amounts."""
    days = NAMED_DAYS.get(text, 0)
    return Offset(days, timedelta()) if days else _of_amounts(text)


def _of_amounts(text: str) -> Offset | None:
    """One or more amounts: "1d", "1 hour 30 minutes"."""
    days, minutes, at = 0, 0, 0
    while found := _amount.match(text, at):
        at, amount, unit = found.end(), int(found[1]), found[2]
        if unit not in DAYS_OF and unit not in MINUTES_OF:
            return None
        days += amount * DAYS_OF.get(unit, 0)
        minutes += amount * MINUTES_OF.get(unit, 0)
    return Offset(days, timedelta(minutes=minutes)) if text and at == len(text) else None


def _without_before(text: str) -> str:
    return text.removesuffix("before").removesuffix("trước").removesuffix(",").strip()
