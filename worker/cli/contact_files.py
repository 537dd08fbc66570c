"""`contacts import` and `contacts export`: what was understood of the file, a bar, then what became of each row."""

from __future__ import annotations

import csv
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from worker.cli.ledger_session import database_of
from worker.cli.output import console, json_option, progress, say, say_json, table, text
from worker.contacts.columns import FIELDS, Columns, choose
from worker.contacts.dates import DateOrder
from worker.contacts.exporting import pages, write_csv
from worker.contacts.importing import Importer, Summary
from worker.contacts.rows import Reader
from worker.contacts.sheet_rows import Refused, Unreadable, escaped
from worker.contacts.sheets import Sheet, open_sheet
from worker.ledger.contacts import ContactRow, attribute_names
from worker.settings import Settings

SHOWN = 50  # refused rows that a person is shown
LISTED = 1000  # refused rows that --json lists

ORDERS = [order.value for order in DateOrder]  # of the enum itself, click would take the names
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
NEW_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("import")
@click.argument("file", type=FILE)
@click.option(
    "--map", "told", multiple=True, metavar="FIELD=COLUMN",
    help=f"Which column is what; FIELD is {', '.join(FIELDS)} or attr.NAME. FIELD= takes it from none.",
)  # fmt: skip
@click.option("--rest-as-attributes", is_flag=True, help="The other columns too, each as attr.NAME.")
@click.option(
    "--dates",
    type=click.Choice([order.value for order in DateOrder]),
    help="How dates like 03/04/1990 are meant; else they are refused.",
)
@click.option("--source", metavar="S", default="import", show_default=True, help="Whose keys these are.")
@click.option("--tag", "tags", multiple=True, metavar="T", help="For everybody in the file.")
@click.option("--encoding", metavar="E", help="Of a CSV file; by default its mark, else UTF-8.")
@click.option("--sheet", metavar="NAME", help="Of an XLSX file; by default the first.")
@click.option(
    "--header-row", type=click.IntRange(1), help="Where the names of the columns are; by default the first row."
)
@click.option(
    "--refused", "report", type=click.Path(dir_okay=False, path_type=Path), help="Write every refused row here."
)
@click.option("--dry-run", is_flag=True, help="Do everything but store it.")
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
    as_json: bool,
) -> int:
    """Bring people in from a CSV or XLSX FILE; the same key again updates. Exit code 1 when a row was refused.

    Rows that can't be taken are refused by row and column, and the others are stored. A column that the file has not is
    left as it was; an empty cell clears. Nobody who opted out is opted in again.
    """
    settings = Settings.from_environ()
    with _usage():
        opened = open_sheet(file, encoding=encoding, sheet=sheet, header_row=header_row)
        columns = choose(opened.columns, told, rest_as_attributes=rest_as_attributes)
    if not as_json:
        _say_columns(opened, columns)
    reader = Reader(columns=columns, source=source, order=DateOrder(dates) if dates else None, tags=tags)
    shown: list[Refused] = []
    with _refusing(report, shown) as refuse, _usage():
        summary = _run(opened, reader, settings, refuse, dry_run)
    if as_json:
        _say_json(summary, columns, shown, report, dry_run)
    else:
        _say(summary, shown, report, dry_run)
    return 1 if summary.refused else 0


def _run(
    sheet: Sheet, reader: Reader, settings: Settings, refuse: Callable[[Refused], object], dry_run: bool
) -> Summary:
    today = datetime.now(settings.time_zone).date()
    with database_of(settings) as database, progress() as bar:
        task = bar.add_task("checked" if dry_run else "stored", total=sheet.rows)
        return Importer(
            begin=database.begin,
            reader=reader,
            today=today,
            dry=dry_run,
            refuse=refuse,
            advance=lambda rows: bar.advance(task, rows),
        ).run(sheet)


@contextmanager
def _usage() -> Iterator[None]:
    try:
        yield
    except Unreadable as error:
        raise click.UsageError(str(error)) from None


@contextmanager
def _refusing(report: Path | None, shown: list[Refused]) -> Iterator[Callable[[Refused], object]]:
    """Keeps the first ones, and writes all of them where they are wanted; as they come, so that a crash leaves them."""
    opened = report.open("w", encoding="utf-8-sig", newline="") if report else nullcontext()
    with opened as to:
        writer = csv.writer(to) if to else None
        if writer:
            writer.writerow(["row", "column", "problem"])

        def refuse(refused: Refused) -> None:
            if len(shown) < LISTED:
                shown.append(refused)
            if writer:
                writer.writerow([refused.number, escaped(refused.column or ""), escaped(refused.problem)])

        yield refuse


def _say_columns(sheet: Sheet, columns: Columns) -> None:
    shown = table("field", "column", "", title=f"{sheet.name}: names in row {sheet.header_row}")
    for field in columns.places:
        shown.add_row(field, text(columns.of(field)), "as told" if field in columns.told else "guessed")
    console().print(shown)
    if columns.unused:
        say(f"not used: {', '.join(columns.unused)}  (--map attr.NAME=COLUMN, or --rest-as-attributes)")
    if "key" not in columns.places:
        say("note: no column of keys, so people are known by their number; --map key=COLUMN names one")


def _say(summary: Summary, shown: list[Refused], report: Path | None, dry: bool) -> None:
    counts = summary.counts
    would = "would be " if dry else ""
    parts = [f"{counts.added:,} {would}added", f"{counts.updated:,} {would}updated", f"{counts.unchanged:,} unchanged"]
    say(", ".join([*parts, f"{summary.refused:,} refused"]) + (" (dry run: nothing was stored)" if dry else ""))
    for each in shown[:SHOWN]:
        say(
            f"  row {each.number}, {each.column}: {each.problem}"
            if each.column
            else f"  row {each.number}: {each.problem}"
        )
    if summary.refused > SHOWN:
        say(f"  … and {summary.refused - SHOWN:,} more" + ("" if report else "; --refused FILE writes them all"))
    if report:
        say(f"all of them: {report}")


def _say_json(summary: Summary, columns: Columns, shown: list[Refused], report: Path | None, dry: bool) -> None:
    counts = summary.counts
    say_json(
        {
            "dry_run": dry,
            "columns": {field: columns.of(field) for field in columns.places},
            "not_used": columns.unused,
            "added": counts.added,
            "updated": counts.updated,
            "unchanged": counts.unchanged,
            "refused": summary.refused,
            "refused_rows": [{"row": each.number, "column": each.column, "problem": each.problem} for each in shown],
            "refused_file": report and str(report),
        }
    )


@click.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path, allow_dash=True))
@click.option("--tag", "tags", multiple=True, metavar="T", help="Those with at least one of these tags.")
@click.option("--source", metavar="S", help="Which application's contacts.")
@click.option("--opted-out/--opted-in", default=None, help="Only those who opted out, or did not.")
@json_option
def export_file(file: Path, as_json: bool, **which: Any) -> None:
    """Write contacts to a CSV FILE (- is standard output) that a spreadsheet opens and `contacts import` takes again.

    Cells that a spreadsheet would run as a formula get an apostrophe in front.
    """
    settings = Settings.from_environ()
    with database_of(settings) as database:
        with database.begin() as session:
            names = attribute_names(session)
        sources: set[str] = set()
        rows = _noted(sources, (row for page in pages(database.begin, **which) for row in page))
        if str(file) == "-":
            write_csv(sys.stdout, rows, names)
            return
        with file.open("w", encoding="utf-8-sig", newline="") as opened:
            written = write_csv(opened, rows, names)
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
