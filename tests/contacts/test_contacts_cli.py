"""`contacts …` as a person and a program meet it."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from sqlalchemy import text

from tests.cli.test_cli_commands import Cli, cli
from tests.contacts.people import HOA, LAN, MAI, found, statuses
from tests.support import Bench
from worker import Sms
from worker.ledger import contacts
from worker.ledger.contacts.finding import _BY_ID_UNINDEXED, _NAMED, NO_ID, _page

__all__ = ["cli"]

Import = Callable[..., tuple[int, Any, str]]

STAFF = """Mã NV,Họ tên,SĐT,Ngày sinh
1,Nguyễn Thị Lan,0901 000 001,15/08/1990
2,Hoa,901000002,1992-02-29
"""


@pytest.fixture
def bring(cli: Cli, tmp_path: Path) -> Import:
    """Import what a file holds; exit code, the summary, and errors."""

    def bring(content: bytes | str, *arguments: str, name: str = "staff.csv") -> tuple[int, Any, str]:
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        code, out, err = cli("contacts", "import", str(file), *arguments, "--json")
        return code, json.loads(out) if out else None, err

    return bring


def counted(summary: Any) -> tuple[int, int, int, int]:
    return summary["added"], summary["updated"], summary["unchanged"], summary["refused"]


def keys(bench: Bench) -> set[str]:
    with bench.database.begin() as session:
        return {row.key for row in contacts.page(session)}


def test_a_file_comes_in_and_the_same_again_changes_nothing(bring: Import, bench: Bench) -> None:
    code, summary, err = bring(STAFF, "--tag", "staff")
    assert (code, err, counted(summary)) == (0, "", (2, 0, 0, 0))
    lan, hoa = found(bench.database, "1"), found(bench.database, "2")
    assert (lan.name, lan.phones, lan.birth_date, lan.tags) == ("Nguyễn Thị Lan", [LAN], date(1990, 8, 15), ["staff"])
    assert (hoa.phones, hoa.lunar_birth_day) == ([HOA], 126)
    assert counted(bring(STAFF, "--tag", "staff")[1]) == (0, 0, 2, 0)
    assert counted(bring(STAFF.replace("Hoa", "Hòa"), "--tag", "staff")[1]) == (0, 1, 1, 0)


def test_what_a_file_does_not_have_stays_and_an_empty_cell_clears(bring: Import, bench: Bench) -> None:
    bring("key,name,phone,attr.room\n1,Lan,0901000001,A1\n")
    bring("key,tags,Ngày sinh,attr.seat\n1,vip,1990-08-15,7\n")
    bring("key,name\n1,\n")
    row = found(bench.database, "1")
    assert (row.name, row.phones, row.tags, row.attributes) == ("", [LAN], ["vip"], {"room": "A1", "seat": "7"})


def test_a_dry_run_tells_all_and_stores_nothing(bring: Import, bench: Bench) -> None:
    bring("key,phone\n1,0901000001\n2,0901000002\n")
    code, summary, _ = bring("key,phone\n1,0901000001\n2,0901000003\n3,0901000003\n4,12\n", "--dry-run")
    assert (code, counted(summary), summary["dry_run"]) == (1, (1, 1, 1, 1), True)
    assert keys(bench) == {"1", "2"}
    assert found(bench.database, "2").phones == [HOA]


def test_every_refused_row_is_given_back_whole_and_the_others_are_stored(
    bring: Import, bench: Bench, tmp_path: Path
) -> None:
    rows = [
        "1,Lan,0901000001,15/08/1990",
        "2,Hoa,0901000002,03/04/1990",
        "3,=cmd(),12,",
        "4,Mai",
        ",Ha,0901000003,",
        "1,Lan again,0901000003,",
        "7,Ok,0901000003 / 0901000002,",
        "8,Old,0901000003,01/01/1800",
    ]
    rows.insert(0, "key,name,phone,birth_date")
    code, summary, _ = bring("\n".join(rows), "--refused", "refused.csv")
    assert (code, counted(summary), summary["left_out"]) == (1, (4, 0, 0, 4), 2)
    assert keys(bench) == {"1", "2", "7", "8"}
    assert found(bench.database, "7").phones == [MAI, HOA]
    with (tmp_path / "refused.csv").open(encoding="utf-8-sig", newline="") as report:
        told = list(csv.reader(report))
    assert [line[1:] for line in told] == [
        ["key", "name", "phone", "birth_date"],
        ["2", "Hoa", "0901000002", "03/04/1990"],
        ["3", "'=cmd()", "12", ""],
        ["4", "Mai"],
        ["", "Ha", "0901000003", ""],
        ["1", "Lan again", "0901000003", ""],
        ["8", "Old", "0901000003", "01/01/1800"],
    ]
    beginnings = ("left out: row 3, birth_date: ", "row 4, phone: ", "row 5: ", "row 6, key: ", "row 7, key: ")
    assert all(line[0].startswith(begins) for line, begins in zip(told[1:], beginnings, strict=False))
    assert "--dates dmy or --dates mdy" in told[1][0]
    assert "row 2 has the same" in told[5][0]
    assert [row["row"] for row in summary["refused_rows"]] == [4, 5, 6, 7]
    assert [(cell["row"], cell["column"]) for cell in summary["left_out_cells"]] == [
        (3, "birth_date"),
        (9, "birth_date"),
    ]


@pytest.mark.parametrize("name", ["refused.csv", "refused.xlsx"])
def test_refused_rows_are_corrected_and_given_again(bring: Import, cli: Cli, bench: Bench, name: str) -> None:
    bring("Mã,Tên,SĐT\n1,Lan,12\n2,Mai,0901000003\n", "--refused", name)
    assert keys(bench) == {"2"}
    for _ in range(2):  # and what is refused once more has the same form
        assert cli("contacts", "import", name, "--refused", "again.csv")[0] == 1
        name = "again.csv"
    again = Path(name).read_text("utf-8-sig")
    assert again.startswith("problem,Mã,Tên,SĐT\n")
    Path("fixed.csv").write_text(again.replace(",12\n", ",0901000001\n"))
    assert cli("contacts", "import", "fixed.csv")[0] == 0
    assert found(bench.database, "1").phones == [LAN]


def test_a_cell_that_a_contact_can_do_without_is_left_out_and_what_stood_stays(bring: Import, bench: Bench) -> None:
    bring("key,name,DOB,attr.room\n1,Lan,1990-08-15,A1\n")
    long = "x" * 2000
    code, summary, _ = bring(f"key,name,phone,DOB,attr.room,Ngày giỗ\n1,Hoa,0901000001,2999-01-01,{long},99/99\n")
    assert (code, counted(summary), summary["left_out"]) == (1, (0, 1, 0, 0), 3)
    assert {cell["column"] for cell in summary["left_out_cells"]} == {"DOB", "attr.room", "Ngày giỗ"}
    row = found(bench.database, "1")
    assert (row.name, row.phones, row.birth_date) == ("Hoa", [LAN], date(1990, 8, 15))
    assert row.attributes == {"room": "A1"}


def test_a_refusal_names_a_column_of_the_file(bring: Import) -> None:
    _, summary, _ = bring("Tên,SĐT\nLan,0901000001\nMai,0901000001\nHoa,\n")
    assert [row["column"] for row in summary["refused_rows"]] == ["SĐT", "SĐT"]


def test_contacts_are_exported_as_a_real_workbook(cli: Cli, bring: Import, bench: Bench, tmp_path: Path) -> None:
    bring(STAFF)
    assert cli("contacts", "export", "out.xlsx")[:2] == (0, "2 contact(s) in out.xlsx\n")
    assert (tmp_path / "out.xlsx").stat().st_mode & 0o777 == 0o600
    assert counted(json.loads(cli("contacts", "import", "out.xlsx", "--json")[1])) == (0, 0, 2, 0)
    sheet = load_workbook(tmp_path / "out.xlsx").active
    assert sheet is not None
    assert sheet["D2"].is_date
    assert {sheet["C2"].value, sheet["C3"].value} == {"0901000001", "0901000002"}


@pytest.mark.parametrize(("order", "day"), [("dmy", date(1990, 4, 3)), ("mdy", date(1990, 3, 4))])
def test_ambiguous_dates_are_taken_as_somebody_says(bring: Import, bench: Bench, order: str, day: date) -> None:
    assert bring("key,DOB\n1,03/04/1990\n", "--dates", order)[0] == 0
    assert found(bench.database, "1").birth_date == day


@pytest.mark.parametrize(
    ("content", "arguments", "error"),
    [
        ("key,name\n1,Lan\n2,Nguy\xea\xden\n".encode("latin-1"), (), "line 3 is not UTF-8"),
        ("who,what\n1,Lan\n", (), "none looks like a key or a phone number"),
        ('key,name\n1,Lan\n2,"Hoa\n', (), "fix the quotes"),
        ("key,ID\n1,2\n", (), "both look like key"),
        ("key,name\n1,Lan\n", ("--map", "nmae=name"), "did you mean name?"),
        ("key,name\n1,Lan\n", ("--sheet", "A"), "--sheet: staff.csv is a CSV file"),
        ("", (), "is empty"),
    ],
)
def test_a_file_that_can_not_be_read_stores_nothing(
    bring: Import, bench: Bench, content: bytes | str, arguments: tuple[str, ...], error: str
) -> None:
    code, _, err = bring(content, *arguments)
    assert (code, err.count("\n")) == (2, 1)
    assert error in err
    assert keys(bench) == set()


def test_without_a_column_of_keys_people_are_known_by_their_number(bring: Import, bench: Bench) -> None:
    for _ in range(2):
        _, summary, _ = bring("name,phone\nLan,0901000001\nTrung,+84901000001\nMai,\n")
    assert counted(summary) == (0, 0, 1, 2)
    assert keys(bench) == {LAN}


def test_a_workbook_comes_in_with_its_own_dates(cli: Cli, bench: Bench, tmp_path: Path) -> None:
    book = Workbook()
    assert book.active is not None
    book.active.append(["DANH SÁCH"])
    book.active.append(["Mã", "Họ", "Tên", "Di động", "Sinh nhật"])
    book.active.append([7, "Nguyễn", "Lan", 901000001, date(1990, 4, 3)])
    book.save(tmp_path / "staff.xlsx")
    code, out, err = cli("contacts", "import", str(tmp_path / "staff.xlsx"), "--header-row", "2")
    assert (code, err) == (0, "")
    assert "1 added" in out
    row = found(bench.database, "7")
    assert (row.name, row.phones, row.birth_date) == ("Nguyễn Lan", [LAN], date(1990, 4, 3))


def test_a_person_sees_what_was_understood_before_anything_else(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "staff.csv").write_text(STAFF.replace("15/08", "05/08") + "3,x,1,\n")
    code, out, _ = cli("contacts", "import", "staff.csv", "--map", "name=Họ tên")
    assert code == 1
    first, last = out.split("2 added")
    assert all(each in first for each in ("Mã NV", "guessed", "Họ tên", "as told"))
    assert "left out: row 2, Ngày sinh: may be read as day/month or as month/day" in last
    assert "row 4, SĐT: " in last


def test_an_import_opts_out_and_never_in(bring: Import, bench: Bench) -> None:
    bench.put(Sms(to=LAN, content="Giam gia", sms_type=3))
    bring("key,phone,Từ chối\n1,0901000001,x\n2,0901000002,\n3,0901000003,maybe\n")
    assert statuses(bench.database)[LAN][0][0] == "cancelled"
    bring("key,phone,Từ chối\n1,0901000003,no\n")
    assert found(bench.database, "1").opted_out_at is not None
    assert found(bench.database, "2").opted_out_at is None
    assert keys(bench) == {"1", "2"}


def test_what_is_exported_can_be_imported_again_and_runs_nothing_in_a_spreadsheet(
    cli: Cli, bring: Import, bench: Bench, tmp_path: Path
) -> None:
    bring(
        "key,name,phone,Sinh nhật âm lịch,tags,attr.note\n"
        '1,"=HYPERLINK(""x"")",0901000001;0901000002,15/8 nhuận,a;b,@x\n'
    )
    bring("name,phone\n-Mai,0901000003\n")
    before = json.loads(cli("contacts", "list", "--json")[1])
    code, out, _ = cli("contacts", "export", "out.csv", "--source", "import")
    assert (code, out) == (0, "2 contact(s) in out.csv\n")
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as exported:
        cells = [cell for row in csv.reader(exported) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    assert counted(json.loads(cli("contacts", "import", "out.csv", "--json")[1])) == (0, 0, 2, 0)
    for each in before:
        cli("contacts", "remove", each["key"])
    cli("contacts", "import", "out.csv")
    after = json.loads(cli("contacts", "list", "--json")[1])
    assert sorted(map(told_by_people, before)) == sorted(map(told_by_people, after))


def test_an_export_tells_from_which_sources_its_people_are(cli: Cli, bring: Import) -> None:
    bring("key,name\n1,Lan\n", "--source", "hr")
    assert cli("contacts", "export", "one.csv")[1].endswith("to import it again: --source hr\n")
    bring("key,name\n1,Mai\n")
    assert (
        "of several sources (hr, import): to import them again, export each" in cli("contacts", "export", "two.csv")[1]
    )
    assert json.loads(cli("contacts", "export", "two.csv", "--json")[1])["sources"] == ["hr", "import"]


def told_by_people(contact: dict[str, Any]) -> str:
    facts = ("key", "name", "phones", "birth_date", "lunar_birth", "tags", "attributes")
    return json.dumps([contact[fact] for fact in facts])


def test_contacts_are_listed_shown_and_removed(cli: Cli, bring: Import) -> None:
    bring(STAFF, "--tag", "staff")
    bring("key,phone\n1,0901000001\n", "--source", "shop")
    assert "Nguyễn Thị Lan" in cli("contacts", "list", "--tag", "staff")[1]
    assert "the first 1" in cli("contacts", "list", "--limit", "1")[1]
    assert [each["source"] for each in json.loads(cli("contacts", "show", "--phone", "0901000001", "--json")[1])] == [
        "import",
        "shop",
    ]
    assert "1990-08-15" in cli("contacts", "show", "1", "--source", "import")[1]
    assert cli("contacts", "show", "none")[0] == 1
    assert cli("contacts", "show")[0] == 2
    code, _, err = cli("contacts", "remove", "1")
    assert (code, "say which one is meant" in err) == (1, True)
    assert cli("contacts", "remove", "1", "--source", "shop")[0] == 0
    assert cli("contacts", "remove", "1")[0] == 0
    assert "No contacts like that: leave a word or an option out." in cli("contacts", "list", "--tag", "none")[1]


def test_contacts_are_found_by_name_without_accents_and_by_tag_in_any_case(cli: Cli, bring: Import) -> None:
    bring("key,name,tags\n1,Nguyễn Thị Lan,Khách\n2,Đỗ LÂN Anh,VIP\n3,Hoa Mai,khách; ĐỐI TÁC\n4,Loan,\n")

    def found(*arguments: str) -> set[str]:
        return {each["key"] for each in json.loads(cli("contacts", "list", *arguments, "--json")[1])}

    assert found("lan") == {"1", "2"}
    assert found("LÂN") == {"1", "2"}
    assert found("do lan") == {"2"}
    assert found("ngu th") == {"1"}
    assert found("oan") == found("") == found("& !") == set()
    assert found("--tag", "Khách") == found("--tag", "KHÁCH") == {"1", "3"}
    assert found("--tag", "vip", "--tag", "đối tác") == {"2", "3"}
    assert counted(bring("key,tags\n1,KHÁCH\n")[1]) == (0, 0, 1, 0)


def test_a_name_is_searched_by_an_index(bench: Bench) -> None:
    fill = """
        INSERT INTO contact (id, source, key, name)
        SELECT gen_random_uuid(), '', n::text, 'Nguyễn ' || n FROM generate_series(1, 20000) n
    """
    with bench.database.begin() as session:
        session.execute(text(fill))
        session.execute(text("ANALYZE contact"))
        asked: dict[str, Any] = {"tags": [], "source": None, "opted_out": None, "after": NO_ID, "most": 50}
        explained = text(f"EXPLAIN {_page(_NAMED, _BY_ID_UNINDEXED).text}")
        plan = "\n".join(session.scalars(explained, asked | {"words": "lan:*"}))
    assert "contact_name_words_idx" in plan


def test_a_contact_is_shown_by_a_number_too(cli: Cli, bring: Import) -> None:
    bring("key,phone\n1,0901000001\n0901000001,0901000002\n")
    assert [each["key"] for each in json.loads(cli("contacts", "show", "+84 901 000 002", "--json")[1])] == [
        "0901000001"
    ]
    assert [each["key"] for each in json.loads(cli("contacts", "show", "0901000001", "--json")[1])] == ["0901000001"]


def test_a_person_opts_out_and_in(cli: Cli, bring: Import, bench: Bench) -> None:
    bring(STAFF)
    bench.put(Sms(to=LAN, content="Giam gia", sms_type=3))
    assert json.loads(cli("contacts", "opt-out", "1", "--json")[1]) == {"done": "opted out", "cancelled": 1}
    assert cli("contacts", "opt-out", "--phone", "0901000002", "--phone", "0901000003")[0] == 0
    assert len(json.loads(cli("contacts", "list", "--opted-out", "--json")[1])) == 2
    assert cli("contacts", "opt-in", "1")[0] == cli("contacts", "opt-in", "--phone", "0901000002")[0] == 0
    assert json.loads(cli("contacts", "list", "--opted-out", "--json")[1]) == []
    assert cli("contacts", "opt-out", "none")[0] == 1
    assert cli("contacts", "opt-out", "--phone", "12")[0] == 1


@pytest.mark.parametrize("width", ["40", "60", "80"])
def test_tables_fit_the_terminal(cli: Cli, bring: Import, monkeypatch: pytest.MonkeyPatch, width: str) -> None:
    bring("key,name,phone,tags\n" + "k" * 60 + "," + "Nguyễn " * 20 + ",0901000001," + "t" * 60 + "\n")
    monkeypatch.setenv("COLUMNS", width)
    cli("templates", "add", "t", "--content", "Chao {name} " * 20)
    shown = ("contacts", "show", "k" * 60), ("templates", "show", "t")
    for command in (*shown, ("contacts", "list"), ("templates", "list")):
        assert max(map(len, cli(*command)[1].splitlines())) <= int(width)


def test_a_long_key_stands_in_one_piece_at_80_columns(bring: Import, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    key = "clinic-ha-noi/patient/000123"
    bring(
        f"key,name,phone,tags\n{key},Nguyễn Thị Thanh Lan,0901000001,a-long-tag and-another\n".replace(" and", ";and")
    )
    monkeypatch.setenv("COLUMNS", "80")
    assert any(line.startswith(f"{key}  ") for line in cli("contacts", "list")[1].splitlines())
    monkeypatch.setenv("COLUMNS", "40")  # where it would leave nothing for the rest
    assert all(len(line) <= 40 for line in cli("contacts", "list")[1].splitlines())
