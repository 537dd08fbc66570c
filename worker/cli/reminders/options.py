"""What the options of `reminders` mean: times of day, lengths of time, dates."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Any

import click

from worker.cli.output import date_option

MOMENT = "%a %Y-%m-%d %H:%M"  # as tables show one

_length = re.compile(r"(\d{1,5}) ?(m|min|minutes?|h|hours?|d|days?)").fullmatch
_MINUTES = {"m": 1, "h": 60, "d": 1440}


def clock_option(name: str, value: str) -> time:
    """08:00. Raises a usage error."""
    try:
        return time.fromisoformat(value)
    except ValueError:
        raise click.UsageError(f"{name}: {value[:20]!r} is no time of day: write it like 08:00") from None


def length_option(name: str, value: str) -> timedelta:
    """30m, 2h, 1d. Raises a usage error."""
    found = _length(value.strip().lower())
    if found is None:
        raise click.UsageError(f"{name}: {value[:20]!r} is no length of time: write it like 30m, 2h or 1d")
    return timedelta(minutes=int(found[1]) * _MINUTES[found[2][0]])


def day_option(name: str, value: str) -> date:
    """2027-03-01. Raises a usage error."""
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise click.UsageError(f"{name}: {value[:20]!r} is no date: write it like 2027-03-01") from None


def day_or_moment_option(name: str, value: str) -> date | datetime:
    """2027-03-01, or 2027-03-01T08:00. Raises a usage error."""
    return date_option(name, value) if "T" in value else day_option(name, value)


def given(**options: Any) -> dict[str, Any]:
    """Those that were given: the others keep their defaults."""
    return {name: value for name, value in options.items() if value is not None and value != ()}
