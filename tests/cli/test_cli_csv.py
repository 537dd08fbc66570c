"""`send csv`: one row a recipient, good rows kept, bad ones named by their line, nothing twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from sqlalchemy import text

from tests.cli.test_cli_commands import Cli, cli
from tests.support import Bench

__all__ = ["cli"]

Csv = Callable[..., Any]


@pytest.fixture
def send_csv(cli: Cli, tmp_path: Path) -> Csv:
    """Send what a file holds; the summary and the exit code."""

    def send(content: bytes | str, *arguments: str, template: str = "Chao {name}") -> Any:
        file = tmp_path / "people.csv"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        code, out, err = cli("send", "csv", str(file), "--content", template, "--sms-type", "7", *arguments, "--json")
        return code, json.loads(out) if out else None, err

    return send


def texts(bench: Bench) -> dict[str, str]:
    query = "SELECT phone, content FROM message JOIN notification ON notification.id = notification_id"
    with bench.database.begin() as session:
        return {row.phone: row.content for row in session.execute(text(query))}


def test_each_row_gets_its_own_text(send_csv: Csv, bench: Bench) -> None:
    code, summary, _ = send_csv("name,phone\nLan,0901000001\nTrung,0901 000 002\n")
    assert (code, summary["queued"], summary["bad"]) == (0, 2, [])
    assert texts(bench) == {"+84901000001": "Chao Lan", "+84901000002": "Chao Trung"}


def test_bad_rows_are_named_by_line_and_the_good_ones_are_sent(send_csv: Csv, bench: Bench) -> None:
    rows = "name,phone\nLan,0901000001\nTrung,12\n,0901000003\nHoa,0901000004,extra\n\nMai,0901000005\n"
    code, summary, _ = send_csv(rows)
    assert code == 1
    assert summary["queued"] == 2
    assert [bad["line"] for bad in summary["bad"]] == [3, 4, 5]
    assert [bad["error"].split(":")[0] for bad in summary["bad"]] == [
        "to",
        "name",
        "has 3 cells where the header has 2",
    ]
    assert set(texts(bench)) == {"+84901000001", "+84901000005"}


def test_the_same_file_again_sends_nothing_twice_and_another_campaign_does(send_csv: Csv, bench: Bench) -> None:
    rows = "name,phone\nLan,0901000001\nTrung,0901000002\n"
    send_csv("name,phone\nLan,0901000001\n")
    _, summary, _ = send_csv(rows)
    assert (summary["queued"], summary["already"]) == (1, 1)
    _, summary, _ = send_csv(rows, "--campaign", "again")
    assert summary["queued"] == 2


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_what_excel_writes_is_read(send_csv: Csv, bench: Bench, delimiter: str, mark: bytes) -> None:
    rows = f"sdt{delimiter}name\r\n0901000001{delimiter}Nguyễn\r\n".encode()
    code, _, err = send_csv(mark + rows)
    assert (code, err) == (0, "")
    assert texts(bench) == {"+84901000001": "Chao Nguyễn"}


@pytest.mark.parametrize(
    ("content", "arguments", "error"),
    [
        ("name,phone\nLan,0901000001\nNguyễn,0901000002\n".encode("utf-16-le"), (), "line 3 is not UTF-8"),
        (b"name,phone\nLan,0901000001\nNguy\xea\xde,0901000002\n", (), "line 3 is not UTF-8"),
        ("name,house\nLan,0901000001\n", (), "no column is called phone, to, number"),
        (
            "name,SĐT,Di động\nLan,0901000001,\n",
            (),
            "'SĐT' and 'Di động' both look like phone: say which: --phone-column",
        ),
        ("name,Name,phone\nLan,L,0901000001\n", ("--reference-column", "id"), "there is no column 'id'"),
        ("name,phone\nLan,0901000001\n", ("--sheet", "A"), "--sheet: people.csv is a CSV file"),
        ("name,phone\nLan,0901000001\n", ("--phone-column", "mobile"), "there is no column 'mobile'"),
        ("who,phone\nLan,0901000001\n", (), "there is no column 'name'"),
        ("", (), "is empty"),
        ("name,phone\nLan,0901000001\n", ("--encoding", "martian"), "--encoding: 'martian' is not known"),
    ],
)
def test_a_file_that_cannot_be_read_sends_nothing(
    send_csv: Csv, bench: Bench, content: bytes | str, arguments: tuple[str, ...], error: str
) -> None:
    code, _, err = send_csv(content, *arguments)
    assert code == 2
    assert error in err
    assert err.count("\n") == 1
    assert texts(bench) == {}


@pytest.mark.parametrize("template", ["Chao {name.upper}", "Chao {name!r}", "Chao {name", "Chao {}"])
def test_a_template_that_is_none_sends_nothing(send_csv: Csv, bench: Bench, template: str) -> None:
    code, _, err = send_csv("name,phone\nLan,0901000001\n", template=template)
    assert code == 2
    assert "--content" in err or "no column" in err
    assert texts(bench) == {}


def test_cells_are_text_and_never_templates(send_csv: Csv, bench: Bench) -> None:
    send_csv('name,phone\n"{phone} =1+1",0901000001\n')
    assert texts(bench) == {"+84901000001": "Chao {phone} =1+1"}


def test_a_reference_column_is_the_rows_own_key(send_csv: Csv, bench: Bench) -> None:
    send_csv("id,name,phone\n7,Lan,0901000001\n", "--reference-column", "id")
    code, summary, _ = send_csv("id,name,phone\n7,Hoa,0901000001\n8,Mai,0901000002\n", "--reference-column", "id")
    assert code == 1
    assert summary["queued"] == 1
    assert [(bad["line"], "another content" in bad["error"]) for bad in summary["bad"]] == [(2, True)]


def test_a_row_without_a_key_of_its_own_is_known_by_what_it_says(send_csv: Csv, bench: Bench) -> None:
    file = "id,name,phone\n7,Lan,0901000001\n,Mai,0901000002\n"
    assert [send_csv(file, "--reference-column", "id")[1]["queued"] for _ in range(2)] == [2, 0]
    assert len(texts(bench)) == 2


def test_a_workbook_is_sent_like_a_csv(cli: Cli, bench: Bench, tmp_path: Path) -> None:
    book = Workbook()
    assert book.active is not None
    for row in (
        ["DANH SÁCH"],
        ["Họ", "Tên", "Di động", "Hẹn"],
        ["Vũ", "Lan", 901000001, date(2026, 4, 3)],
        ["", "", 7],
    ):
        book.active.append(row)
    book.save(tmp_path / "people.xlsx")
    text = ("--content", "Chao {name}, hen {hen}", "--sms-type", "7")
    code, out, _ = cli("send", "csv", "people.xlsx", *text, "--header-row", "2")
    assert code == 1
    assert texts(bench) == {"+84901000001": "Chao Vũ Lan, hen 03/04/2026"}
    assert all(each in out for each in ("Di động", "{name}", "Họ + Tên", "{hen}", "guessed"))
    assert "row 4, Họ + Tên: is empty" in out
    assert "billed as 1 SMS; accents or other signs make 1 of the texts Unicode" in out


def test_refused_rows_are_given_back_whole_and_sent_when_corrected(send_csv: Csv, cli: Cli, bench: Bench) -> None:
    _, summary, _ = send_csv("name,SĐT\nLan,0901000001\nMai,12\n", "--refused", "refused.csv", "--campaign", "C")
    assert [(row["row"], row["column"]) for row in summary["refused_rows"]] == [(3, "SĐT")]
    refused = Path("refused.csv").read_text("utf-8-sig")
    assert refused.splitlines()[0] == "problem,name,SĐT"
    _, summary, _ = send_csv(refused.replace(",12\n", ",0901000002\n"), "--campaign", "C")
    assert (summary["queued"], summary["bad"]) == (1, [])
    assert set(texts(bench)) == {"+84901000001", "+84901000002"}


def test_a_dry_run_tells_all_and_queues_nothing(send_csv: Csv, bench: Bench) -> None:
    send_csv("name,phone\nLan,0901000001\n")
    code, summary, _ = send_csv("name,phone\nLan,0901000001\nĐỗ,0901000002\nMai,12\n", "--dry-run")
    assert (code, summary["dry_run"], summary["queued"], summary["already"], summary["refused"]) == (1, True, 1, 1, 1)
    assert (summary["segments"], summary["unicode"]) == (1, 1)
    assert set(texts(bench)) == {"+84901000001"}


KEYS = ("--reference-column", "id")


@pytest.mark.parametrize("filler", [0, 1000], ids=["in one transaction", "in two"])
def test_a_dry_run_tells_of_rows_of_one_file_that_conflict_as_the_run_does(
    send_csv: Csv, bench: Bench, filler: int
) -> None:
    between = "".join(f"x{n},Mai,090{1_000_000 + n}\n" for n in range(10, 10 + filler))
    rows = f"id,name,phone\n7,Lan,0901000001\n{between}7,Hoa,0901000001\n7,Lan,+84901000001\n8,Mai,0901000002\n"
    rehearsed, done = send_csv(rows, *KEYS, "--dry-run"), send_csv(rows, *KEYS)
    told = "'7' of source 'csv' already stands for a notification with another content: use a new reference, or send"
    for code, summary, _ in (rehearsed, done):
        assert (code, summary["queued"], summary["already"], summary["refused"]) == (1, filler + 2, 1, 1)
        [refused], [bad] = summary["refused_rows"], summary["bad"]
        assert (refused["row"], refused["column"]) == (filler + 3, "id")
        assert refused["problem"].startswith(told)
        assert bad["error"].startswith(f"reference: {told}")
    assert rehearsed[1]["refused_rows"] == done[1]["refused_rows"]


def test_a_dry_run_judges_a_row_by_itself_where_the_one_before_it_would_not_be_stored(send_csv: Csv) -> None:
    send_csv("id,name,phone\n7,Lan,0901000001\n", *KEYS)
    rows = "id,name,phone\n7,Hoa,0901000001\n7,Lan,0901000001\n8,Mai,12\n8,Ha,0901000002\n"
    for how in ((*KEYS, "--dry-run"), KEYS):
        _, summary, _ = send_csv(rows, *how)
        assert (summary["queued"], summary["already"]) == (1, 1)
        assert sorted(each["line"] for each in summary["bad"]) == [2, 4]


def test_a_marked_encoding_needs_no_hint(send_csv: Csv, bench: Bench) -> None:
    assert send_csv("name,phone\nNguyễn,0901000001\n".encode("utf-16"))[0] == 0
    assert texts(bench) == {"+84901000001": "Chao Nguyễn"}


def test_advertising_becomes_one_notification_of_all_rows(send_csv: Csv, bench: Bench) -> None:
    rows = "phone\n" + "".join(f"0901000{n}\n" for n in range(100, 130)) + "12\n"
    code, summary, _ = send_csv(rows, "--sms-type", "1", "--brandname", "sangbrand", template="Giam gia")
    assert code == 1
    assert (summary["queued"], [bad["line"] for bad in summary["bad"]]) == (30, [32])
    bench.deliver()
    assert len(bench.simulator.ledger().requests) == 1


def test_what_follows_a_row_names_its_columns_too_and_the_file_again_sends_nothing_twice(
    send_csv: Csv, bench: Bench
) -> None:
    followed = ("--fallback-call", "9", "--fallback-var", "{name}", "--after", "10m", "--retry-undelivered", "2x1h")
    rows = "name,phone\nLan,0901000001\nTrung,0901000002\n"
    assert send_csv(rows, *followed)[0] == 0
    with bench.database.begin() as session:
        kept = session.scalars(text("SELECT follow_up FROM notification ORDER BY content")).all()
    assert [each["fallback"]["options"]["variables"] for each in kept] == [["Lan"], ["Trung"]]
    assert {(each["after"], each["retry"]["times"]) for each in kept} == {(600, 2)}
    same_for_all = (*followed[:2], *followed[4:])
    assert send_csv(rows, *same_for_all, "--campaign", "b")[1]["queued"] == 2
    _, summary, _ = send_csv("name,phone\nHoa,0901000003\n" + rows[11:], *same_for_all, "--campaign", "b")
    assert (summary["queued"], summary["already"]) == (1, 2)


@pytest.mark.parametrize(
    ("followed", "told"),
    [
        (("--fallback-sms", "Chao {x}", "--after", "10m"), "--fallback-sms: there is no column 'x'"),
        (("--fallback-var", "x"), "--fallback-var is for --fallback-call"),
        (("--fallback-call", "9", "--after", "0m"), "fallback_after: is out of range"),
        (("--retry-undelivered", "often"), "retry_undelivered: does not say how often"),
    ],
)
def test_what_can_not_follow_a_file_is_one_line_and_nothing_is_sent(
    send_csv: Csv, bench: Bench, followed: tuple[str, ...], told: str
) -> None:
    code, _, err = send_csv("name,phone\nLan,0901000001\n", *followed)
    assert code in (1, 2)
    assert told in err
    assert texts(bench) == {}
