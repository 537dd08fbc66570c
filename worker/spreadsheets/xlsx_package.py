"""The zip file that an XLSX is: its parts read as XML events, none of them larger than it may be, never as a tree.

What a small file unpacks to is its writer's choice. So sizes are looked at before a part is opened, and of a part only
what is asked for is kept; a document type, with which XML grows by itself, is refused.
"""

from __future__ import annotations

import posixpath
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile

from worker.spreadsheets.rows import Unreadable

MB = 1024 * 1024
PART_MOST = 16 * MB  # bytes unpacked of a part that describes the workbook
TEXTS_MOST = 512 * MB  # of the texts that a sheet shares, which have to be kept in memory
SHEET_MOST = 2048 * MB  # a million rows of twenty columns take less than half of it
ALWAYS_FINE, TIMES_MOST = 64 * MB, 200  # a larger part that unpacks to more than so many times its size is no table
PARTS_MOST = 10_000
TOKEN_MOST = 1 * MB  # bytes of one tag: the parser has to hold it
DEPTH_MOST = 100  # elements in one another: the parser has to hold them
CHUNK = 64 * 1024
DAMAGED = (
    BadZipFile, zlib.error, struct.error, expat.ExpatError, EOFError, RuntimeError, ValueError, LookupError,
    ArithmeticError,
)  # fmt: skip
SAVE_AGAIN = "open it in Excel and save it again as .xlsx, or as CSV UTF-8"

Start = Callable[[str, Mapping[str, str]], object]


class Package:
    """An open file of which every part that is read is whole. Raises Unreadable."""

    def __init__(self, file: Path, archive: ZipFile) -> None:
        self._file, self._archive = file, archive
        self.parts = {each.filename: each for each in archive.infolist()}

    def check(self, part: str, most: int) -> None:
        """Is it there, no larger than it may be, and whole?"""
        found = self.parts.get(part)
        if found is None:
            raise Unreadable(self._file.name, f"is broken: {_spoken(part)} is missing", SAVE_AGAIN)
        if found.file_size > most or found.file_size > max(ALWAYS_FINE, TIMES_MOST * found.compress_size):
            raise Unreadable(
                self._file.name, f"is too large to be read as XLSX ({_spoken(part)})", "save it as CSV UTF-8"
            )
        with self._archive.open(found) as opened:
            while opened.read(MB):
                pass

    def events(self, part: str, parser: expat.XMLParserType) -> Iterator[None]:
        """Feed a part to the parser, a piece at a time: what its handlers found can be taken in between."""
        parser.StartDoctypeDeclHandler = _no_document_type
        fed = 0
        with self._archive.open(self.parts[part]) as opened:
            while piece := opened.read(CHUNK):
                fed += len(piece)
                parser.Parse(piece, False)
                if fed - max(0, parser.CurrentByteIndex) > TOKEN_MOST:
                    raise ValueError("a tag without an end")
                yield
        parser.Parse(b"", True)
        yield

    def read(self, part: str, start: Start, most: int = PART_MOST) -> None:
        """Tell `start` of every element: its name and attributes, without prefixes."""
        self.check(part, most)
        parser = parser_of(lambda name, found: start(name, {_local(key): value for key, value in found.items()}))
        for _ in self.events(part, parser):
            pass

    def related(self, part: str) -> dict[str, tuple[str, str]]:
        """The parts that this one names: by id, the last word of their kind and where they are."""
        folder, name = posixpath.split(part)
        found: dict[str, tuple[str, str]] = {}

        def start(element: str, attributes: Mapping[str, str]) -> None:
            if element == "Relationship" and attributes.get("TargetMode") != "External":
                within(len(found), PARTS_MOST)
                target = posixpath.normpath(posixpath.join("/", folder, attributes["Target"]))
                found[attributes["Id"]] = (attributes["Type"].rpartition("/")[2], target.lstrip("/"))

        self.read(f"{folder}/_rels/{name}.rels", start)
        return found


@contextmanager
def open_package(file: Path) -> Iterator[Package]:
    """Whole, a workbook, and no bomb; whatever is wrong with it while it is open is told as Unreadable."""
    try:
        with ZipFile(file) as archive:
            package = Package(file, archive)
            if len(package.parts) > PARTS_MOST:
                raise Unreadable(file.name, "is a zip file of too many parts", SAVE_AGAIN)
            if "xl/workbook.xml" not in package.parts:
                raise Unreadable(file.name, "is a zip file, but no workbook", SAVE_AGAIN)
            yield package
    except Unreadable:
        raise
    except BadZipFile:
        raise Unreadable(file.name, "is no whole XLSX file", SAVE_AGAIN) from None
    except DAMAGED as error:
        raise Unreadable(file.name, f"is broken ({type(error).__name__})", SAVE_AGAIN) from None


def parser_of(start: Start, end: Callable[[str], object] = lambda _: None) -> expat.XMLParserType:
    """A parser that tells of elements by their names without prefixes, and of none that is nested without an end."""
    depth = 0

    def opened(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        within(depth, DEPTH_MOST)
        start(_local(name), attributes)

    def closed(name: str) -> None:
        nonlocal depth
        depth -= 1
        end(_local(name))

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = opened, closed
    return parser


def within(count: int, most: int) -> None:
    """Is there room for one more? Raises ValueError, which refuses the file."""
    if count >= most:
        raise ValueError("more than there can be")


def _local(name: str) -> str:
    """An XML name without its prefix: strict and transitional files, and any writer's prefixes, read the same."""
    return name.rpartition(":")[2]


def _no_document_type(*_: Any) -> None:
    raise ValueError("a document type")


def _spoken(part: str) -> str:
    return part if part.isprintable() and len(part) <= 60 else "one of its parts"
