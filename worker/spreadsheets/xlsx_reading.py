"""An XLSX file, read as a stream: what its formulas last gave, and dates only where Excel itself says that they are.

Read by a parser of events and not by a library: those that there are keep a whole row, or all of the styles, before
anybody can say that it is too much.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.parsers import expat

from worker.spreadsheets.formulas import unescaped
from worker.spreadsheets.rows import COLUMNS_MOST, Cell, RefusedRow, Row, Unreadable
from worker.spreadsheets.xlsx_dates import LAST_DAY, date_styles, day_of, moment_of
from worker.spreadsheets.xlsx_package import (
    SAVE_AGAIN,
    SHEET_MOST,
    TEXTS_MOST,
    Package,
    open_package,
    parser_of,
    within,
)

ROWS_MOST = 1_048_576  # the format's own
CELLS_MOST = 16_384  # of a row; the format's own
TEXT_MOST = 32_767  # characters of a cell; the format's own
SHARED_MOST = 5_000_000  # texts; each is kept
SHEETS_MOST = 1000
ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!"})

_column = re.compile("([A-Z]{1,3})[0-9]+").fullmatch
_coded = re.compile("_x00(09|0[aA]|0[dD]|5[fF])_").sub  # how Excel writes what XML can't, and its own underscore


@dataclass(frozen=True, slots=True)
class _Book:
    sheets: Mapping[str, str]  # titles to parts
    hidden: tuple[str, ...]
    texts: str | None  # the part of the shared ones
    styles: str | None
    since_1904: bool


class XlsxFile:
    """One sheet of a file that is whole. Its rows can be read once."""

    def __init__(self, sheet: str, hidden: tuple[str, ...], rows: Generator[Row | RefusedRow], found: _Sheet) -> None:
        self.sheet, self.hidden, self._rows, self._found = sheet, hidden, rows, found

    @property
    def rows(self) -> int | None:
        """How many, as the file says; known when the first was read."""
        return self._found.count

    def read(self) -> Generator[Row | RefusedRow]:
        """Its rows that are not empty, numbered from 1 as Excel shows them."""
        return self._rows


def open_xlsx(file: Path, sheet: str | None) -> XlsxFile:
    """Choose the sheet; by default the first that Excel shows. Raises Unreadable, and so do the rows."""
    with ExitStack() as opened:
        package = opened.enter_context(open_package(file))
        book = _book(package)
        chosen = _chosen(file, book, sheet)
        package.check(book.sheets[chosen], SHEET_MOST)
        styles = date_styles(package, book.styles) if book.styles else []
        texts = _shared_texts(package, book.texts) if book.texts else []
        found = _Sheet(file.name, texts, styles, book.since_1904)
        return XlsxFile(chosen, book.hidden, _rows(package, book.sheets[chosen], found, opened.pop_all()), found)


def _rows(package: Package, part: str, found: _Sheet, opened: ExitStack) -> Generator[Row | RefusedRow]:
    with opened:
        for _ in package.events(part, found.parser):
            yield from found.taken()


def _chosen(file: Path, book: _Book, sheet: str | None) -> str:
    shown = [title for title in book.sheets if title not in book.hidden]
    if not book.sheets:
        raise Unreadable(file.name, "has no sheet with rows", SAVE_AGAIN)
    if sheet is not None and sheet not in book.sheets:
        named = [f"{title} (hidden)" if title in book.hidden else title for title in book.sheets]
        raise Unreadable("--sheet", f"there is none called {sheet!r}", f"there are {', '.join(named)}")
    return sheet or (shown or list(book.sheets))[0]


def _book(package: Package) -> _Book:
    related = package.related("xl/workbook.xml")
    titles: dict[str, tuple[str, bool]] = {}  # by the ids of their parts
    since_1904 = False

    def start(element: str, attributes: Mapping[str, str]) -> None:
        nonlocal since_1904
        if element == "sheet":
            within(len(titles), SHEETS_MOST)
            titles[attributes["id"]] = attributes["name"], attributes.get("state", "visible") != "visible"
        elif element == "workbookPr":
            since_1904 = attributes.get("date1904") in {"1", "true"}

    package.read("xl/workbook.xml", start)
    sheets = {title: related[id_][1] for id_, (title, _) in titles.items() if related[id_][0] == "worksheet"}
    parts = dict(related.values())
    hidden = tuple(title for title, is_hidden in titles.values() if is_hidden and title in sheets)
    return _Book(sheets, hidden, parts.get("sharedStrings"), parts.get("styles"), since_1904)


# Texts that cells share...


def _shared_texts(package: Package, part: str) -> list[str]:
    package.check(part, TEXTS_MOST)
    texts: list[str] = []
    text = _Text()

    def start(element: str, _: Any) -> None:
        if element == "si":
            text.open()
        text.start(element, parser)

    def end(element: str) -> None:
        if element == "si":
            within(len(texts), SHARED_MOST)
            texts.append(text.whole())
        text.end(element, parser)

    parser = parser_of(start, end)
    for _ in package.events(part, parser):
        pass
    return texts


class _Text:
    """Collects what is written between tags: rich text is several `t`; how it is pronounced (`rPh`) is none of it."""

    def __init__(self) -> None:
        self.open()

    def open(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._aloud = False

    def start(self, element: str, parser: expat.XMLParserType) -> None:
        if element == "rPh":
            self._aloud = True
        elif element in {"t", "v"} and not self._aloud:
            parser.CharacterDataHandler = self._add

    def end(self, element: str, parser: expat.XMLParserType) -> None:
        if element == "rPh":
            self._aloud = False
        elif element in {"t", "v"}:
            parser.CharacterDataHandler = None

    def _add(self, data: str) -> None:
        self._length += len(data)
        within(self._length, TEXT_MOST + 1)
        self._parts.append(data)

    def whole(self) -> str:
        return "".join(self._parts)


# Rows...


class _Sheet:
    """Makes rows of a sheet's events. A row or column that the format does not have, or that we don't take, ends it."""

    def __init__(self, name: str, texts: Sequence[str], dates: Sequence[bool], since_1904: bool) -> None:
        self._name, self._texts, self._dates, self._since_1904 = name, texts, dates, since_1904
        self._text = _Text()
        self._done: list[Row | RefusedRow] = []
        self._number, self._place, self._count, self._kind, self._style = 0, -1, 0, "n", 0
        self._cells: list[Cell] = []
        self._beyond = False
        self.count: int | None = None
        self._over = False
        self.parser = parser_of(self._start, self._end)

    def taken(self) -> list[Row | RefusedRow]:
        """The rows that were finished since this was asked last."""
        done, self._done = self._done, []
        return done

    def _start(self, element: str, attributes: Mapping[str, str]) -> None:
        if self._over:
            return
        if element == "c":
            self._start_cell(attributes)
        elif element == "row":
            self._start_row(attributes)
        elif element == "dimension":
            last = attributes.get("ref", "").rpartition(":")[2].lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
            self.count = min(int(last), ROWS_MOST) if last.isdecimal() and len(last) < 8 else None
        else:
            self._text.start(element, self.parser)

    def _start_row(self, attributes: Mapping[str, str]) -> None:
        number = attributes.get("r", str(self._number + 1))
        if not (len(number) <= 7 and self._number < int(number) <= ROWS_MOST):
            raise Unreadable(self._name, f"after row {self._number} comes one whose number can't be", SAVE_AGAIN)
        self._number, self._place, self._count, self._cells, self._beyond = int(number), -1, 0, [], False

    def _start_cell(self, attributes: Mapping[str, str]) -> None:
        self._count += 1
        within(self._count, CELLS_MOST + 1)
        self._place = _place(attributes["r"]) if "r" in attributes else self._place + 1
        self._kind = attributes.get("t", "n")
        self._style = int(attributes.get("s", "0")[:6])
        self._text.open()

    def _end(self, element: str) -> None:
        if self._over:
            return
        if element == "c":
            self._end_cell()
        elif element == "row":
            self._end_row()
        elif element == "sheetData":
            self._over = True
        else:
            self._text.end(element, self.parser)

    def _end_cell(self) -> None:
        cell = self._cell(self._text.whole())
        if cell == "":
            return
        if self._place >= COLUMNS_MOST:
            self._beyond = True
            return
        self._cells += [""] * (self._place + 1 - len(self._cells))
        self._cells[self._place] = cell

    def _end_row(self) -> None:
        wrong = next((place for place, cell in enumerate(self._cells) if cell in ERRORS), None)
        if self._beyond:
            problem = f"has a cell beyond the column {letters(COLUMNS_MOST - 1)}: keep {COLUMNS_MOST} columns at most"
            self._done.append(RefusedRow(self._number, None, problem, self._cells))
        elif wrong is not None:
            where = f"{letters(wrong)}{self._number}"
            problem = f"{where} holds {self._cells[wrong]}, an error of the spreadsheet: fix its formula"
            self._done.append(RefusedRow(self._number, None, problem, self._cells))
        elif self._cells:
            self._done.append(Row(self._number, self._cells))

    def _cell(self, text: str) -> Cell:
        if not text:
            return ""
        if self._kind == "s":
            return _clean(self._texts[int(text[:9])])
        if self._kind == "b":
            return str(text == "1")
        if self._kind == "d":
            return moment_of(datetime.fromisoformat(text.removesuffix("Z")))
        if self._kind != "n":
            return _clean(text)
        return self._number_of(text.strip())

    def _number_of(self, text: str) -> Cell:
        value = int(text) if text.isdecimal() and len(text) < 20 else float(text)
        dated = self._style < len(self._dates) and self._dates[self._style]
        if dated and 0 <= value < LAST_DAY:
            return day_of(value, self._since_1904)
        # Excel knows no whole numbers: 901234567 may come as 901234567.0
        return str(int(value)) if isinstance(value, int) or value.is_integer() else str(value)


def _clean(text: str) -> str:
    if "_x00" in text:
        text = _coded(lambda found: chr(int(found[1], 16)), text)
    return unescaped(text.strip())


def _place(reference: str) -> int:
    """The column of a cell like AB12, counted from 0."""
    found = _column(reference[:16])
    if found is None:
        raise ValueError("no cell's name")
    place = 0
    for letter in found[1]:
        place = place * 26 + ord(letter) - 64
    return place - 1


def letters(place: int) -> str:
    """What a spreadsheet calls this column; place counts from 0."""
    place, last = divmod(place, 26)
    return (letters(place - 1) if place else "") + chr(65 + last)
