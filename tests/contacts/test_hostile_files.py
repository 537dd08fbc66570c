"""Files made to harm: refused by what they hold, within limits that the system keeps, not a clock."""

from __future__ import annotations

import csv
import io
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from openpyxl import Workbook

from worker.spreadsheets import RefusedRow, Row, Unreadable, escaped, open_sheet, open_table, unescaped, write_csv

MEMORY = 512 * 1024 * 1024  # bytes of address space: the interpreter itself takes a third of it
SECONDS = 60  # of CPU

READ = """
import sys
from pathlib import Path
from worker.spreadsheets import Unreadable, open_sheet
try:
    rows = sum(1 for _ in open_sheet(Path(sys.argv[1])).read())
except Unreadable as error:
    print("refused:", error)
else:
    print("rows:", rows)
"""
TYPES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
)
ONE_ROW = '<row r="1"><c r="A1" t="inlineStr"><is><t>key</t></is></c></row>'

Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A workbook of these parts; those that are not given are small and good."""

    def make(**parts: str | bytes) -> Path:
        related = "".join(
            f'<Relationship Id="r{n}" Type="{TYPES}{kind}" Target="{target}"/>'
            for n, (kind, target) in enumerate(
                [("worksheet", "sheet.xml"), ("sharedStrings", "texts.xml"), ("styles", "styles.xml")]
            )
        )
        usual = {
            "workbook": '<workbook><sheets><sheet name="A" sheetId="1" r:id="r0" xmlns:r="r"/></sheets></workbook>',
            "sheet": SHEET.format(ONE_ROW),
            "texts": "<sst/>",
            "styles": "<styleSheet/>",
        }
        file = tmp_path / "hostile.xlsx"
        with ZipFile(file, "w", ZIP_DEFLATED) as package:
            package.writestr("xl/_rels/workbook.xml.rels", f"<Relationships>{related}</Relationships>")
            for name, content in (usual | parts).items():
                package.writestr(f"xl/{name}.xml", content)
        return file

    return make


def limited(file: Path) -> str:
    """What a process with little memory and little time finds in it."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))

    done = subprocess.run(
        [sys.executable, "-c", READ, str(file)], capture_output=True, text=True, preexec_fn=limit, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def row(number: object, *cells: str) -> str:
    return f'<row r="{number}">{"".join(cells)}</row>'


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"sheet": SHEET.format(ONE_ROW + row("9999999999999"))}, "after row 1 comes one whose number can't be"),
        ({"sheet": SHEET.format(ONE_ROW + row("1048577"))}, "after row 1 comes one whose number can't be"),
        ({"sheet": SHEET.format(ONE_ROW + row("1"))}, "after row 1 comes one whose number can't be"),
        ({"sheet": SHEET.format(row("0"))}, "after row 0 comes one whose number can't be"),
        ({"sheet": SHEET.format(row("1", '<c r="AAAA1"/>'))}, "is broken"),
        ({"sheet": SHEET.format(row("1", '<c r="A1" t="s"><v>7</v></c>'))}, "is broken"),
        ({"sheet": SHEET.format(row("1", f'<c r="A1"><v>{"9" * 5000}</v></c>'))}, "rows: 0"),
        ({"sheet": "<!DOCTYPE a [<!ENTITY b 'c'>]>" + SHEET.format(ONE_ROW)}, "is broken"),
        ({"styles": "<!DOCTYPE a [<!ENTITY b 'c'>]><styleSheet/>"}, "is broken"),
        ({"sheet": SHEET.format(ONE_ROW)[:-20]}, "is broken"),
    ],
)
def test_what_the_format_does_not_have_is_refused(make: Make, parts: dict[str, str], told: str) -> None:
    assert told in limited(make(**parts))


BOMBS: dict[str, Callable[[], dict[str, str]]] = {
    "styles": lambda: {"styles": f"<styleSheet><cellXfs>{'<xf/>' * 15_000_000}</cellXfs></styleSheet>"},
    "fewer styles": lambda: {"styles": f"<styleSheet><cellXfs>{'<xf/>' * 3_000_000}</cellXfs></styleSheet>"},
    "workbook": lambda: {"workbook": f"<workbook>{'<definedName/>' * 3_000_000}</workbook>"},
    "sheets": lambda: {"workbook": "<workbook>" + '<sheet name="A" id="r0"/>' * 600_000 + "</workbook>"},
    "texts": lambda: {"texts": f"<sst>{'<si><t>ab</t></si>' * 5_000_000}</sst>"},
    "one text": lambda: {"texts": f"<sst><si><t>{'a' * 60_000_000}</t></si></sst>"},
    "cells of a row": lambda: {"sheet": SHEET.format(row(1, "<c><v>1</v></c>" * 4_000_000))},
    "one cell": lambda: {"sheet": SHEET.format(row(1, f'<c t="str"><v>{"a" * 60_000_000}</v></c>'))},
    "one tag": lambda: {"sheet": SHEET.format(ONE_ROW + f'<row r="{"1" * 60_000_000}"/>')},
    "one comment": lambda: {"sheet": SHEET.format(f"<!--{'a' * 60_000_000}-->" + ONE_ROW)},
    "depth": lambda: {"sheet": "<a>" * 20_000_000},
}


@pytest.mark.parametrize("bomb", BOMBS)
@pytest.mark.long
def test_a_small_file_takes_little_memory_and_time_whatever_it_unpacks_to(make: Make, bomb: str) -> None:
    file = make(**BOMBS[bomb]())
    assert file.stat().st_size < 1024 * 1024
    assert limited(file).startswith(("refused:", "rows:"))


def test_columns_beyond_those_that_we_take_are_refused_before_they_are_read(make: Make, tmp_path: Path) -> None:
    far = row(2, '<c r="A2"><v>1</v></c><c r="XFD2"><v>1</v></c>')
    [refused] = open_sheet(make(sheet=SHEET.format(ONE_ROW + far))).read()
    assert isinstance(refused, RefusedRow)
    assert "has a cell beyond the column GR" in refused.problem
    formatted = row(2, '<c r="A2"><v>1</v></c><c r="XFD2" s="3"/>')
    assert isinstance(next(open_sheet(make(sheet=SHEET.format(ONE_ROW + formatted))).read()), Row)
    (tmp_path / "wide.csv").write_text(",".join(f"c{n}" for n in range(201)) + "\n")
    with pytest.raises(Unreadable, match="has more than 200 columns"):
        open_sheet(tmp_path / "wide.csv")


ENDLESS: dict[str, Callable[[], bytes]] = {
    "letters": lambda: b"key\n" + b"x" * 80_000_000,
    "cells": lambda: b"key\n" + b'"a\n",' * 8_000_000,
    "commas": lambda: b"key\n" + b"," * 60_000_000,
    "lines": lambda: b"key\n" + b'"' + b"\n" * 5_000_000,
    "no text": lambda: b"\xff" * 60_000_000,
}


@pytest.mark.parametrize("content", ENDLESS)
@pytest.mark.long
def test_a_csv_row_without_an_end_is_never_held_in_memory(tmp_path: Path, content: str) -> None:
    file = tmp_path / "hostile.csv"
    file.write_bytes(ENDLESS[content]())
    assert limited(file).startswith("refused:")


def test_hidden_sheets_are_named_and_never_taken_unasked(tmp_path: Path) -> None:
    book = Workbook()
    assert book.active is not None
    book.active.append(["key", "old"])
    book.active.title, book.active.sheet_state = "Cũ", "veryHidden"
    book.create_sheet("Mới").append(["key", "new"])
    book.save(file := tmp_path / "people.xlsx")
    sheet = open_sheet(file)
    assert (sheet.columns, sheet.hidden) == (("key", "new"), ("Cũ",))
    assert open_sheet(file, sheet="Cũ").columns == ("key", "old")
    with pytest.raises(Unreadable, match=r"there are Cũ \(hidden\), Mới"):
        open_sheet(file, sheet="No")


# Formulas...

UNSEEN = ["", " ", "\t", "\ufeff", "\u200b", "\u2060", "\u00ad", "\u202e", "\x00", "\x1b", ";", ",", '"', "|", "\u3164"]


@pytest.mark.parametrize("sign", [*"=+-@", "\uff1d"])
def test_a_formula_is_seen_through_what_nobody_sees(sign: str) -> None:
    for first in UNSEEN:
        for second in UNSEEN:
            cell = f"{first}{second}{sign}cmd()"
            assert escaped(cell) == "'" + cell
            assert unescaped(escaped(cell)) == cell
    assert escaped("Lan = Hoa") == "Lan = Hoa"


# Writing...


@pytest.mark.parametrize("name", ["people.csv", "people.xlsx"])
def test_a_table_is_for_its_owner_alone_and_comes_back_as_it_was(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_text("an older one")
    file.chmod(0o644)
    rows = [["0901000001", "=1+1", "Nguyễn"], ["+84901000002", "a\nb", "\u200b=x"]]
    with open_table(file, ["phone", "note", "name"]) as write:
        for each in rows:
            write(each)
    assert file.stat().st_mode & 0o777 == 0o600
    sheet = open_sheet(file)
    assert sheet.columns == ("phone", "note", "name")
    assert [list(each.cells) for each in sheet.read()] == rows


def test_a_csv_for_people_carries_a_mark_and_runs_nothing() -> None:
    to = io.StringIO()
    write_csv(to, ["=a"])(["=b"])
    assert to.getvalue().startswith("\ufeff")
    assert list(csv.reader([*to.getvalue().lstrip("\ufeff").splitlines()])) == [["'=a"], ["'=b"]]


def test_a_workbook_holds_text_as_text(tmp_path: Path) -> None:
    from openpyxl import load_workbook

    with open_table(tmp_path / "a.xlsx", ["a"]) as write:
        write(["=1+1"])
        write(["0901"])
    book: Any = load_workbook(tmp_path / "a.xlsx")
    assert [(cell.value, cell.data_type) for cell in book.active["A"]] == [("a", "s"), ("=1+1", "s"), ("0901", "s")]


def test_a_whole_table_leaves_the_older_one_until_it_is_there(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("older")
    with pytest.raises(ZeroDivisionError), open_table(file, ["key"], whole=True) as write:
        write(["1"])
        raise ZeroDivisionError
    assert file.read_text() == "older"
    assert list(tmp_path.iterdir()) == [file]
    with open_table(file, ["key"], whole=True) as write:
        write(["1"])
    assert file.read_text(encoding="utf-8-sig") == "key\n1\n"
    assert file.stat().st_mode & 0o777 == 0o600
