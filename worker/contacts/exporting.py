"""Contacts as a table that a spreadsheet opens without running anything, and that `contacts import` takes again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy.orm import Session

from worker.contacts.columns import FIELDS
from worker.ledger import contacts
from worker.ledger.contacts import ContactRow
from worker.phone import local_of
from worker.spreadsheets.writing import Value, Write
from worker.text import ATTRIBUTE

PAGE = 2000  # contacts held in memory at once


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


def header(attributes: Iterable[str]) -> list[str]:
    """The titles of the columns. attributes: those that get one."""
    return [*FIELDS, *(ATTRIBUTE + name for name in attributes)]


def write_rows(write: Write, rows: Iterable[ContactRow], attributes: Iterable[str]) -> int:
    """Write them below the header; how many there were."""
    names = list(attributes)
    written = 0
    for written, row in enumerate(rows, start=1):  # noqa: B007 — the last one is the count
        write([*_cells(row), *(row.attributes.get(name, "") for name in names)])
    return written


def _cells(row: ContactRow) -> list[Value]:
    return [
        row.key,
        row.name,
        "; ".join(local_of(each) for each in row.phones),
        row.birth_date,
        lunar_text(row.lunar_birth_day, row.lunar_birth_leap),
        row.death_date,
        lunar_text(row.lunar_death_day, row.lunar_death_leap),
        ", ".join(row.tags),
        "yes" if row.opted_out_at else "",
    ]


def lunar_text(day: int | None, leap: bool | None) -> str:
    """A day of the lunar year as people write it: 15/8, 15/8 nhuận."""
    return "" if day is None else f"{day % 100}/{day // 100}{' nhuận' if leap else ''}"
