"""Tables for people, row by row into a CSV or XLSX file that nobody else can read (0600).

A CSV starts with a mark (BOM), without which Excel garbles Vietnamese. In both, no cell is run as a formula.
"""

from __future__ import annotations

import csv
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import IO, Any, TextIO

from worker.errors import Invalid
from worker.spreadsheets.formulas import escaped

MARK = "\ufeff"
ROWS_MOST = 1_048_576  # of a sheet, its header included

Value = str | int | float | date | None
Write = Callable[[Sequence[Value]], object]


@contextmanager
def open_table(file: Path, columns: Sequence[str], *, whole: bool = False, kind: str | None = None) -> Iterator[Write]:
    """A function that writes a row below these columns; XLSX where the file is called so, else CSV.

    kind: `.xlsx` or `.csv`, whatever it is called. whole: the file is there when all was written, and an older one
    stays until then. Else a CSV has its rows as they come, so that a crash leaves them. Raises Invalid where XLSX has
    no room.
    """
    kind = kind or file.suffix
    if not whole or (file.exists() and not file.is_file()):
        with _table(file, columns, kind) as write:
            yield write
        return
    with _aside(file) as aside, _table(aside, columns, kind) as write:
        yield write


def write_whole(file: Path, content: bytes) -> None:
    """A file that its owner alone can read: whole, or the older one stays."""
    if file.exists() and not file.is_file():
        file.write_bytes(content)
        return
    with _aside(file) as aside, private(aside) as to:
        to.write(content)


@contextmanager
def _aside(file: Path) -> Iterator[Path]:
    """Where to write what is to take the file's place once it is whole."""
    aside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        yield aside
        aside.replace(file)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(file)) from None  # nobody knows it by the other name
    finally:
        aside.unlink(missing_ok=True)


@contextmanager
def _table(file: Path, columns: Sequence[str], kind: str) -> Iterator[Write]:
    with private(file) as opened:
        if kind.lower() == ".xlsx":
            with _workbook(file, opened) as write:
                write(columns)
                yield write
        else:
            with open(opened.fileno(), "w", encoding="utf-8", newline="", closefd=False) as to:
                yield write_csv(to, columns)


def write_csv(to: TextIO, columns: Sequence[str]) -> Write:
    """The same into an open text stream, as CSV with its mark."""
    to.write(MARK)
    writer = csv.writer(to, lineterminator="\r\n")
    writer.writerow([escaped(each) for each in columns])
    return lambda values: writer.writerow([_text(value) for value in values])


@contextmanager
def private(file: Path) -> Iterator[IO[bytes]]:
    """A new file, or an old one emptied, that its owner alone can read."""
    opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(opened, "wb") as to:  # noqa: PTH123
        if stat.S_ISREG(os.fstat(opened).st_mode):
            os.fchmod(opened, 0o600)
        yield to


def _text(value: Value) -> str:
    if isinstance(value, str):
        return escaped(value)
    return "" if value is None else value.isoformat() if isinstance(value, date) else str(value)


@contextmanager
def _workbook(file: Path, to: IO[bytes]) -> Iterator[Write]:
    from openpyxl import Workbook  # here: it costs 150 ms, and most commands write no XLSX

    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    rows = iter(range(ROWS_MOST))

    def write(values: Sequence[Value]) -> None:
        if next(rows, None) is None:
            raise Invalid(file.name, f"has more than the {ROWS_MOST:,} rows of a sheet", "write it as .csv")
        sheet.append(list(_cells(sheet, values)))

    yield write
    book.save(to)


def _cells(sheet: Any, values: Iterable[Value]) -> Iterator[Any]:
    """Text stays text: neither a formula, nor a number that loses its leading 0."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, WriteOnlyCell

    for value in values:
        if not isinstance(value, str):
            yield value
            continue
        cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("\ufffd", value))
        cell.data_type = "s"
        yield cell
