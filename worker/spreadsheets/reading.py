"""CSV and XLSX files as rows of cells, read as a stream, the whole of a CSV once beforehand.

What is wrong with a file as a whole (its encoding, its quotes, its being no spreadsheet) is found before the first row
is stored; what is wrong with a row is that row's trouble.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from worker.spreadsheets import csv_reading, xlsx_reading
from worker.spreadsheets.rows import COLUMNS_MOST, Cell, RefusedRow, Row, Unreadable

OLD_EXCEL = b"\xd0\xcf\x11\xe0"
XLSX = b"PK\x03\x04"
HEADER_WITHIN = 100  # rows from the top

Rows = Generator[Row | RefusedRow]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A readable file: the names of its columns, and its rows below them, which can be read once."""

    name: str  # of the file, and of the sheet in it
    columns: tuple[str, ...]  # as in the file, "" where there is none
    header_row: int
    rows: int | None  # below the header, empty ones included; None: not known
    hidden: tuple[str, ...]  # sheets of the workbook that Excel does not show
    _below: Rows

    def read(self) -> Iterator[Row | RefusedRow]:
        """The rows below the header that are not empty; those with too few or too many cells are refused."""
        with closing(self._below) as rows:
            for row in rows:
                yield from self._whole(row)

    def _whole(self, row: Row | RefusedRow) -> Iterator[Row | RefusedRow]:
        if isinstance(row, RefusedRow):
            yield row
        elif any(cell != "" for cell in row.cells):
            yield self._fitting(row)

    def _fitting(self, row: Row) -> Row | RefusedRow:
        width = len(self.columns)
        beyond = any(cell != "" for cell in row.cells[width:])
        if row.ragged and (len(row.cells) < width or beyond):
            remedy = "quote cells with commas" if beyond else "fill it up with empty cells"
            problem = f"has {len(row.cells)} cells where the header has {width}: {remedy}"
            return RefusedRow(row.number, None, problem, row.cells)
        cells = [*row.cells[:width], *[""] * (width - len(row.cells))]
        return Row(row.number, cells, row.ragged)


def open_sheet(
    file: Path, *, encoding: str | None = None, sheet: str | None = None, header_row: int | None = None
) -> Sheet:
    """Open a CSV or XLSX file, by what is in it. Raises Unreadable, which names the line or the column.

    header_row: where the columns' names stand, from 1; by default the first row that is not empty.
    """
    if not file.is_file():
        raise Unreadable(file.name, "is no file that can be read twice", "save it first")
    with file.open("rb") as opened:
        start = opened.read(8)
    if start.startswith(OLD_EXCEL):
        raise Unreadable(file.name, "is an old .xls, or protected by a password", "save it as .xlsx without a password")
    if not start.startswith(XLSX):
        if file.suffix.lower() in {".xlsx", ".xlsm", ".xls"}:
            raise Unreadable(file.name, "is no Excel file, whatever its name says", "save it as .xlsx, or as CSV UTF-8")
        if sheet is not None:
            raise Unreadable("--sheet", f"{file.name} is a CSV file, which has no sheets", "leave it out")
        source = csv_reading.open_csv(file, encoding)
        return _sheet(file.name, source.read(), lambda: source.rows, header_row)
    book = xlsx_reading.open_xlsx(file, sheet)
    return _sheet(f"{file.name}, sheet {book.sheet}", book.read(), lambda: book.rows, header_row, book.hidden)


def _sheet(
    name: str, rows: Rows, count: Callable[[], int | None], header_row: int | None, hidden: tuple[str, ...] = ()
) -> Sheet:
    header = _header(rows, header_row)
    if header is None:
        rows.close()
        raise Unreadable(name, "is empty", "its first row must name the columns")
    columns = tuple(_title(cell) for cell in header.cells)
    if any(columns[COLUMNS_MOST:]):
        rows.close()
        raise Unreadable(name, f"has more than {COLUMNS_MOST} columns", "keep those that are needed")
    total = count()
    left = None if total is None else max(0, total - header.number)
    return Sheet(name, columns[:COLUMNS_MOST], header.number, left, hidden, rows)


def _header(rows: Rows, header_row: int | None) -> Row | None:
    """The row of the columns' names; the rows go on below it."""
    for row in rows:
        if isinstance(row, RefusedRow) or row.number > max(header_row or 0, HEADER_WITHIN):
            return None
        if header_row is not None and row.number < header_row:
            continue
        if any(cell != "" for cell in row.cells):
            return row
    return None


def _title(cell: Cell) -> str:
    return cell.isoformat() if isinstance(cell, date) else " ".join(cell.split())
