"""`consent show|add|withdraw|import|proof`: who agreed to what, when and how, and who took it back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import tzinfo
from functools import partial
from pathlib import Path

import click

from worker.api.consents import ConsentRow
from worker.api.notifier import Notifier
from worker.cli.groups import Group
from worker.cli.output import console, date_option, json_option, options, progress, say, say_json, table, text
from worker.cli.spreadsheet import Problems, file_options, usage
from worker.law.consents import counted_frequency
from worker.law.rules import Channel
from worker.lifecycle import FOR_THE_WILLING, Purpose
from worker.spreadsheets import open_sheet

scope_options = options(
    click.option(
        "--purpose", type=click.Choice(sorted(map(str, FOR_THE_WILLING))), default="advertising", show_default=True,
        help="What it is about.",
    ),
    click.option("--channel", type=click.Choice([str(each) for each in Channel]), help="By default both."),
    click.option("--how", metavar="H", help="How it was said: form, sms, call, …"),
    click.option("--at", metavar="ISO", help="When it was said; by default now."),
    click.option("--proof", metavar="P", help="Where the proof is kept."),
    click.option("--source", metavar="S", default="", help="Which application says so."),
)  # fmt: skip


@click.group("consent", cls=Group)
def consent_group() -> None:
    """Who agreed to advertising, and who took it back: rows are added and never changed."""


@consent_group.command("show")
@click.argument("number")
@json_option
def show(number: str, as_json: bool) -> int:
    """All that a NUMBER ever said, the oldest first. Exit code 1 when that is nothing."""
    with Notifier.from_env() as notifier:
        rows = notifier.consents.show(number)
    _say_rows(rows, notifier.settings.time_zone, as_json)
    return 0 if rows else 1


@consent_group.command("add")
@click.argument("number")
@click.option("--wording", required=True, metavar="TEXT", help="The words that the person agreed to.")
@click.option("--frequency", metavar="F", help="How often, as it was told to the person.")
@scope_options
def add(
    number: str, wording: str, frequency: str | None, purpose: str, channel: str | None, at: str | None, **how: str
) -> None:
    """Write down that a NUMBER agreed."""
    scope = {"purpose": Purpose(purpose), "channel": Channel(channel) if channel else None}
    said_at = date_option("--at", at) if at else None
    with Notifier.from_env() as notifier:
        notifier.consents.add(number, wording=wording, frequency=frequency, at=said_at, **scope, **how)  # type: ignore[arg-type]
    say("written down")
    if frequency and counted_frequency(frequency) is None:
        say("note: the frequency is kept as the proof and not counted: write it like `2 a week` to have it counted")


@consent_group.command("withdraw")
@click.argument("number")
@scope_options
def withdraw(number: str, purpose: str, channel: str | None, at: str | None, **how: str) -> None:
    """Write down that a NUMBER took it back, and cancel what waits for it."""
    scope = {"purpose": Purpose(purpose), "channel": Channel(channel) if channel else None}
    said_at = date_option("--at", at) if at else None
    with Notifier.from_env() as notifier:
        cancelled = notifier.consents.withdraw(number, at=said_at, **scope, **how)  # type: ignore[arg-type]
    say(f"written down; {cancelled} message(s) cancelled")


@consent_group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", metavar="S", default="import", show_default=True, help="Which application says so.")
@file_options
@json_option
def import_(
    file: Path,
    source: str,
    encoding: str | None,
    sheet: str | None,
    header_row: int | None,
    report: Path | None,
    as_json: bool,
) -> int:
    """Add the rows of a CSV or XLSX FILE, with columns phone, wording, at and, where you have them, act, purpose,
    channel, frequency, how, proof. Exit code 1 when a row was refused."""
    with usage():
        opened = open_sheet(file, encoding=encoding, sheet=sheet, header_row=header_row)
    with Problems.of(opened, report) as problems, usage(), Notifier.from_env() as notifier, progress() as bar:
        task = bar.add_task("written down", total=opened.rows)
        advance = partial(bar.advance, task)
        consents = notifier.consents
        taken = consents.import_sheet(opened, opened.columns, refuse=problems.refuse, advance=advance, source=source)
    if as_json:
        say_json({"taken": taken, "refused": problems.count} | problems.json())
    else:
        say(f"{taken:,} written down, {problems.count:,} refused")
        problems.say()
    return 1 if problems.count else 0


@consent_group.command("proof")
@click.argument("number")
@json_option
def proof(number: str, as_json: bool) -> int:
    """What a NUMBER agreed to, and the messages that stood on it. Exit code 1 when it never agreed."""
    with Notifier.from_env() as notifier:
        found = notifier.consents.proof(number)
    if as_json:
        say_json(asdict(found))
    else:
        _say_rows(found.consents, notifier.settings.time_zone, as_json)
        for each in found.messages:
            when = text(each.accepted_at, notifier.settings.time_zone)
            say(f"message {each.message_id} ({each.status}, {when}) stood on consent {each.consent_id}")
    return 0 if found.consents else 1


def _say_rows(rows: Sequence[ConsentRow], zone: tzinfo, as_json: bool) -> None:
    if as_json:
        say_json([asdict(row) for row in rows])
        return
    shown = table("consent", "at", "said", "for", "by", "how", "frequency", "wording", "proof", "source")
    for row in rows:
        said = (row.act, row.purpose, row.channel or "both", row.how, row.frequency, row.wording, row.proof, row.source)
        shown.add_row(str(row.id), text(row.at, zone), *map(text, said))
    console().print(shown if rows else "Nothing is written down about this number.")
