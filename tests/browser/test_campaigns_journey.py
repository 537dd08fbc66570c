"""From nothing, in a real Chromium: people from a file, a template, a rule; then a campaign to its end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from tests.browser.rooms import barriers_of, signed_in
from tests.support import Bench, eventually

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

PEOPLE = (
    "Mã;Họ tên;SĐT;Ngày sinh\n1;Nguyễn Thị Lan;0901000001;15/08/1990\n2;Trần Minh;0901000002;01/02/1985\n3;Hoa;12;\n"
)
HOSTILE = "<script>alert(1)</script>"
GUESTS = f'Họ tên;SĐT\n"{HOSTILE}";0901000001\nTrần Minh;0902000001\nMai;12\n'


@pytest.fixture
def file(tmp_path: Path) -> Any:
    def write(name: str, content: str) -> str:
        (tmp_path / name).write_text(content)
        return str(tmp_path / name)

    return write


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without"])
def test_an_office_brings_people_in_writes_a_rule_and_sends_a_campaign(
    browser: Any, bench: Bench, address: str, file: Any, script: bool
) -> None:
    errors: list[str] = []
    with signed_in(browser, bench, address, script=script, errors=errors) as page:
        seen = [brings_people_in(page, address, file("people.csv", PEOPLE))]
        seen += writes_a_template(page, address, script) + writes_a_rule(page, address)
        seen += sends_a_campaign(page, address, file("guests.csv", GUESTS), bench, script)
        seen += leaves_a_draft(page, address, file("others.csv", GUESTS))
        assert errors == []
        if script:
            seen += [f"{address}{path}" for path in ("/campaigns", "/reminders", "/reminders/year", "/contacts")]
            assert barriers_of(browser, page, seen) == []


def brings_people_in(page: Any, address: str, people: str) -> str:
    page.goto(f"{address}/contacts")
    page.click("main .empty .button")
    page.set_input_files("#f-file", people)
    page.click("main button.main")
    assert page.input_value("#c-3") == "birth_date"
    page.click("main button.main")
    assert (page.inner_text("#added"), page.inner_text("#count-refused")) == ("2", "1")
    page.click("main form.act button")
    page.goto(f"{address}/contacts")
    page.click("text=Nguyễn Thị Lan")
    assert "15/08/1990" in page.inner_text("main")
    return str(page.url)


def writes_a_template(page: Any, address: str, script: bool) -> list[str]:
    page.goto(f"{address}/templates/new")
    page.fill("#f-name", "sinh-nhat")
    page.locator("#f-content").press_sequentially("Chuc mung {name}")
    if script:
        page.wait_for_selector("#preview .bubble")
    page.click("button[value=look]")
    assert "Chuc mung" in page.inner_text("#preview .bubble >> nth=0")
    page.click("button[value=save]")
    return [str(page.url)]


def writes_a_rule(page: Any, address: str) -> list[str]:
    page.goto(f"{address}/reminders/new")
    page.fill("#f-name", "Sinh nhật")
    page.select_option("#f-kind", "recurring")
    assert (page.is_visible("#f-every"), page.is_visible("#f-rrule"), page.is_visible("#f-late_until")) == (1, 0, 0)
    page.select_option("#f-kind", "birthday")
    assert (page.is_visible("#f-every"), page.is_visible("#f-late_until")) == (0, 1)
    page.click("summary >> nth=0")
    page.select_option("#f-sms_type", "4")
    page.click("button[value=look]")
    assert "08:00" in page.inner_text("main table")
    page.click("button[value=save]")
    rule = str(page.url)
    page.goto(f"{address}/reminders/year?since=2027-01-01")
    assert page.inner_text("#messages") == "2"
    return [rule]


def sends_a_campaign(page: Any, address: str, guests: str, bench: Bench, script: bool) -> list[str]:
    page.goto(f"{address}/campaigns")
    page.click("main .title-row .button")
    page.set_input_files("#f-file", guests)
    page.click("main button.main")
    page.select_option("#f-sms_type", "4")
    page.locator("#f-content").press_sequentially("Chao {ho_ten}")
    if script:
        page.wait_for_selector("#preview .bubble")
        assert HOSTILE in page.inner_text("#preview")
    writing = str(page.url)
    page.click("button[value=check]")
    assert [page.inner_text(f"#{name}") for name in ("queued", "bad")] == ["2", "1"]
    page.fill("#f-to", "0909 999 001")
    page.click("#try ~ form button")
    assert "0909 999 001" in page.inner_text("main .notice")
    page.click("#go ~ form button")
    campaign = str(page.url)
    assert all_of(bench) == {"queued": 3}  # and the test
    arrive(bench)
    page.reload()
    page.wait_for_selector("#delivered")
    assert [page.inner_text(f"#{name}") for name in ("messages", "open", "failed")] == ["2", "0", "0"]
    page.goto(writing)  # a draft that was sent leads to what came of it
    assert page.url == campaign
    return [campaign]


def leaves_a_draft(page: Any, address: str, guests: str) -> list[str]:
    page.goto(f"{address}/campaigns/new")
    page.set_input_files("#f-file", guests)
    page.click("main button.main")
    writing = str(page.url)
    page.select_option("#f-sms_type", "4")
    page.fill("#f-content", "Xin chao {ho_ten}")
    page.click("button[value=check]")
    return [f"{address}/campaigns/new", writing, f"{writing}/check"]


def arrive(bench: Bench) -> None:
    """The workers' part: eSMS takes all, and says that they arrived."""

    def delivered() -> bool:
        bench.deliver()
        with bench.database.begin() as session:
            session.execute(text("UPDATE message SET poll_at = now() WHERE poll_at IS NOT NULL"))
        bench.poll()
        return all_of(bench) == {"delivered": 3}

    eventually(delivered)
    bench.roll_up()


def all_of(bench: Bench) -> dict[str, int]:
    """Messages by status, as the database has them."""
    with bench.database.begin() as session:
        rows = session.execute(text("SELECT status, count(*) AS messages FROM message GROUP BY status"))
        return {row.status: row.messages for row in rows}
