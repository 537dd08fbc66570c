"""A span of time as two options name it, by one rule: a day named as the end is in, a moment so named is not."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, tzinfo

import click

from worker.cli.output import date_option

FIRST_YEAR, LAST_YEAR = 1900, 9998  # a day beyond them has no moment in each zone


def span_options(
    since: str | None, until: str | None, zone: tzinfo, names: tuple[str, str] = ("--from", "--to")
) -> tuple[datetime | None, datetime | None]:
    """The moments from which and before which, by the two options; None: no bound. Raises a usage error."""
    first = None if since is None else _moment(names[0], since, zone)
    last = None if until is None else _moment(names[1], until, zone, days=1)
    if first and last and last <= first:
        raise click.UsageError(f"{names[0]}: {since} is not before {names[1]} {until}: give the earlier one first")
    return first, last


def _moment(name: str, value: str, zone: tzinfo, *, days: int = 0) -> datetime:
    """The moment itself; of a day its start in this zone, so many days later."""
    if day := _day(value):
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise click.UsageError(f"{name}: {value} is in no year from {FIRST_YEAR} to {LAST_YEAR}: check the year")
        return datetime.combine(day + timedelta(days=days), time.min, zone)
    when = date_option(name, value)
    return when if when.tzinfo else when.replace(tzinfo=zone)


def _day(value: str) -> date | None:
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None
