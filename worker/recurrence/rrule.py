"""RRULE text of RFC 5545: read it part by part, and refuse what no reminder can mean.

The rule's own words are in `Parts`; what they expand to is in `expansion`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from worker.recurrence.errors import RecurrenceError, shown

LONGEST = 1000  # characters
MOST_COUNT = 10_000
MOST_INTERVAL = 10_000
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
REMEDY = "write it like FREQ=WEEKLY;BYDAY=MO,TH"


class Freq(StrEnum):
    """How often, before the BY parts add or take away. Seconds are known, and refused."""

    YEARLY = "YEARLY"
    MONTHLY = "MONTHLY"
    WEEKLY = "WEEKLY"
    DAILY = "DAILY"
    HOURLY = "HOURLY"
    MINUTELY = "MINUTELY"
    SECONDLY = "SECONDLY"


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What an RRULE says. Numbers below zero count from the end; `byday` is (which one, 0 for all; 0 for Monday)."""

    freq: Freq
    interval: int = 1
    count: int | None = None
    until: datetime | date | None = None
    wkst: int = 0
    bymonth: frozenset[int] = frozenset()
    byweekno: frozenset[int] = frozenset()
    byyearday: frozenset[int] = frozenset()
    bymonthday: frozenset[int] = frozenset()
    byday: frozenset[tuple[int, int]] = frozenset()
    byhour: frozenset[int] = frozenset()
    byminute: frozenset[int] = frozenset()
    bysecond: frozenset[int] = frozenset()
    bysetpos: frozenset[int] = frozenset()


def parse_parts(text: str) -> tuple[str, Parts]:
    """The text in its plain form, and what it says. RecurrenceError names the part that is wrong."""
    if len(text) > LONGEST:
        raise RecurrenceError("rrule", f"it is longer than {LONGEST} characters", REMEDY)
    plain = text.strip().upper().removeprefix("RRULE:").strip(";")
    said = [_divided(part) for part in plain.split(";")]
    if twice := [name for name, times in Counter(name for name, _ in said).items() if times > 1]:
        raise RecurrenceError("rrule", f"it has {twice[0]} twice", "say it once, with commas between its values")
    parts = Parts(**{"freq": "", **{name.lower(): READERS[name](name, value) for name, value in said}})
    _check(parts)
    return plain, parts


def _divided(part: str) -> tuple[str, str]:
    name, equals, value = part.partition("=")
    if not equals or name not in READERS:
        raise RecurrenceError("rrule", f"{shown(part)} is no part of a rule", REMEDY)
    return name, value


# One reader for each part...


def _wrong(name: str, value: str, remedy: str) -> RecurrenceError:
    return RecurrenceError("rrule", f"{name} can't be {shown(value)}", remedy)


def _freq(name: str, value: str) -> Freq:
    if value not in Freq.__members__:
        raise _wrong(name, value, "use YEARLY, MONTHLY, WEEKLY, DAILY, HOURLY or MINUTELY")
    return Freq(value)


def _number(name: str, value: str, most: int) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", value) or not 1 <= int(value) <= most:
        raise _wrong(name, value, f"use a number from 1 to {most}")
    return int(value)


def _until(name: str, value: str) -> datetime | date:
    try:
        if re.fullmatch(r"[0-9]{8}", value):
            return date.fromisoformat(value)
        if re.fullmatch(r"[0-9]{8}T[0-9]{6}Z?", value):
            moment = datetime.fromisoformat(value.removesuffix("Z"))
            return moment.replace(tzinfo=UTC) if value.endswith("Z") else moment
    except ValueError:
        pass
    raise _wrong(name, value, "use a date like 20261231, or a time like 20261231T235900")


def _weekday(name: str, value: str) -> int:
    if value not in WEEKDAYS:
        raise _wrong(name, value, f"use {', '.join(WEEKDAYS)}")
    return WEEKDAYS.index(value)


def _nth_weekday(value: str) -> tuple[int, int]:
    found = re.fullmatch(r"([+-]?[0-9]{1,2})?([A-Z]{2})", value)
    nth = int(found[1]) if found and found[1] else None
    if found is None or nth == 0 or abs(nth or 0) > 53:
        raise _wrong("BYDAY", value, "use weekdays like MO or 1MO (the first) or -1FR (the last)")
    return nth or 0, _weekday("BYDAY", found[2])


def _byday(_: str, value: str) -> frozenset[tuple[int, int]]:
    return frozenset(_nth_weekday(one) for one in value.split(","))


def _list_of(least: int, most: int, *, from_end: bool = False) -> Callable[[str, str], frozenset[int]]:
    """A reader of numbers in these bounds, or in the same ones below zero."""

    def read(name: str, value: str) -> frozenset[int]:
        return frozenset(one(name, each) for each in value.split(","))

    def one(name: str, value: str) -> int:
        number = int(value) if re.fullmatch(r"[+-]?[0-9]{1,3}", value) else None
        if number is None or not least <= (abs(number) if from_end else number) <= most:
            raise _wrong(name, value, f"use numbers from {least} to {most}{', or -1 for the last' * from_end}")
        return number

    return read


READERS: dict[str, Callable[[str, str], Any]] = {
    "FREQ": _freq,
    "INTERVAL": lambda name, value: _number(name, value, MOST_INTERVAL),
    "COUNT": lambda name, value: _number(name, value, MOST_COUNT),
    "UNTIL": _until,
    "WKST": _weekday,
    "BYMONTH": _list_of(1, 12),
    "BYWEEKNO": _list_of(1, 53, from_end=True),
    "BYYEARDAY": _list_of(1, 366, from_end=True),
    "BYMONTHDAY": _list_of(1, 31, from_end=True),
    "BYDAY": _byday,
    "BYHOUR": _list_of(0, 23),
    "BYMINUTE": _list_of(0, 59),
    "BYSECOND": _list_of(0, 59),
    "BYSETPOS": _list_of(1, 366, from_end=True),
}


# What the parts can't be together...


def _check(parts: Parts) -> None:
    if not parts.freq:
        raise RecurrenceError("rrule", "FREQ is missing", REMEDY)
    for wrong, problem, remedy in _conflicts(parts):
        if wrong:
            raise RecurrenceError("rrule", problem, remedy)


def _conflicts(parts: Parts) -> Iterable[tuple[bool, str, str]]:
    """Each with whether it is there: what RFC 5545 leaves without meaning, or what comes every second."""
    freq = parts.freq
    numbered = any(nth for nth, _ in parts.byday)
    bys = (parts.bymonth, parts.byweekno, parts.byyearday, parts.bymonthday, parts.byday, parts.byhour, parts.byminute)
    return (
        (freq is Freq.SECONDLY, "FREQ=SECONDLY comes more often than every 15 minutes", "use HOURLY or slower"),
        (
            parts.count is not None and parts.until is not None,
            "it has both COUNT and UNTIL",
            "keep one of them",
        ),
        (
            bool(parts.byweekno) and freq is not Freq.YEARLY,
            "BYWEEKNO goes with FREQ=YEARLY only",
            "use FREQ=YEARLY, or leave BYWEEKNO out",
        ),
        (
            bool(parts.byyearday) and freq in (Freq.MONTHLY, Freq.WEEKLY, Freq.DAILY),
            f"BYYEARDAY doesn't go with FREQ={freq}",
            "use FREQ=YEARLY, or leave BYYEARDAY out",
        ),
        (
            bool(parts.bymonthday) and freq is Freq.WEEKLY,
            "BYMONTHDAY doesn't go with FREQ=WEEKLY",
            "use FREQ=MONTHLY, or leave BYMONTHDAY out",
        ),
        (
            numbered and (freq not in (Freq.YEARLY, Freq.MONTHLY) or bool(parts.byweekno)),
            "a number before a weekday goes with FREQ=MONTHLY or YEARLY only",
            "leave the number out, or use FREQ=MONTHLY",
        ),
        (
            bool(parts.bysetpos) and (not any(bys) or freq in (Freq.HOURLY, Freq.MINUTELY)),
            "BYSETPOS has nothing to choose from",
            "use it with another BY part and with FREQ=DAILY or slower",
        ),
    )
