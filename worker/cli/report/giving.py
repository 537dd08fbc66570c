"""A report's rows as JSON or into a file, row by row: a file is there when it is whole, and an older one until then."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, fields
from datetime import date, datetime, tzinfo
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any

import click

from worker.cli.output import progress, say, say_json_list

Row = Mapping[str, Any]
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

    def give(self, rows: Iterable[Row], zone: tzinfo, *, total: Callable[[], int] | None = None) -> int:
        """All rows; how many there were. zone: of the moments in a file. total: how many there will be, about."""
        if self.as_json:
            return say_json_list(rows)
        file = self.csv or self.xlsx
        assert file is not None
        written = self._write(file, iter(rows), zone, total)
        if written and str(file) != "-":
            say(f"{written:,} line(s) in {file}")
        return written

    def _write(self, file: Path, rows: Any, zone: tzinfo, total: Callable[[], int] | None) -> int:
        if (first := next(rows, None)) is None:
            return 0
        written = 0
        with self._table(file, list(first)) as write, progress() as bar:
            task = bar.add_task("written", total=total() if total else None)
            for written, row in enumerate(chain([first], rows), start=1):
                write([cell(value, zone) for value in row.values()])
                if written % 1000 == 0:
                    bar.update(task, completed=written)
        return written

    def _table(self, file: Path, columns: Sequence[str]) -> AbstractContextManager[Write]:
        from worker.spreadsheets import open_table, write_csv  # a report for people does without

        if str(file) == "-":
            return nullcontext(write_csv(sys.stdout, columns))
        return open_table(file, columns, whole=True, kind=".xlsx" if self.xlsx else ".csv")


def cell(value: Any, zone: tzinfo) -> Any:
    """As a spreadsheet takes it: moments in our zone, amounts as numbers."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, datetime):
        return value.astimezone(zone).replace(tzinfo=None, microsecond=0).isoformat(" ")
    if isinstance(value, Decimal):
        return float(value)
    return value if isinstance(value, date) else str(value)


def flat(row: Any) -> Row:
    """A typed row by the names of its fields."""
    return {name: getattr(row, name) for name in names_of(type(row))}


_names: dict[type, Sequence[str]] = {}


def names_of(kind: type) -> Sequence[str]:
    """Of its fields, in their order."""
    if kind not in _names:
        _names[kind] = [each.name for each in fields(kind)]
    return _names[kind]
