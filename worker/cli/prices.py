"""`prices import|list|remove`: what an SMS or a call costs, where eSMS does not tell."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from worker.api.notifier import Notifier
from worker.api.prices import CALL, PriceShown, PriceSummary
from worker.cli.groups import Group
from worker.cli.output import console, day_option, json_option, say, say_json, table, text
from worker.cli.spreadsheet import Problems, file_options, say_columns, usage
from worker.contacts.dates import DateOrder
from worker.spreadsheets import open_sheet


@click.group("prices", cls=Group)
def prices_group() -> None:
    """What an SMS or a call costs, where eSMS does not tell: import a list, look at it, remove a row."""


@prices_group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--dates",
    type=click.Choice([order.value for order in DateOrder]),
    help="How dates like 03/04/2026 are meant; else they are refused.",
)
@file_options
@click.option("--dry-run", is_flag=True, help="Do everything but store it.")
@json_option
def import_file(
    file: Path,
    dates: str | None,
    encoding: str | None,
    sheet: str | None,
    header_row: int | None,
    report: Path | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Put in a price list from a CSV or XLSX FILE: sms_type (or call), network, valid_from, dong. Exit code 1 when a
    row was refused.

    A row holds from its day until the next one of its kind and network; without a network, for all that have no row of
    their own. The same kind, network and day again changes the price.
    """
    from worker.api.price_sheets import Reader

    with usage():
        opened = open_sheet(file, encoding=encoding, sheet=sheet, header_row=header_row)
        reader = Reader.of(opened, DateOrder(dates) if dates else None)
    if not as_json:
        say_columns(opened, reader.named())
    with Problems.of(opened, report) as problems, usage(), Notifier.from_env() as notifier:
        summary = notifier.prices.import_sheet(opened, reader, dry=dry_run, refuse=problems.refuse)
    if as_json:
        say_json({"dry_run": dry_run} | _facts(summary) | {"refused": problems.count} | problems.json())
    else:
        _say(summary, problems.count, dry_run)
        problems.say()
    return 1 if problems.count else 0


def _facts(summary: PriceSummary) -> dict[str, object]:
    return asdict(summary.counts) | {"unchanged": summary.unchanged}


def _say(summary: PriceSummary, refused: int, dry: bool) -> None:
    counts, would = summary.counts, "would be " if dry else ""
    said = f"{counts.added:,} {would}added, {counts.changed:,} {would}changed, {summary.unchanged:,} unchanged"
    say(f"{said}, {refused:,} refused" + (" (dry run: nothing was stored)" if dry else ""))
    if counts.since:
        say(f"costs of what was to go out from {counts.since} on are counted by them")


@prices_group.command("list")
@click.option("--on", "day", metavar="DAY", help="Only those that hold on this day; `today` too.")
@json_option
def list_(day: str | None, as_json: bool) -> None:
    """The price list, by kind, network and day."""
    with Notifier.from_env() as notifier:
        today = notifier.settings.today()
        rows = notifier.prices.list(on=None if day is None else today if day == "today" else day_option("--on", day))
    if as_json:
        say_json([asdict(row) for row in rows])
        return
    shown = table("kind", "network", "from", "until", "đồng:n")
    for row in rows:
        shown.add_row(*_cells(row))
    console().print(shown if rows else "No prices yet: `esms-worker prices import FILE`.")


def _cells(row: PriceShown) -> list[str]:
    kind = "call" if row.sms_type == CALL else f"SmsType {row.sms_type}"
    return [text(each) for each in (kind, row.network or "any other", row.valid_from, row.valid_until, f"{row.dong:f}")]


@prices_group.command()
@click.argument("kind", metavar="SMS_TYPE|call")
@click.argument("day", metavar="VALID_FROM")
@click.option("--network", metavar="N", default="", help="By default that of all networks without a row of their own.")
def remove(kind: str, day: str, network: str) -> None:
    """Take one row away; the one before it holds on."""
    if kind != "call" and not kind.isdecimal():
        raise click.UsageError(f"{kind}: give an SmsType, or call")
    with Notifier.from_env() as notifier:
        notifier.prices.remove(CALL if kind == "call" else int(kind), network, day_option("VALID_FROM", day))
    say("removed")
