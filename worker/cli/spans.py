"""A span of time as two options name it, by one rule: a day named as the end is in, a moment so named is not."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, tzinfo

import click

from worker.cli.output import date_option


def span_options(
    since: str | None, until: str | None, zone: tzinfo, names: tuple[str, str] = ("--from", "--to")
) -> tuple[datetime | None, datetime | None]:
    """From and (exclusive) to what the two options say; None: no bound. Raises a usage error."""
    first = None if since is None else _moment(names[0], since, zone)
    last = None if until is None else _moment(names[1], until, zone, days=1)
    if first and last and last <= first:
        raise click.UsageError(f"{names[0]}: {since} is not before {names[1]} {until}: give the earlier one first")
    return first, last


def _moment(name: str, value: str, zone: tzinfo, *, days: int = 0) -> datetime:
    """The moment itself; of a day its start in this zone, so many days later."""
    if day := _day(value):
        return datetime.combine(day + timedelta(days=days), time.min, zone)
    when = date_option(name, value)
    return when if when.tzinfo else when.replace(tzinfo=zone)


def _day(value: str) -> date | None:
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None
