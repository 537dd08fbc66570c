"""*Reports*: the report that `report html` writes, and the files that the commands give."""

from __future__ import annotations

import csv
import re
from io import BytesIO, StringIO
from pathlib import Path

import openpyxl
import pytest

from tests.pages.conftest import Browser, Browsers
from tests.support import Bench, otp
from worker.cli import run
from worker.spreadsheets.writing import MARK


def failed(bench: Bench) -> None:
    """One of tet arrived and one did not; one of the shop waits."""
    bench.set(
        bench.put(otp("0901000001"), campaign="tet"), status="'delivered'", settled_at="now()", accepted_at="now()"
    )
    bench.set(bench.put(otp("0901000002"), campaign="tet", reference="0912345678"), status="'rejected'", code="'99'")
    bench.put(otp("0901000003"), source="shop")
    bench.roll_up()


def total(page: str, name: str) -> str:
    found = re.search(rf'id="total-{name}">([^<]*)', page)
    assert found
    return found[1]


def lines(browser: Browser, address: str) -> list[dict[str, str]]:
    given = browser.get(address)
    assert given.status_code == 200 and given.headers["content-type"].startswith("text/csv")
    assert given.text.startswith(MARK)
    return list(csv.DictReader(StringIO(given.text.removeprefix(MARK))))


def test_the_report_stands_on_the_page_with_filters_that_stand_in_no_address(bench: Bench, browsers: Browsers) -> None:
    failed(bench)
    browser = browsers("viewer")
    page = browser.get("/reports").text
    assert (total(page, "messages"), total(page, "delivered"), total(page, "failed")) == ("3", "1", "1")
    sent = browser.post("/reports", {"campaign": "tet"})
    assert re.fullmatch(r"/reports/[\w-]{22}", sent.headers["location"])
    assert total(browser.get(sent.headers["location"]).text, "messages") == "2"
    nobody = browser.post("/reports", {"campaign": "tat"}).headers["location"]
    assert "Không có tin nào của chiến dịch" in browser.get(nobody).text
    assert browser.post("/reports", {"since": "2026-02-02", "until": "2026-01-01"}).status_code == 422
    assert browser.get("/reports/gone").headers["location"] == "/reports"


@pytest.mark.parametrize("kind", ["daily", "campaigns", "latency", "costs", "failures", "messages"])
def test_a_download_has_the_lines_that_the_command_writes(
    bench: Bench, browsers: Browsers, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed(bench)
    monkeypatch.setenv("DATABASE_URL", bench.settings.database_url)
    assert run(["report", kind, "--csv", str(tmp_path / "it.csv")]) == 0
    assert browsers("operator").get(f"/reports/-/{kind}.csv").content == (tmp_path / "it.csv").read_bytes()


def test_a_workbook_has_the_same_lines_and_leaves_no_file_behind(
    bench: Bench, browsers: Browsers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed(bench)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    browser = browsers("operator")
    given = browser.get("/reports/-/failures.xlsx")
    head, *rows = openpyxl.load_workbook(BytesIO(given.content)).active.values  # type: ignore[union-attr]
    [line] = lines(browser, "/reports/-/failures.csv")
    assert list(head) == list(line)
    assert [row[0] for row in rows] == [line["phone"]] == ["0901000002"]
    assert list(tmp_path.iterdir()) == []


def test_who_may_not_see_people_gets_masked_numbers_in_files_too(bench: Bench, browsers: Browsers) -> None:
    failed(bench)
    [line] = lines(browsers("viewer"), "/reports/-/failures.csv")
    assert (line["phone"], line["reference"]) == ("0901***002", "0912***678")
    given = browsers("viewer").get("/reports/-/messages.xlsx")
    book = openpyxl.load_workbook(BytesIO(given.content))
    assert not any("0901000" in str(cell) for row in book.active.values for cell in row)  # type: ignore[union-attr]


def test_the_page_to_keep_is_a_download_that_runs_nothing(bench: Bench, browsers: Browsers) -> None:
    failed(bench)
    given = browsers("viewer").get("/reports/-/page.html")
    assert given.headers["content-disposition"].startswith("attachment")
    assert total(given.text, "messages") == "3" and "<script" not in given.text


def test_a_report_that_there_is_not_is_told_and_an_empty_one_has_no_line(browsers: Browsers) -> None:
    browser = browsers("viewer")
    assert [browser.get(f"/reports/-/{name}").status_code for name in ("why.csv", "daily.exe")] == [404, 404]
    assert lines(browser, "/reports/-/daily.csv") == []
    assert browser.get("/reports/-/daily.xlsx").status_code == 200
