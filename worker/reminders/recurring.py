"""From what a rule or event stores to its recurrence; parsed once for each text, since that walks years of days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from worker.checks import text_of
from worker.recurrence import Rule as Recurrence
from worker.recurrence import parse_cron, parse_rrule
from worker.reminders.checks import read_moment, translated, zone_of

LEAST_LATE = timedelta(minutes=5)  # or a slow tick of beat would already be too late


def recurrence_of(spec: Mapping[str, Any], zone: str) -> Recurrence:
    """The recurrence of a stored spec: rrule or cron, start, until, exceptions. Raises Invalid."""
    rrule, cron = (None if spec.get(name) is None else text_of(name, spec[name]) for name in ("rrule", "cron"))
    return _parsed(rrule, cron, spec["start"], spec.get("until"), tuple(spec.get("exceptions", ())), zone)


@lru_cache(maxsize=512)
def _parsed(
    rrule: str | None, cron: str | None, start: str, until: str | None, exceptions: tuple[str, ...], zone: str
) -> Recurrence:
    where: dict[str, Any] = {
        "zone": zone_of(zone),
        "until": None if until is None else datetime.fromisoformat(until),
        "exceptions": tuple(map(read_moment, exceptions)),
    }
    begins = datetime.fromisoformat(start)
    with translated():
        if cron is not None:
            return parse_cron(cron, begins, **where)
        return parse_rrule(rrule or "", begins, **where)
