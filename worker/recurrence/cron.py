"""Cron text: minute, hour, day of month, month, day of week, as crontab(5) has them; names, L and # are known too."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from cronsim.cronsim import Field

from worker.recurrence.errors import RecurrenceError, shown
from worker.recurrence.rule import CLOSEST, Rule, checked_rule, closest_of, too_often

LONGEST = 200  # characters
_stepped = re.compile(r"([^\s,/]+-[^\s,/]+)/0*[1-9][0-9]*").fullmatch
REMEDY = "write five fields like 0 8 * * MON-FRI: minute, hour, day, month, weekday"


@dataclass(frozen=True)
class Cron:
    """The pattern of a cron text. It has no memory: `start` is only the earliest time."""

    text: str

    def walls(self, start: datetime, since: datetime) -> Iterator[datetime]:
        # CronSim gives what is later than a time, and gives up after 50 years without any.
        return CronSim(self.text, max(start, since) - timedelta(seconds=1))


def parse_cron(
    text: str,
    start: datetime,
    *,
    zone: str | ZoneInfo,
    until: datetime | date | None = None,
    exceptions: Collection[datetime | date] = (),
) -> Rule:
    """The rule of a cron text, from `start` on (naive: the zone's wall clock).

    Where neither the day of the month nor the weekday begins with *, either will do, as cron has it.
    `until` is inclusive, a day to its end. RecurrenceError for what is no cron text, never comes, or comes more often
    than every 15 minutes.
    """
    words = " ".join(text[: LONGEST + 1].upper().split())
    simulated = _read(words)
    words = " ".join(simulated.parts[1:])
    if closest_of(_times_of_day(simulated), timedelta(days=1)) < CLOSEST:
        raise too_often()
    return checked_rule(words, Cron(words), start, zone, until, exceptions)


def _read(text: str) -> CronSim:
    if len(text) > LONGEST:
        raise RecurrenceError("cron", f"it is longer than {LONGEST} characters", REMEDY)
    if (count := len(text.split())) != 5:
        raise RecurrenceError("cron", f"it has {count} fields instead of 5", REMEDY)
    try:
        plain = " ".join(_plain(Field(at), field) for at, field in enumerate(text.split(), Field.MINUTE))
        return CronSim(plain, datetime(2000, 1, 1))  # noqa: DTZ001  (only read, never asked for a time)
    except CronSimError as trouble:
        raise RecurrenceError("cron", f"{_said(trouble)} in {shown(text)}", REMEDY) from None


def _plain(field: Field, text: str) -> str:
    """The field with 9-9/2 as 9-9: CronSim takes a step in a range of one for 9/2, from 9 to the end."""
    terms = ((term, _stepped(term)) for term in text.split(","))
    return ",".join(found[1] if found and len(field.parse(found[1])) == 1 else term for term, found in terms)


def _said(trouble: CronSimError) -> str:
    """CronSim says "Bad day-of-month"."""
    return str(trouble)[:1].lower() + str(trouble)[1:]


def _times_of_day(read: CronSim) -> list[timedelta]:
    return [timedelta(hours=hour, minutes=minute) for hour, minute in product(read.hours, read.minutes)]
