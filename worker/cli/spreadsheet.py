"""What the commands that read a file of people have in common: options, what was understood, what was wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from worker.cli.output import console, options, say, table, text
from worker.spreadsheets import RefusedRow, Sheet, Unreadable, open_table

SHOWN = 50  # refused rows that a person is shown
LISTED = 1000  # refused rows that --json lists
PROBLEM = "problem"  # the column that a file of refused rows has besides its own

file_options = options(
    click.option("--encoding", metavar="E", help="Of a CSV file; by default its mark, else UTF-8."),
    click.option("--sheet", metavar="NAME", help="Of an XLSX file; by default the first that Excel shows."),
    click.option(
        "--header-row", type=click.IntRange(1), help="Where the names of the columns are; by default the first row."
    ),
    click.option(
        "--refused",
        "report",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Write every row with a problem here, whole (CSV, or XLSX by its name): correct it and give it again.",
    ),
)


@contextmanager
def usage() -> Iterator[None]:
    """A file, or an option about it, with which nothing can be done is a usage error."""
    try:
        yield
    except Unreadable as error:
        raise click.UsageError(str(error)) from None


def say_columns(sheet: Sheet, chosen: Mapping[str, str | None], *, told: Sequence[str] = ()) -> None:
    """Which column was taken for what, and which sheets nobody sees."""
    say(f"{sheet.name}: names in row {sheet.header_row}")
    shown = table("field", "column", "")
    for name, column in chosen.items():
        shown.add_row(text(name), text(column), "as told" if name in told else "guessed")
    console().print(shown)
    if sheet.hidden:
        say(f"note: the workbook has hidden sheets: {', '.join(sheet.hidden)}  (--sheet NAME reads one)")


@dataclass(slots=True)
class Problems:
    """Rows and cells that were not taken: the first ones kept to be shown, all of them written where a person said."""

    report: Path | None = None
    refused: list[RefusedRow] = field(default_factory=list)
    left_out: list[RefusedRow] = field(default_factory=list)
    count: int = 0
    _write: Callable[[Sequence[Any]], object] = lambda _: None
    _skipped: int = 0

    @classmethod
    @contextmanager
    def of(cls, sheet: Sheet, report: Path | None) -> Iterator[Problems]:
        """Opens the report; its rows are on disk as they come."""
        problems = cls(report)
        with ExitStack() as opened:
            if report is not None:
                # A file of refused rows that is given again has the column already.
                problems._skipped = int(bool(sheet.columns) and sheet.columns[0] == PROBLEM)
                titles = [PROBLEM, *sheet.columns[problems._skipped :]]
                problems._write = opened.enter_context(open_table(report, titles))
            yield problems

    def refuse(self, problem: RefusedRow) -> None:
        """A row that was not taken."""
        self._keep(self.refused, problem, str(problem))

    def leave_out(self, problem: RefusedRow) -> None:
        """A cell without which its row was taken."""
        self._keep(self.left_out, problem, f"left out: {problem}")

    def _keep(self, kept: list[RefusedRow], problem: RefusedRow, told: str) -> None:
        self.count += 1
        if len(kept) < LISTED:
            kept.append(problem)
        self._write([told, *problem.cells[self._skipped :]])

    def say(self) -> None:
        """The first ones for a person, and where the others are."""
        shown = [f"  {each}" for each in self.refused[:SHOWN]]
        shown += [f"  left out: {each}" for each in self.left_out[: SHOWN - len(shown)]]
        for line in shown:
            say(line)
        if self.count > len(shown):
            more = "" if self.report else "; --refused FILE writes them all"
            say(f"  … and {self.count - len(shown):,} more{more}")
        if self.report:
            say(f"all of them: {self.report}")

    def json(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "refused_rows": [_json(each) for each in self.refused],
            "left_out_cells": [_json(each) for each in self.left_out],
            "refused_file": self.report and str(self.report),
        }


def _json(each: RefusedRow) -> dict[str, Any]:
    return {"row": each.number, "column": each.column, "problem": each.problem}
