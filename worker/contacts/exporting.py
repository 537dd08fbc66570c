"""Contacts as a CSV file that a spreadsheet opens without running anything, and that `contacts import` takes again."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Any, TextIO

from sqlalchemy.orm import Session

from worker.contacts.sheet_rows import escaped
from worker.ledger import contacts
from worker.ledger.contacts import ContactRow
from worker.text import ATTRIBUTE

PAGE = 2000  # contacts held in memory at once
COLUMNS = ("key", "name", "phone", "birth_date", "lunar_birth", "death_date", "lunar_death", "tags", "opted_out")


def pages(begin: Callable[[], AbstractContextManager[Session]], **which: Any) -> Iterator[list[ContactRow]]:
    """All contacts that are meant (see `ledger.contacts.page`), a transaction for each page."""
    after = None
    while True:
        with begin() as session:
            rows = contacts.page(session, after=after, most=PAGE, **which)
        if not rows:
            return
        yield rows
        after = rows[-1].id


def write_csv(to: TextIO, rows: Iterable[ContactRow], attributes: Iterable[str]) -> int:
    """Write them below a header; how many there were. attributes: those that get a column."""
    names = list(attributes)
    writer = csv.writer(to, lineterminator="\r\n")
    writer.writerow([*COLUMNS, *(ATTRIBUTE + name for name in names)])
    written = 0
    for written, row in enumerate(rows, start=1):  # noqa: B007 — the last one is the count
        cells = [*_cells(row), *(row.attributes.get(name, "") for name in names)]
        writer.writerow([escaped(cell) for cell in cells])
    return written


def _cells(row: ContactRow) -> list[str]:
    return [
        row.key,
        row.name,
        "; ".join("0" + each.removeprefix("+84") for each in row.phones),
        row.birth_date.isoformat() if row.birth_date else "",
        lunar_text(row.lunar_birth_day, row.lunar_birth_leap),
        row.death_date.isoformat() if row.death_date else "",
        lunar_text(row.lunar_death_day, row.lunar_death_leap),
        ", ".join(row.tags),
        "yes" if row.opted_out_at else "",
    ]


def lunar_text(day: int | None, leap: bool | None) -> str:
    """A day of the lunar year as people write it: 15/8, 15/8 nhuận."""
    return "" if day is None else f"{day % 100}/{day // 100}{' nhuận' if leap else ''}"
