"""When things come round: rules that recur, the Vietnamese lunar calendar, offsets, calendar files.

Pure: no clock, no I/O; a time is an argument. Every error is a `RecurrenceError`.
"""

from worker.recurrence.anniversaries import Feb29, LeapMonth, ShortMonth, lunar_days_on, solar_days_on
from worker.recurrence.cron import parse_cron
from worker.recurrence.errors import RecurrenceError
from worker.recurrence.expansion import parse_rrule
from worker.recurrence.ics import IcsAttendee, IcsEvent, read_ics
from worker.recurrence.lunar import LunarDate, to_lunar, to_solar
from worker.recurrence.offsets import Offset, parse_amount, parse_offset
from worker.recurrence.rule import Rule
from worker.recurrence.wallclock import at_wall_clock, zone_named

__all__ = [
    "Feb29",
    "IcsAttendee",
    "IcsEvent",
    "LeapMonth",
    "LunarDate",
    "Offset",
    "RecurrenceError",
    "Rule",
    "ShortMonth",
    "at_wall_clock",
    "lunar_days_on",
    "parse_amount",
    "parse_cron",
    "parse_offset",
    "parse_rrule",
    "read_ics",
    "solar_days_on",
    "to_lunar",
    "to_solar",
    "zone_named",
]
