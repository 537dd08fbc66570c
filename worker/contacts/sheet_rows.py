"""A spreadsheet's row as we read it, and what can be said against it or its file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from worker.errors import Invalid

Cell = str | date  # "" for an empty one; a date only where the spreadsheet itself says that it is one

RISKY = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would take what begins so for a formula


class Unreadable(Invalid):
    """A file, or what was said about it, with which no row can be read; nothing was stored."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `number` is the one that a spreadsheet shows, from 1. ragged: its file lets rows differ in length."""

    number: int
    cells: Sequence[Cell] = field(repr=False)
    ragged: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that was not taken: which column (None: the row as a whole), what is wrong and what to do."""

    number: int
    column: str | None
    problem: str


def escaped(cell: str) -> str:
    """What we write into a file, so that no spreadsheet takes it for a formula."""
    return "'" + cell if cell.startswith(RISKY) else cell


def unescaped(cell: str) -> str:
    """What we read: an apostrophe before a formula is ours, or a spreadsheet's sign for text."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(RISKY) else cell
