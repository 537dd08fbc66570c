"""A spreadsheet's row as we read it, and what can be said against it or its file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from worker.errors import Invalid

Cell = str | date  # "" for an empty one; a date only where the spreadsheet itself says that it is one

COLUMNS_MOST = 200  # of one file; a list of people has a dozen


class Unreadable(Invalid):
    """A file, or what was said about it, with which no row can be read; nothing was stored."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `number` is the one that a spreadsheet shows, from 1. ragged: its file lets rows differ in length."""

    number: int
    cells: Sequence[Cell] = field(repr=False)
    ragged: bool = False


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that was not taken: which column (None: the row as a whole), what is wrong and what to do.

    cells: the row as it was read, so that it can be given back for correction.
    """

    number: int
    column: str | None
    problem: str
    cells: Sequence[Cell] = field(default=(), repr=False)

    def __str__(self) -> str:
        where = f"row {self.number}" + (f", {self.column}" if self.column else "")
        return f"{where}: {self.problem}"


class Readable(Protocol):
    """What has rows below a header: an open file, or one that was read before and kept."""

    def read(self) -> Iterator[Row | RefusedRow]:
        """Each row once."""
        ...


def written(cell: Cell) -> str:
    """A cell as a person reads it: a date of the spreadsheet's own by day, month and year."""
    return f"{cell:%d/%m/%Y}" if isinstance(cell, date) else cell
