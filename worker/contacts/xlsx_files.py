"""An XLSX file, read as a stream: what its formulas last gave, and dates only where Excel itself says that they are."""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from worker.contacts.sheet_rows import Cell, Refused, Row, Unreadable, unescaped

LARGEST = 4 * 1024**3  # bytes unpacked; a million rows of twenty columns take a fifth of it
TEXTS_LARGEST = 512 * 1024**2  # bytes of the texts that a sheet shares, which have to be kept in memory
DAMAGED = (BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, ValueError, LookupError, ArithmeticError)
SAVE_AGAIN = "open it in Excel and save it again as .xlsx, or as CSV UTF-8"
ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!"})


@dataclass(frozen=True, slots=True)
class XlsxFile:
    """One sheet of a file that is whole. Its rows can be read once: to open a large workbook takes seconds."""

    sheet: str
    count: int | None  # of rows, as the file says
    rows: Generator[Row | Refused]  # numbered from 1 as Excel shows them


def open_xlsx(file: Path, sheet: str | None) -> XlsxFile:
    """Choose the sheet; by default the first one. Raises Unreadable, and so do the rows."""
    _check_package(file)
    with ExitStack() as opened:
        book = opened.enter_context(_opened(file))
        chosen = book[_chosen(file, book, sheet)]
        return XlsxFile(chosen.title, chosen.max_row, _rows(chosen, opened.pop_all()))


def _rows(sheet: Any, opened: ExitStack) -> Generator[Row | Refused]:
    with opened:
        for number, values in enumerate(sheet.iter_rows(values_only=True), start=1):
            yield _row(number, values)


def _chosen(file: Path, book: Any, sheet: str | None) -> str:
    names: list[str] = [each.title for each in book.worksheets]
    if not names:
        raise Unreadable(file.name, "has no sheet with rows", SAVE_AGAIN)
    if sheet is not None and sheet not in names:
        raise Unreadable("--sheet", f"there is none called {sheet!r}", f"there are {', '.join(names)}")
    return sheet or names[0]


def _check_package(file: Path) -> None:
    """Whole, a workbook, and no bomb."""
    try:
        with ZipFile(file) as package:
            sizes = {each.filename: each.file_size for each in package.infolist()}
            texts = sum(size for name, size in sizes.items() if name.endswith("sharedStrings.xml"))
            if sum(sizes.values()) > LARGEST or texts > TEXTS_LARGEST:
                raise Unreadable(file.name, "is too large to be read as XLSX", "save it as CSV UTF-8")
            if "xl/workbook.xml" not in sizes:
                raise Unreadable(file.name, "is a zip file, but no workbook", SAVE_AGAIN)
            broken = package.testzip()
    except Unreadable:
        raise
    except DAMAGED:
        raise Unreadable(file.name, "is no whole XLSX file", SAVE_AGAIN) from None
    if broken is not None:
        raise Unreadable(file.name, "is damaged", SAVE_AGAIN)


@contextmanager
def _opened(file: Path) -> Iterator[Any]:
    from openpyxl import load_workbook  # here: it costs 150 ms, and most commands read no XLSX

    # Styles and validations that it does not know, and we do not need.
    warnings.filterwarnings("ignore", category=UserWarning, module="openpyxl")
    try:
        with file.open("rb") as opened, closing(load_workbook(opened, read_only=True, data_only=True)) as book:
            yield book
    except Unreadable:
        raise
    except (*DAMAGED, SyntaxError, TypeError, AttributeError) as error:  # what openpyxl lets through of a broken file
        raise Unreadable(file.name, f"is broken ({type(error).__name__})", SAVE_AGAIN) from None


def _row(number: int, values: tuple[Any, ...]) -> Row | Refused:
    cells = [_cell(value) for value in values]
    if (place := next((place for place, cell in enumerate(cells) if cell in ERRORS), None)) is not None:
        problem = f"{_column(place)}{number} holds {cells[place]}, an error of the spreadsheet: mend its formula"
        return Refused(number, None, problem)
    return Row(number, cells)


def _column(place: int) -> str:
    """What a spreadsheet calls this column; place counts from 0."""
    from openpyxl.utils import get_column_letter

    return str(get_column_letter(place + 1))


def _cell(value: Any) -> Cell:
    if value is None:
        return ""
    if isinstance(value, str):
        return unescaped(value.strip())
    if isinstance(value, datetime):
        return value.date() if value.time() == time(0) else value.isoformat(sep=" ")
    if isinstance(value, date):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # Excel knows no whole numbers: 901234567 may come as 901234567.0
    return str(value)
