"""A file of a stranger as rows: opened by what is in it, and no larger than a page can take."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from worker.api.uploads.calendars import CalendarFile
from worker.spreadsheets import RefusedRow, Row, Sheet, Unreadable, open_sheet

BYTES_MOST = 10 * 1024 * 1024
ROWS_MOST = 100_000
CHARACTERS_MOST = 50_000_000  # of all cells: a small XLSX may unpack to gigabytes
BY_COMMAND = "split it, or take the command line: `esms-worker send csv`, `esms-worker contacts import`"


def opened(file: Path, *, encoding: str | None, sheet: str | None) -> Sheet:
    """Raises Unreadable."""
    if file.is_file() and file.stat().st_size > BYTES_MOST:
        raise Unreadable(file.name, f"is larger than {BYTES_MOST // 1024**2} MB", BY_COMMAND)
    return open_sheet(file, encoding=encoding, sheet=sheet)


def bounded(sheet: Sheet | CalendarFile) -> Iterator[Row | RefusedRow]:
    """Its rows. Raises Unreadable where they are too many, or none."""
    count = characters = 0
    for count, row in enumerate(sheet.read(), start=1):
        characters += sum(len(str(cell)) for cell in row.cells)
        if count > ROWS_MOST or characters > CHARACTERS_MOST:
            raise Unreadable(sheet.name, f"has more than {ROWS_MOST:,} rows, or very long ones", BY_COMMAND)
        yield row
    if not count:
        raise Unreadable(sheet.name, "has no row below the columns' names", "fill in one row a person")
