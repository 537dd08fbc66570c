"""A report as rows of a file: the same columns and cells whoever asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from itertools import chain
from typing import TYPE_CHECKING, Any

from worker.tabular import cell, flat

if TYPE_CHECKING:
    from worker.reporting.reminded import RemindersReported

Row = Mapping[str, Any]
Cells = Sequence[Any]


@dataclass(frozen=True, slots=True)
class FileTable:
    """What stands in a file; no columns: there is no row."""

    columns: Sequence[str]
    rows: Iterator[Cells]

    @classmethod
    def of(cls, rows: Iterable[Row], zone: tzinfo) -> FileTable:
        """The first row is asked for at once. zone: of moments."""
        rows = iter(rows)
        if (first := next(rows, None)) is None:
            return cls((), iter(()))
        return cls(tuple(first), ([cell(value, zone) for value in row.values()] for row in chain([first], rows)))

    @classmethod
    def of_cells(cls, columns: Sequence[str], rows: Iterator[Cells]) -> FileTable:
        """The same of what is cells already."""
        first = next(rows, None)
        return cls((), iter(())) if first is None else cls(columns, chain([first], rows))


def reminders_row(row: RemindersReported) -> Row:
    """The report of reminders as one flat row."""
    skipped = "; ".join(f"{count:,} {reason}" for reason, count in row.skipped.items())
    return row.as_row() | {"statuses": statuses_in_a_line(row.statuses), "skipped": skipped}


def statuses_in_a_line(statuses: Mapping[Any, int]) -> str:
    """How many stand where."""
    return "; ".join(f"{count:,} {status}" for status, count in statuses.items())


def _sum_row(row: Any) -> Row:
    found: Row = row.as_row()
    return found


# How a line of each report stands in a file.
ROWS: Mapping[str, Callable[[Any], Row]] = {
    **dict.fromkeys(("daily", "campaigns", "networks", "latency", "costs"), _sum_row),
    "reminders": reminders_row,
    "refused": flat,
}
