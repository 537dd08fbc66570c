"""By when a person who asks about their data is answered and served, by the working days of Viet Nam. Pure.

Decree 356/2025/NĐ-CP, as law firms tell it: answered within 2 working days, done within 15 days, extended once by 15.
No official text was read: a lawyer must check it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from functools import cache
from typing import Any

ANSWER_WORKING_DAYS = 2
DONE_DAYS = 15


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The last day of each, in the zone that they were asked for."""

    answer: date
    done: date


def deadlines(received_at: datetime, zone: tzinfo, *, extended: bool = False) -> Deadlines:
    """The day on which it came is not counted."""
    received = received_at.astimezone(zone).date()
    answer: date = _calendar().get_nth_working_day(received, ANSWER_WORKING_DAYS)
    return Deadlines(answer, received + timedelta(days=DONE_DAYS * (2 if extended else 1)))


@cache
def _calendar() -> Any:
    from holidays import country_holidays  # a tenth of a second: not for who asks nothing

    return country_holidays("VN")
