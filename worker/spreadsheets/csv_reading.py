"""A CSV file: which encoding and delimiter it has, and that the whole of it can be read, before a row is used.

A file without a mark must be UTF-8, or its encoding be named: legacy Vietnamese encodings can't be told apart for sure,
and a wrong guess would greet people by garbled names.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from worker.spreadsheets.formulas import unescaped
from worker.spreadsheets.rows import RefusedRow, Row, Unreadable

DELIMITERS = ",;\t|"
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
LINE_MOST = 1_000_000  # characters
RECORD_MOST = 4_000_000  # characters of a row: quoted cells may hold line breaks
SAVE_IT = 'save it as "CSV UTF-8"'

# How Windows-1258 writes Vietnamese: marks of their own (grave, hook, tilde, acute, dot) behind a vowel.
_CP1258_MARKS = b"\xcc\xd2\xde\xec\xf2"
_CP1258_VOWELS = b"aeiouyAEIOUY\xc2\xe2\xca\xea\xd4\xf4\xdd\xfd\xd5\xf5\xc3\xe3"


@dataclass(frozen=True, slots=True)
class CsvFile:
    """One that can be read to its end."""

    file: Path
    encoding: str
    delimiter: str
    rows: int  # all of them, the header and empty ones too

    def read(self) -> Generator[Row | RefusedRow]:
        """Every row, numbered from 1."""
        with self.file.open(encoding=self.encoding, newline="") as opened:
            for number, cells in enumerate(_Records(self.file, opened, self.delimiter), start=1):
                yield Row(number, [unescaped(cell.strip()) for cell in cells], ragged=True)


def open_csv(file: Path, encoding: str | None) -> CsvFile:
    """Read it once through. Raises Unreadable, which names the line."""
    encoding = encoding or _marked(file) or "utf-8"
    _check_encoding(file, encoding)
    delimiter = _delimiter(file, encoding)
    return CsvFile(file, encoding, delimiter, _count(file, encoding, delimiter))


def _marked(file: Path) -> str | None:
    with file.open("rb") as opened:
        start = opened.read(4)
    return next((encoding for mark, encoding in MARKS if start.startswith(mark)), None)


def _check_encoding(file: Path, encoding: str) -> None:
    """Line by line, so that the error can name one."""
    lines = 0
    try:
        with file.open(encoding=encoding, newline="\n") as opened:
            while opened.readline(LINE_MOST):
                lines += 1
    except LookupError:
        raise Unreadable("--encoding", f"{encoding!r} is not known", "try utf-8, utf-16 or cp1258") from None
    except UnicodeError:
        raise _wrong_encoding(file, encoding, lines) from None


def _wrong_encoding(file: Path, encoding: str, read: int) -> Unreadable:
    if not encoding.startswith("utf-8"):
        return Unreadable(file.name, f"can't be read as {encoding} after line {read}", SAVE_IT)
    with file.open("rb") as opened:
        lines = iter(lambda: opened.readline(LINE_MOST), b"")
        line = next((number for number, each in enumerate(lines, start=1) if not _is_utf8(each)), read)
        opened.seek(0)
        return Unreadable(file.name, f"line {line} is not UTF-8", f"{SAVE_IT}, or {_likely(opened.read(1_000_000))}")


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _likely(content: bytes) -> str:
    """What a person may try with a file that is not UTF-8."""
    if content.count(0) > len(content) // 4:
        return "try --encoding utf-16-le: it looks like UTF-16"
    marks = [place for place, byte in enumerate(content) if byte in _CP1258_MARKS]
    fitting = sum(content[place - 1] in _CP1258_VOWELS for place in marks if place)
    if marks and fitting >= 0.9 * len(marks):
        return "try --encoding cp1258: it looks like Windows-1258"
    return "convert it with Unikey first: it may be TCVN3 (.VnTime) or VNI"


def _delimiter(file: Path, encoding: str) -> str:
    """Excel writes what the system's language wants: a comma, in Viet Nam often a semicolon."""
    with file.open(encoding=encoding, newline="") as opened:
        lines = iter(lambda: opened.readline(LINE_MOST), "")
        header = next((line for line in lines if line.strip(DELIMITERS + " \r\n")), "")
    return max(DELIMITERS, key=header.count)


def _count(file: Path, encoding: str, delimiter: str) -> int:
    with file.open(encoding=encoding, newline="") as opened:
        return sum(1 for _ in _Records(file, opened, delimiter))


class _Records:
    """The rows of a file as cells. No line and no row is read that is longer than it may be. Raises Unreadable."""

    def __init__(self, file: Path, opened: TextIO, delimiter: str) -> None:
        self._file, self._opened = file, opened
        self._reader = csv.reader(self._lines(), delimiter=delimiter, strict=True)
        self._room = RECORD_MOST

    def __iter__(self) -> Iterator[list[str]]:
        try:
            for cells in self._reader:
                self._room = RECORD_MOST
                yield cells
        except csv.Error as error:
            raise Unreadable(self._file.name, f"line {self._reader.line_num}: {error}", "fix the quotes") from None

    def _lines(self) -> Iterator[str]:
        while line := self._opened.readline(LINE_MOST + 1):
            self._room -= len(line)
            if len(line) > LINE_MOST or self._room < 0:
                problem = f"line {self._reader.line_num + 1}: its row is too long"
                raise Unreadable(self._file.name, problem, "fix the quotes")
            yield line
