"""A report's rows as JSON or into a file, row by row: a file is there when it is whole, and an older one until then."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import Any

import click

from worker.api.report_files import FileTable, Row
from worker.cli.output import progress, say, say_json_list

Write = Callable[[Sequence[Any]], object]


@dataclass(frozen=True, slots=True)
class To:
    """Where somebody wants it."""

    csv: Path | None
    xlsx: Path | None
    as_json: bool

    def __post_init__(self) -> None:
        if (self.csv is not None) + (self.xlsx is not None) + self.as_json > 1:
            raise click.UsageError("give one of --json, --csv and --xlsx")

    @property
    def is_for_people(self) -> bool:
        return self.csv is None and self.xlsx is None and not self.as_json

    def give(self, rows: Iterable[Row], zone: tzinfo) -> int:
        """All rows; how many there were. zone: of the moments in a file."""
        if self.as_json:
            return say_json_list(rows)
        return self.write(FileTable.of(rows, zone))

    def write(self, table: FileTable, *, total: Callable[[], int] | None = None) -> int:
        """Into the file; how many rows there were. total: how many there will be, about."""
        file = self.csv or self.xlsx
        assert file is not None
        written = self._write(file, table, total) if table.columns else 0
        if written and str(file) != "-":
            say(f"{written:,} line(s) in {file}")
        return written

    def _write(self, file: Path, table: FileTable, total: Callable[[], int] | None) -> int:
        written = 0
        with self._table(file, table.columns) as write, progress() as bar:
            task = bar.add_task("written", total=total() if total else None)
            for written, row in enumerate(table.rows, start=1):
                write(row)
                if written % 1000 == 0:
                    bar.update(task, completed=written)
        return written

    def _table(self, file: Path, columns: Sequence[str]) -> AbstractContextManager[Write]:
        from worker.spreadsheets import open_table, write_csv  # a report for people does without

        if str(file) == "-":
            return nullcontext(write_csv(sys.stdout, columns))
        return open_table(file, columns, whole=True, kind=".xlsx" if self.xlsx else ".csv")
