"""What the options of `reminders` mean: times of day, lengths of time, dates."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import date, datetime, time, timedelta
from typing import Any

import click

from worker.cli import completion
from worker.cli.output import date_option, options
from worker.lifecycle import Kind
from worker.reminders import Channel

MOMENT = "%a %Y-%m-%d %H:%M"  # as tables show one

_length = re.compile(r"(\d{1,5}) ?(m|min|minutes?|h|hours?|d|days?)").fullmatch
TYPES = "2 customer care; 3 random number; 4 Notify; 6, 7 codes; 8 fixed number; 13 two-way."
_MINUTES = {"m": 1, "h": 60, "d": 1440}


template_option = click.option(
    "--template",
    required=True,
    metavar="T",
    help="The text: see `esms-worker templates`.",
    shell_complete=completion.templates,
)

channel_options = options(
    click.option("--sms-type", type=int, default=2, show_default=True, help=TYPES),
    click.option("--brandname", metavar="B", help="For type 2; by default ESMS_BRANDNAME."),
    click.option("--unicode", is_flag=True, help="With Vietnamese letters; type 3 only."),
    *(
        click.option(
            f"--fallback-{word}",
            metavar="T",
            help=f"{what} that follows where it is not delivered: another of `esms-worker templates`.",
            shell_complete=completion.templates,
        )
        for word, what in (("call", "The call"), ("sms", "The SMS"))
    ),
    click.option("--after", "fallback_after", metavar="30m", help="So long after the reminder the fallback follows."),
    click.option("--fallback-in-doubt", is_flag=True, help="Also where it may still arrive: twice rather than never."),
    click.option("--retry-undelivered", metavar="2x1h", help="Send it again by itself: so often, so long after."),
)


def channel_option(given: dict[str, Any]) -> Channel:
    """What these options say; they are no longer among what was given."""
    fallback = _fallback(given.pop("fallback_call"), given.pop("fallback_sms"))
    own = {field.name: given.pop(field.name) for field in fields(Channel) if field.name not in fallback}
    return Channel(**fallback, **own)


def _fallback(call: str | None, sms: str | None) -> dict[str, Any]:
    if call is not None and sms is not None:
        raise click.UsageError("give --fallback-call or --fallback-sms, not both")
    kind = Kind.TEMPLATE_CALL if call is not None else Kind.SMS if sms is not None else None
    return {"fallback_template": call if sms is None else sms, "fallback_kind": kind}


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
    """The options that were given; the others keep their defaults."""
    return {name: value for name, value in options.items() if value is not None and value != ()}
