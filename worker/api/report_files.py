"""A report as rows of a file: the same columns and cells whoever asks for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from worker.cells import flat
from worker.phone import local_of

if TYPE_CHECKING:
    from worker.reporting.reminded import RemindersReported

Row = Mapping[str, Any]


def person_row(row: Any) -> Row:
    """Of a message. A number as people write it: a spreadsheet would take +84… for a formula."""
    return {**flat(row), "phone": local_of(row.phone)}


def reminders_row(row: RemindersReported) -> Row:
    """In one line."""
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
    "messages": person_row,
    "failures": person_row,
}
