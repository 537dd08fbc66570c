"""`reminders list|add|show|next|pause|resume|remove`: keep the rules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

import click

from worker.api.notifier import Notifier
from worker.cli import completion
from worker.cli.output import console, json_option, keys_whole, options, say, say_json, table, text
from worker.cli.reminders.options import (
    MOMENT,
    channel_option,
    channel_options,
    clock_option,
    day_or_moment_option,
    given,
    length_option,
    template_option,
)
from worker.lifecycle import ReminderKind
from worker.recurrence import Feb29, LeapMonth, ShortMonth
from worker.reminder_rows import RuleRow
from worker.reminders import Anniversary, Recurring, Rule, RuleChange
from worker.reminders.plan import Due
from worker.settings import Settings

count_option = click.option("--count", "-n", type=click.IntRange(1, 100), default=5, show_default=True)


@click.command("list")
@json_option
def list_(as_json: bool) -> None:
    """All rules, and when each comes next."""
    settings = Settings.from_environ()
    with Notifier(settings) as notifier:
        rows = notifier.reminders.rules()
    if as_json:
        say_json([rule_json(row) for row in rows])
    elif not rows:
        say("No rules. Add one: esms-worker reminders add birthdays --birthday --template birthday --at 08:00")
    else:
        shown = table("name", "kind", "template", "who", "next", "state")
        for row in rows:
            state = "paused" if row.paused_at else "ended" if row.next_at is None else "on"
            when = text(row.next_at, settings.time_zone, MOMENT)
            shown.add_row(text(row.name), row.kind, text(row.template), text(_who(row)), when, state)
        console().print(keys_whole(shown))


def _who(row: RuleRow) -> str:
    whose = f" of {row.source}" if row.source is not None else ""
    return (" or ".join(row.tags) or "everybody") + whose


def rule_json(row: RuleRow) -> dict[str, Any]:
    """A rule for programs."""
    names = ("id", "name", "kind", "template", "channel", "source", "zone", "version", "next_at", "paused_at")
    return {name: getattr(row, name) for name in names} | {"tags": list(row.tags)} | row.spec


_what = options(  # which days the rule goes by: exactly one of these
    click.option("--birthday", is_flag=True, help="People's birthdays."),
    click.option("--lunar-birthday", is_flag=True, help="By the Vietnamese calendar."),
    click.option("--death", is_flag=True, help="Death anniversaries."),
    click.option("--lunar-death", is_flag=True, help="By the Vietnamese calendar (giỗ)."),
    click.option("--rrule", metavar="R", help="A recurrence, like FREQ=WEEKLY;BYDAY=MO,TH."),
    click.option("--cron", metavar="C", help='A cron line, like "0 8 1 * *".'),
)


@click.command()
@click.argument("name", shell_complete=completion.rules)
@_what
@template_option
@click.option("--tag", "tags", multiple=True, metavar="T", help="Contacts with at least one of these; none: everybody.")
@click.option("--contacts-of", "source", metavar="S", help="Only contacts of this source.")
@click.option("--at", metavar="HH:MM", help="Time of day, also where --start is only a day.  [default: 08:00]")
@click.option("--days-before", type=int, metavar="N", help="So many days ahead.  [default: 0]")
@click.option("--late-until", metavar="HH:MM", help="Not sent later than this on that day.  [default: 20:00]")
@click.option("--feb29", type=click.Choice([*map(str, Feb29)]), help="29 February in other years.  [default: feb28]")
@click.option("--leap", type=click.Choice([*map(str, LeapMonth)]), help="Which of two lunar months.  [default: first]")
@click.option(
    "--short", type=click.Choice([*map(str, ShortMonth)]), help="The 30th of a month of 29.  [default: day29]"
)
@click.option("--start", metavar="ISO", help="Where a recurrence counts from: a time, or a day.  [default: today]")
@click.option("--until", metavar="ISO", help="Where it ends.")
@click.option("--except", "exceptions", multiple=True, metavar="DATE", help="A day or time that falls out; many times.")
@click.option("--late-for", metavar="LENGTH", help="How late a recurrence may go out: 30m, 2h.  [default: 2h]")
@click.option("--zone", metavar="Z", help="Whose clock counts; by default TIME_ZONE.")
@channel_options
@click.option("--replace", is_flag=True, help="Give the rule of this name this content.")
@click.option("--dry-run", is_flag=True, help="Show when it would occur, and store nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@count_option
@json_option
def add(name: str, count: int, replace: bool, dry_run: bool, yes: bool, as_json: bool, **options: Any) -> int:
    """Add a rule; its next occurrences are shown before it is saved."""
    rule = _rule(name, options)
    settings = Settings.from_environ()
    with Notifier(settings) as notifier:
        coming = notifier.reminders.preview(rule, count, replace=replace)
        if not as_json:
            say(f"{name} would occur:")
            _say_dues(coming, settings.time_zone)
        if dry_run or not (yes or as_json or click.confirm("Save it?", err=True)):
            return _not_saved(coming, as_json, dry_run=dry_run)
        change = notifier.reminders.add(rule, replace=replace)
    if as_json:
        say_json(rule_json(change.rule) | _change_json(change) | {"next": [_due_json(due) for due in coming]})
    else:
        say(f"{name}: saved{_told(change)}")
    return 0


def _not_saved(coming: Sequence[Due], as_json: bool, *, dry_run: bool) -> int:
    if as_json:
        say_json({"saved": False, "next": [_due_json(due) for due in coming]})
    else:
        say("not saved")
    return 0 if dry_run else 1


KINDS = ("birthday", "lunar_birthday", "death", "lunar_death")


def _rule(name: str, options: dict[str, Any]) -> Rule:
    what = _what_it_goes_by(options)
    channel = channel_option(options)
    common = given(**{each: options.pop(each) for each in ("template", "tags", "source", "zone")})
    common |= {"name": name, "channel": channel}
    return _anniversary(common, options | {"kind": what}) if what in KINDS else _recurring(common, options)


def _what_it_goes_by(options: dict[str, Any]) -> str:
    chosen = [name for name in (*KINDS, "rrule", "cron") if options[name] not in (None, False)]
    if not chosen:
        raise click.UsageError("say what it goes by: exactly one of --birthday, --lunar-birthday, … --rrule or --cron")
    if len(chosen) > 1:
        raise click.UsageError(f"{' and '.join(map(_option, chosen))} are given: a rule goes by one of them")
    return chosen[0]


OF_DAYS = ("days_before", "late_until", "feb29", "leap", "short")
OF_RECURRENCES = ("start", "until", "exceptions", "late_for")


def _anniversary(common: dict[str, Any], options: dict[str, Any]) -> Anniversary:
    _refuse(options, OF_RECURRENCES, "--rrule and --cron")
    read = {"kind": ReminderKind, "feb29": Feb29, "leap": LeapMonth, "short": ShortMonth, "days_before": int}
    wanted = {name: make(options[name]) for name, make in read.items() if options[name] is not None}
    for name in ("at", "late_until"):
        if options[name] is not None:
            wanted[name] = clock_option(_option(name), options[name])
    return Anniversary(**common, **wanted)


def _recurring(common: dict[str, Any], options: dict[str, Any]) -> Recurring:
    _refuse(options, OF_DAYS, "birthdays and anniversaries")
    wanted = given(rrule=options["rrule"], cron=options["cron"])
    for name in ("start", "until"):
        if options[name] is not None:
            wanted[name] = day_or_moment_option(_option(name), options[name])
    if options["at"] is not None:
        wanted["at"] = clock_option("--at", options["at"])
    if options["late_for"] is not None:
        wanted["late_for"] = length_option("--late-for", options["late_for"])
    wanted["exceptions"] = [day_or_moment_option("--except", each) for each in options["exceptions"]]
    return Recurring(**common, **wanted)


def _refuse(options: dict[str, Any], names: Sequence[str], whose: str) -> None:
    for name in names:
        if options[name] not in (None, ()):
            raise click.UsageError(f"{_option(name)} is for {whose}: leave it out")


def _option(name: str) -> str:
    return "--except" if name == "exceptions" else f"--{name.replace('_', '-')}"


@click.command()
@click.argument("name", shell_complete=completion.rules)
@json_option
def show(name: str, as_json: bool) -> None:
    """All about a rule: what it says, when it comes next, what it has made."""
    settings = Settings.from_environ()
    with Notifier(settings) as notifier:
        row = notifier.reminders.show(name)
        coming = notifier.reminders.next(name)
        made = {str(state): count for state, count in notifier.reminders.made(name).items()}
    if as_json:
        say_json(rule_json(row) | {"occurrences": made, "next": [_due_json(due) for due in coming]})
        return
    shown = table("", "")
    for key, value in rule_json(row).items():
        if value not in (None, "", [], {}):
            shown.add_row(key, text(value, settings.time_zone, MOMENT))
    shown.add_row("occurrences", ", ".join(f"{count:,} {state}" for state, count in made.items()) or "none yet")
    console().print(shown)
    _say_dues(coming, settings.time_zone)


@click.command("next")
@click.argument("name", shell_complete=completion.rules)
@count_option
@json_option
def next_(name: str, count: int, as_json: bool) -> None:
    """When a rule occurs next."""
    settings = Settings.from_environ()
    with Notifier(settings) as notifier:
        coming = notifier.reminders.next(name, count)
    if as_json:
        say_json([_due_json(due) for due in coming])
    else:
        _say_dues(coming, settings.time_zone)


def _say_dues(coming: Sequence[Due], zone: tzinfo) -> None:
    shown = table("goes out", "for", "not later than")
    for due in coming:
        shown.add_row(text(due.occurs_at, zone, MOMENT), due.occasion, text(due.deadline, zone, MOMENT))
    console().print(shown if coming else "It does not occur any more.")


def _due_json(due: Due) -> dict[str, Any]:
    return {"occurs_at": due.occurs_at, "occasion": due.occasion, "deadline": due.deadline}


@click.command()
@click.argument("name", shell_complete=completion.rules)
@json_option
def pause(name: str, as_json: bool) -> None:
    """Have a rule remind nobody until `resume`; what is queued is called back."""
    _decide(name, "paused", as_json)


@click.command()
@click.argument("name", shell_complete=completion.rules)
@json_option
def resume(name: str, as_json: bool) -> None:
    """Let a rule go on with what is not too late."""
    _decide(name, "resumed", as_json)


@click.command()
@click.argument("name", shell_complete=completion.rules)
@json_option
def remove(name: str, as_json: bool) -> None:
    """End a rule; what is queued is called back, what it made stays on record."""
    _decide(name, "removed", as_json)


def _decide(name: str, what: str, as_json: bool) -> None:
    with Notifier.from_env() as notifier:
        steps = {
            "paused": notifier.reminders.pause,
            "resumed": notifier.reminders.resume,
            "removed": notifier.reminders.remove,
        }
        change = steps[what](name)
    if as_json:
        say_json({"name": name, "done": what} | _change_json(change))
    else:
        say(f"{name}: {what}{_told(change)}")


def _change_json(change: RuleChange) -> dict[str, int]:
    return {"recalled": change.recalled, "too_late": change.too_late, "passed": change.passed}


def _told(change: RuleChange) -> str:
    told = {
        "queued and called back": change.recalled,
        "gone out already": change.too_late,
        "occurrence(s) passed meanwhile": change.passed,
    }
    said = ", ".join(f"{count:,} {words}" for words, count in told.items() if count)
    return f" ({said})" if said else ""


COMMANDS = (list_, add, show, next_, pause, resume, remove)
