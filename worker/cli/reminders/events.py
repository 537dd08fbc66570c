"""`reminders events list|show|cancel|import`: the meetings of other applications."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import click

from worker.api.notifier import Notifier
from worker.cli.groups import Group
from worker.cli.output import console, json_option, keys_whole, say, say_json, table, text
from worker.cli.reminders.options import (
    MOMENT,
    channel_option,
    channel_options,
    clock_option,
    length_option,
    template_option,
)
from worker.reminder_rows import EventRow
from worker.reminders import EventChange
from worker.reminders.calendars import Imported
from worker.settings import Settings

FILE_MOST = 10 * 1024 * 1024 + 1  # bytes; the reader says what is too large
LATE_SHOWN = 20
BY_NUMBER = "number:"  # how an attendee is called who is no contact
source_option = click.option("--source", metavar="S", required=True, help="Which application's event.")


@click.group("events", cls=Group)
def events_group() -> None:
    """Meetings, appointments and classes of other applications."""


@events_group.command("list")
@click.option("--source", metavar="S", help="Of this application only.")
@click.option("--past", is_flag=True, help="Also those that are over or cancelled.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@json_option
def list_(source: str | None, past: bool, limit: int, as_json: bool) -> None:
    """Events in the order of their starts."""
    settings = Settings.from_environ()
    with Notifier(settings) as notifier:
        found = notifier.reminders.events(source=source, past=past, most=limit)
    if as_json:
        say_json([event_json(each.event) | {"attendees": each.attendees} for each in found])
        return
    shown = table("source", "key", "title", "starts", "attendees:n", "next reminder", "state")
    for each in found:
        row = each.event
        state = "cancelled" if row.cancelled_at else "recurring" if row.recurrence else "on"
        starts, following = (text(when, settings.time_zone, MOMENT) for when in (row.starts_at, row.next_at))
        shown.add_row(text(row.source), text(row.key), text(row.title), starts, f"{each.attendees:,}", following, state)
    if found:
        console().print(keys_whole(shown, 1))
    else:
        say("No events. They come by notifier.reminders.upsert_event, or `events import`.")


@events_group.command()
@click.argument("key")
@source_option
@json_option
def show(key: str, source: str, as_json: bool) -> None:
    """All about an event: when, whom it invites, what has been made of it."""
    settings = Settings.from_environ()
    with Notifier(settings) as notifier:
        found = notifier.reminders.event(source=source, key=key)
    made = {str(state): count for state, count in found.made.items()}
    if as_json:
        say_json(event_json(found.event) | {"attendees": list(found.attendees), "occurrences": made})
        return
    _say_event(found.event, found.attendees, made, settings.time_zone)


def _say_event(row: EventRow, guests: Sequence[str], made: dict[str, int], zone: tzinfo) -> None:
    shown = table("", "")
    for name, value in event_json(row).items():
        if value not in (None, "", [], {}):
            shown.add_row(name, text(value if isinstance(value, datetime) else _told(name, value), zone, MOMENT))
    shown.add_row("attendees", text(_guests(guests)))
    shown.add_row("reminders", ", ".join(f"{count:,} {state}" for state, count in made.items()) or "none yet")
    console().print(shown)


def _told(name: str, value: object) -> str:
    """A value as people write it."""
    if isinstance(value, Mapping):
        return ", ".join(f"{each}: {of}" for each, of in value.items() if of is not None)
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(timedelta(seconds=value)) if name == "late_for" and isinstance(value, int) else str(value)


def _guests(guests: Sequence[str]) -> str:
    """Contacts by their keys; those who are known by a number alone are counted, since a number is not shown."""
    known = [each for each in guests if not each.startswith(BY_NUMBER)]
    others = len(guests) - len(known)
    told = known[:20] + (["…"] if len(known) > 20 else [])
    return ", ".join(told + ([f"{others:,} by number alone"] if others else []))


def event_json(row: EventRow) -> dict[str, Any]:
    """An event for programs."""
    names = (
        "id", "source", "key", "title", "place", "starts_at", "ends_at", "zone", "template", "channel", "attributes",
        "late_for", "recurrence", "version", "next_at", "cancelled_at",
    )  # fmt: skip
    return {name: getattr(row, name) for name in names} | {
        "offsets": list(row.offsets),
        "exceptions": list(row.exceptions),
    }


@events_group.command()
@click.argument("key")
@source_option
@json_option
def cancel(key: str, source: str, as_json: bool) -> int:
    """Call an event off; says whose reminders have gone out already."""
    with Notifier.from_env() as notifier:
        change = notifier.reminders.cancel_event(source=source, key=key)
    if as_json:
        say_json(change_json(change))
    else:
        say(f"{key}: {change.outcome}, {change.recalled:,} reminder(s) called back")
        _say_late(change)
    return 0


def change_json(change: EventChange) -> dict[str, Any]:
    """What an upsert or cancellation did, for programs."""
    names = ("id", "outcome", "added", "changed", "removed", "recalled", "next_at")
    late = [
        {"attendee": one.attendee, "occurs_at": one.occurs_at, "status": one.status, "id": one.notification_id}
        for one in change.too_late
    ]
    return {name: getattr(change, name) for name in names} | {"too_late": late}


def _say_late(change: EventChange) -> None:
    if change.too_late:
        say(f"too late for {len(change.too_late):,}:")
    for one in change.too_late[:LATE_SHOWN]:
        say(f"  {one.attendee}: {one.status}")


@events_group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", default="ics", show_default=True, metavar="S", help="The application that they are of.")
@template_option
@click.option("--remind", "offsets", multiple=True, required=True, metavar="OFFSET", help='Like 1d, 1h, "1d 18:00".')
@click.option("--to", "numbers", multiple=True, metavar="N", help="Remind this number of each event, too; many times.")
@click.option("--late-for", metavar="LENGTH", help="How late a reminder may go out.  [default: until the start]")
@click.option("--all-day-at", default="08:00", show_default=True, metavar="HH:MM", help="When whole days begin.")
@channel_options
@click.option("--dry-run", is_flag=True, help="Say what it would come to, and store nothing.")
@json_option
def import_(
    file: Path,
    source: str,
    template: str,
    offsets: tuple[str, ...],
    numbers: tuple[str, ...],
    late_for: str | None,
    all_day_at: str,
    dry_run: bool,
    as_json: bool,
    **channel: Any,
) -> None:
    """Take the events of a calendar file (.ics) in, all or none; the same file again changes nothing."""
    with file.open("rb") as opened:
        data = opened.read(FILE_MOST)
    with Notifier.from_env() as notifier:
        found = notifier.reminders.import_calendar(
            data,
            source=source,
            template=template,
            offsets=offsets,
            phones=numbers,
            late_for=_late(late_for),
            channel=channel_option(channel),
            all_day_at=clock_option("--all-day-at", all_day_at),
            dry_run=dry_run,
        )
    _say_imported(found, all_day_at, as_json)
    if dry_run and not as_json:
        say("nothing was stored")


def _late(late_for: str | None) -> timedelta | None:
    return None if late_for is None else length_option("--late-for", late_for)


def _say_imported(found: Imported, all_day_at: str, as_json: bool) -> None:
    facts = {
        "over": found.over,
        "over_before_start": found.over_before_start,
        "all_day": found.all_day,
        "unreachable": found.unreachable,
        "too_late": len(found.too_late),
    }
    if as_json:
        say_json(dict(found.outcomes) | facts)
        return
    say(", ".join(f"{count:,} {outcome}" for outcome, count in sorted(found.outcomes.items())) or "no events to come")
    told = {
        f"event(s) are whole days, reminded as if they began at {all_day_at} (--all-day-at)": found.all_day,
        "event(s) are over and were left out": found.over,
        "series that would end before it starts (UNTIL) was left out": found.over_before_start,
        "attendee(s) have no phone number in the file": found.unreachable,
        "reminder(s) had gone out before the change": len(found.too_late),
    }
    for words, count in told.items():
        if count:
            say(f"{count:,} {words}")


COMMANDS = (events_group,)
