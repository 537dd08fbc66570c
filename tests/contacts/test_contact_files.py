"""Files of people: read whatever Excel makes of them, or refused before anything is stored."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from worker.contacts.columns import FIELDS, choose
from worker.spreadsheets import RefusedRow, Row, Sheet, Unreadable, escaped, open_sheet, unescaped

Write = Callable[..., Path]

TEXT = "Mã NV,Họ tên\n1,Nguyễn Thị Lan\n2,Đặng Văn Trung\n"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(content: bytes | str, encoding: str = "utf-8", name: str = "people.csv") -> Path:
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return file

    return write


@pytest.fixture
def workbook(tmp_path: Path) -> Write:
    def workbook(*rows: list[Any], **sheets: list[list[Any]]) -> Path:
        book = Workbook()
        assert book.active is not None
        for row in rows:
            book.active.append(row)
        for title, others in sheets.items():
            sheet = book.create_sheet(title)
            for row in others:
                sheet.append(row)
        file = tmp_path / "people.xlsx"
        book.save(file)
        return file

    return workbook


def cells(sheet: Sheet) -> list[list[Any]]:
    return [list(row.cells) if isinstance(row, Row) else [row.problem] for row in sheet.read()]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be-bom", "utf-32"])
def test_a_marked_file_needs_no_hint(write: Write, encoding: str) -> None:
    content = b"\xfe\xff" + TEXT.encode("utf-16-be") if encoding.endswith("bom") else TEXT.encode(encoding)
    sheet = open_sheet(write(content))
    assert sheet.columns == ("Mã NV", "Họ tên")
    assert cells(sheet) == [["1", "Nguyễn Thị Lan"], ["2", "Đặng Văn Trung"]]
    assert sheet.rows == 2


# Nguyễn and Trần as Windows-1258 and as TCVN3 (.VnTime) write them.
CP1258 = b"key,name\n1,Nguy\xea\xden\n2,Tr\xe2\xccn\n"
TCVN3 = b"key,name\n1,Nguy\xd4n\n2,Tr\xc7n\n"


@pytest.mark.parametrize(
    ("content", "line", "remedy"),
    [
        (CP1258, 2, "--encoding cp1258"),
        (TCVN3, 2, "Unikey"),
        (TEXT.encode("utf-16-le"), 1, "utf-16-le"),
        (b"key,name\n1,Lan\n2,Hoa\n3,\xff\xfe\n", 4, "CSV UTF-8"),
    ],
)
def test_another_encoding_is_refused_by_its_line_and_never_guessed(
    write: Write, content: bytes, line: int, remedy: str
) -> None:
    with pytest.raises(Unreadable) as refused:
        open_sheet(write(content))
    assert f"line {line} is not UTF-8" in str(refused.value)
    assert remedy in str(refused.value)


def test_an_encoding_that_is_named_is_used(write: Write) -> None:
    assert cells(open_sheet(write(CP1258), encoding="cp1258"))[0][1] == "Nguyê\u0303n"
    assert cells(open_sheet(write(TEXT, "utf-16-le"), encoding="utf-16-le")) == cells(open_sheet(write(TEXT)))
    with pytest.raises(Unreadable, match="--encoding: 'martian' is not known"):
        open_sheet(write(TEXT), encoding="martian")
    with pytest.raises(Unreadable, match="can't be read as utf-16"):
        open_sheet(write(TEXT[:-1]), encoding="utf-16")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_csv_may_have_any_usual_delimiter(write: Write, delimiter: str, end: str) -> None:
    rows = [["key", "name"], ["1", f'"Lan{delimiter}{end}Anh"']]
    sheet = open_sheet(write(end.join(delimiter.join(row) for row in rows) + end))
    assert cells(sheet) == [["1", f"Lan{delimiter}{end}Anh"]]


def test_rows_are_numbered_as_a_spreadsheet_shows_them(write: Write) -> None:
    sheet = open_sheet(write('\n\nkey,name\n1,"La\nn"\n\n,\n2,Hoa\n3\n4,Mai,extra\n5,Ha,\n'))
    assert sheet.header_row == 3
    told = [(row.number, isinstance(row, RefusedRow)) for row in sheet.read()]
    assert told == [(4, False), (7, False), (8, True), (9, True), (10, False)]


def test_a_row_with_too_few_cells_and_one_with_too_many_are_told_apart(write: Write) -> None:
    assert cells(open_sheet(write("key,name\n1\n2,Mai,extra\n"))) == [
        ["has 1 cells where the header has 2: fill it up with empty cells"],
        ["has 3 cells where the header has 2: quote cells with commas"],
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ('key,name\n1,"Lan\n', "unexpected end of data: fix the quotes"),
        ('key,name\n1,"Lan" x\n', "fix the quotes"),
        ("key,name\n1," + "x" * 200_000, "field larger than field limit"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is an old .xls, or protected by a password"),
        (b"PK\x03\x04 nothing", "is no whole XLSX file"),
    ],
)
def test_a_file_that_can_not_be_read_is_refused_as_a_whole(write: Write, content: bytes | str, problem: str) -> None:
    with pytest.raises(Unreadable) as refused:
        open_sheet(write(content))
    assert problem in str(refused.value)
    assert "\n" not in str(refused.value)


# XLSX...


def test_excels_own_dates_and_numbers_are_taken_as_they_are(workbook: Write) -> None:
    moment = datetime(1990, 4, 3, 5, 6)  # noqa: DTZ001 — Excel knows no zones
    sheet = open_sheet(
        workbook(
            ["key", "phone", "birth", "x"],
            [1, 901000001, date(1990, 4, 3), None],
            ["2", 901000002.0, moment, 1.5],
            [None, None, None, None],
            ["3", "0901 000 003", "03/04/1990", True],
        )
    )
    assert cells(sheet) == [
        ["1", "901000001", date(1990, 4, 3), ""],
        ["2", "901000002", "1990-04-03 05:06:00", "1.5"],
        ["3", "0901 000 003", "03/04/1990", "True"],
    ]


def test_what_is_called_a_workbook_and_is_none_is_refused_as_such(write: Write) -> None:
    for name in ("people.xlsx", "people.XLS"):  # many programs write HTML or text under these names
        with pytest.raises(Unreadable, match="is no Excel file, whatever its name says: save it as"):
            open_sheet(write("<table><tr><td>key</td></tr></table>", name=name))


def test_a_sheet_is_chosen_by_its_name(workbook: Write) -> None:
    file = workbook(["key"], ["1"], Khác=[["key", "name"], ["2", "Lan"]])
    assert cells(open_sheet(file)) == [["1"]]
    assert cells(open_sheet(file, sheet="Khác")) == [["2", "Lan"]]
    with pytest.raises(Unreadable, match="there is none called 'No': there are Sheet, Khác"):
        open_sheet(file, sheet="No")


def test_a_title_above_the_header_is_passed_over_when_told_so(workbook: Write) -> None:
    file = workbook(["DANH SÁCH"], [], ["key", "name"], ["1", "Lan"])
    sheet = open_sheet(file, header_row=3)
    assert (sheet.columns, cells(sheet)) == (("key", "name"), [["1", "Lan"]])


def test_formulas_that_went_wrong_refuse_their_row(workbook: Write) -> None:
    assert cells(open_sheet(workbook(["key", "name"], ["1", "#N/A"], ["2", "Lan"]))) == [
        ["B2 holds #N/A, an error of the spreadsheet: fix its formula"],
        ["2", "Lan"],
    ]


def test_a_damaged_or_foreign_package_is_refused(workbook: Write, tmp_path: Path) -> None:
    good = workbook(["key"], ["1"]).read_bytes()
    for content in (good[: len(good) // 2], good.replace(b"xl/worksheets/sheet1.xml", b"xl/worksheets/shXXX1.xml")):
        file = tmp_path / "broken.xlsx"
        file.write_bytes(content)
        with pytest.raises(Unreadable):
            cells(open_sheet(file))
    with ZipFile(tmp_path / "no.xlsx", "w") as package:
        package.writestr("letter.txt", "Dear")
    with pytest.raises(Unreadable, match="is a zip file, but no workbook"):
        open_sheet(tmp_path / "no.xlsx")


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_a_workbook_with_a_wrong_byte_is_read_or_refused(workbook: Write, place: int, byte: int) -> None:
    file = workbook(["key", "name"], ["1", "Lan"])
    content = bytearray(file.read_bytes())
    content[place % len(content)] = byte
    file.write_bytes(content)
    try:
        cells(open_sheet(file))
    except Unreadable as error:
        assert "\n" not in str(error)


# Columns...


def guessed(*titles: str) -> dict[str, str | None]:
    columns = choose(titles, [])
    return {field: columns.of(field) for field in columns.places}


@pytest.mark.parametrize(
    ("titles", "fields"),
    [
        (("STT", "Mã NV", "Họ và tên", "SĐT"), {"key": "Mã NV", "name": "Họ và tên", "phone": "SĐT"}),
        (("Điện thoại (*)", "NGÀY SINH"), {"phone": "Điện thoại (*)", "birth_date": "NGÀY SINH"}),
        (("Họ", "Tên", "Điện thoại"), {"name": "Họ + Tên", "phone": "Điện thoại"}),
        (("ID", "Full name", "DOB"), {"key": "ID", "name": "Full name", "birth_date": "DOB"}),
        (("to", "Ngày giỗ (âm lịch)", "Nhóm"), {"phone": "to", "lunar_death": "Ngày giỗ (âm lịch)", "tags": "Nhóm"}),
        (("SĐT", "Số điện thoại"), {"phone": "SĐT + Số điện thoại"}),
        ((*FIELDS, "attr.room"), {each: each for each in (*FIELDS, "attr.room")}),
    ],
)  # fmt: skip
def test_columns_are_guessed_by_their_names(titles: tuple[str, ...], fields: dict[str, str]) -> None:
    assert guessed(*titles) == fields


def test_what_is_told_counts_more_than_what_is_guessed() -> None:
    columns = choose(["ID", "Name", "Note", "SĐT"], ["key=SĐT", "attr.note=Note", "name=", "phone=SĐT"])
    assert {field: columns.of(field) for field in columns.places} == {"key": "SĐT", "attr.note": "Note", "phone": "SĐT"}
    assert columns.unused == ["ID", "Name"]
    assert columns.told == {"key", "attr.note", "name", "phone"}


def test_the_rest_may_become_attributes() -> None:
    columns = choose(["SĐT", "Phòng ban", "Lớp", ""], [], rest_as_attributes=True)
    assert {"attr.phong_ban", "attr.lop", "phone"} == columns.places.keys()


@pytest.mark.parametrize(
    ("titles", "told", "problem"),
    [
        (["who", "what"], [], "none looks like a key or a phone number"),
        (["ID", "Mã NV"], [], "'ID' and 'Mã NV' both look like key"),
        (["ID", "SĐT"], ["nmae=ID"], "did you mean name?"),
        (["ID", "SĐT"], ["name=Name"], "there is no column 'Name'"),
        (["ID", "ID", "SĐT"], ["key=ID"], "2 columns are called 'ID'"),
        (["ID", "SĐT"], ["key"], "key names no column"),
        (["ID", "SĐT"], ["key=ID", "key=SĐT"], "key is named twice"),
        (["ID", "SĐT"], ["attr.a b=SĐT"], "there is no field"),
    ],
)
def test_what_fits_two_columns_or_none_is_asked_for(titles: list[str], told: list[str], problem: str) -> None:
    with pytest.raises(Unreadable) as refused:
        choose(titles, told)
    assert problem in str(refused.value)


@given(st.text(max_size=20))
def test_what_is_exported_comes_back_and_is_no_formula(cell: str) -> None:
    assert not escaped(cell).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert unescaped(escaped(cell)) == cell or cell.startswith("'")
