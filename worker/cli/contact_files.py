"""`contacts import` and `contacts export`: what was understood of the file, a bar, then what became of each row."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Unpack

import click

from worker.api.contacts import ContactRow, Watch, Which
from worker.api.notifier import Notifier
from worker.cli.output import json_option, progress, say, say_json
from worker.cli.spreadsheet import Problems, file_options, say_columns, usage
from worker.contacts.columns import FIELDS, Columns, choose
from worker.contacts.dates import DateOrder
from worker.contacts.exporting import header, write_rows
from worker.contacts.importing import Summary
from worker.contacts.rows import Reader
from worker.spreadsheets import Sheet, open_sheet, open_table, write_csv


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--map", "told", multiple=True, metavar="FIELD=COLUMN",
    help=f"Which column is what; FIELD is {', '.join(FIELDS)} or attr.NAME. FIELD= takes it from none.",
)  # fmt: skip
@click.option("--rest-as-attributes", is_flag=True, help="The other columns too, each as attr.NAME.")
@click.option(
    "--dates",
    type=click.Choice([order.value for order in DateOrder]),
    help="How dates like 03/04/1990 are meant; else they are left out.",
)
@click.option("--source", metavar="S", default="import", show_default=True, help="Whose keys these are.")
@click.option("--tag", "tags", multiple=True, metavar="T", help="For everybody in the file.")
@file_options
@click.option("--dry-run", is_flag=True, help="Do everything but store it.")
@click.option("--came-back", is_flag=True, help="Who of them asked to be forgotten came back by themselves.")
@json_option
def import_file(
    file: Path,
    told: tuple[str, ...],
    rest_as_attributes: bool,
    dates: str | None,
    source: str,
    tags: tuple[str, ...],
    encoding: str | None,
    sheet: str | None,
    header_row: int | None,
    report: Path | None,
    dry_run: bool,
    came_back: bool,
    as_json: bool,
) -> int:
    """Bring people in from a CSV or XLSX FILE; the same key again updates. Exit code 1 when something was not taken.

    Rows that can't be taken are refused by row and column, and the others are stored; a cell that a contact can do
    without is left out and told. A column that the file has not is left as it was; an empty cell clears. Nobody who
    opted out is opted in again.
    """
    with usage():
        opened = open_sheet(file, encoding=encoding, sheet=sheet, header_row=header_row)
        columns = choose(opened.columns, told, rest_as_attributes=rest_as_attributes)
    if not as_json:
        _say_columns(opened, columns)
    reader = Reader(columns=columns, source=source, order=DateOrder(dates) if dates else None, tags=tags)
    with Problems.of(opened, report) as problems, usage():
        summary = _run(opened, reader, problems, dry_run, came_back)
    if as_json:
        _say_json(summary, columns, problems, dry_run)
    else:
        _say(summary, problems, dry_run)
    return 1 if problems.count else 0


def _run(sheet: Sheet, reader: Reader, problems: Problems, dry_run: bool, came_back: bool) -> Summary:
    with Notifier.from_env() as notifier, progress() as bar:
        task = bar.add_task("checked" if dry_run else "stored", total=sheet.rows)
        watch = Watch(
            refuse=problems.refuse, leave_out=problems.leave_out, advance=lambda rows: bar.advance(task, rows)
        )
        return notifier.contacts.import_sheet(sheet, reader, dry=dry_run, came_back=came_back, watch=watch)


def _say_columns(sheet: Sheet, columns: Columns) -> None:
    say_columns(sheet, {field: columns.of(field) for field in columns.places}, told=sorted(columns.told))
    if columns.unused:
        say(f"not used: {', '.join(columns.unused)}  (--map attr.NAME=COLUMN, or --rest-as-attributes)")
    if "key" not in columns.places:
        say("note: no column of keys, so people are known by their number; --map key=COLUMN names one")


def _say(summary: Summary, problems: Problems, dry: bool) -> None:
    counts = summary.counts
    would = "would be " if dry else ""
    parts = [f"{counts.added:,} {would}added", f"{counts.updated:,} {would}updated", f"{counts.unchanged:,} unchanged"]
    parts += [f"{summary.refused:,} refused"]
    parts += [f"{summary.left_out:,} cell(s) left out"] if summary.left_out else []
    say(", ".join(parts) + (" (dry run: nothing was stored)" if dry else ""))
    problems.say()


def _say_json(summary: Summary, columns: Columns, problems: Problems, dry: bool) -> None:
    counts = summary.counts
    facts = {
        "dry_run": dry,
        "columns": {field: columns.of(field) for field in columns.places},
        "not_used": columns.unused,
        "added": counts.added,
        "updated": counts.updated,
        "unchanged": counts.unchanged,
        "refused": summary.refused,
        "left_out": summary.left_out,
    }
    say_json(facts | problems.json())


@click.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path, allow_dash=True))
@click.option("--tag", "tags", multiple=True, metavar="T", help="Those with at least one of these tags.")
@click.option("--source", metavar="S", help="Which application's contacts.")
@click.option("--opted-out/--opted-in", default=None, help="Only those who opted out, or did not.")
@json_option
def export_file(file: Path, as_json: bool, **which: Unpack[Which]) -> None:
    """Write contacts to a FILE that a spreadsheet opens and `contacts import` takes again: XLSX by its name, else CSV.

    - is standard output. In CSV, cells that a spreadsheet would run as a formula get an apostrophe in front.
    """
    sources: set[str] = set()
    with Notifier.from_env() as notifier:
        names = notifier.contacts.attribute_names()
        rows = _noted(sources, notifier.contacts.export(**which))
        if str(file) == "-":
            write_rows(write_csv(sys.stdout, header(names)), rows, names)
            return
        with open_table(file, header(names), whole=True) as write:
            written = write_rows(write, rows, names)
    if as_json:
        say_json({"file": str(file), "contacts": written, "sources": sorted(sources)})
    else:
        say(f"{written:,} contact(s) in {file}")
        _say_sources(sorted(sources))


def _noted(sources: set[str], rows: Iterator[ContactRow]) -> Iterator[ContactRow]:
    for row in rows:
        sources.add(row.source)
        yield row


def _say_sources(sources: list[str]) -> None:
    """A file has no source: imported again under another one, everybody in it would be there twice."""
    if len(sources) > 1:
        each = f"{', '.join(sources[:10])}{' …' if len(sources) > 10 else ''}"
        say(f"note: of several sources ({each}): to import them again, export each by --source S")
    elif sources not in ([], ["import"]):
        say(f"to import it again: --source {shlex.quote(sources[0])}")
