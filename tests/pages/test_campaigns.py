"""A campaign from a file by the page: seen before it is sent, sent once, held back, and what came of it taken away."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from tests.pages.conftest import Browser, Browsers
from tests.support import Bench, eventually, otp
from worker.web.pages.keys import key_of

FILE = "Họ tên,SĐT\nNguyễn Lan,0901000001\nTrung,12\nMai,0901000003\n"
HOSTILE = '"><script>alert(1)</script>\u202e\x1b[31m{{7*7}}'
TEXT = {"content": "Chao {ho_ten}", "campaign": "Tết 2027", "sms_type": "4", "when": "now", "then": "check"}
FOLLOWED = """
    SELECT CAST(n.follow_up AS text) FROM notification AS n JOIN message AS m ON m.notification_id = n.id
    ORDER BY m.phone
"""


def uploaded(
    browser: Browser, content: str = FILE, name: str = "khách.csv", to: str = "/campaigns/new"
) -> httpx.Response:
    """What a person chooses and sends."""
    return browser.post(to, files={"file": (name, content.encode(), "text/csv")})


def messages(bench: Bench, campaign: str = "Tết 2027") -> list[str]:
    with bench.database.begin() as session:
        query = "SELECT m.phone FROM message m JOIN notification n ON n.id = m.notification_id WHERE n.campaign = :name"
        return sorted(session.scalars(text(query), {"name": campaign}))


@pytest.fixture
def operator(browsers: Browsers) -> Browser:
    return browsers("operator")


def test_a_file_becomes_a_campaign_that_is_seen_before_and_sent_once(operator: Browser, bench: Bench) -> None:
    assert "Chưa có chiến dịch" in operator.get("/campaigns").text
    address = uploaded(operator).headers["location"]
    written = operator.get(address).text
    assert "{ho_ten}" in written and "Nguyễn Lan" in written and "số điện thoại" in written
    seen = operator.post(f"{address}/preview", TEXT, headers={"HX-Request": "true"}).text
    assert "Chao Nguyen Lan" in seen and "<html" not in seen
    kept = operator.post(f"{address}/preview", TEXT | {"diacritics": "keep"}, headers={"HX-Request": "true"}).text
    assert "Chao Nguyễn Lan" in kept
    checked = operator.post(address, TEXT)
    assert checked.headers["location"] == f"{address}/check"
    page = operator.get(f"{address}/check").text
    assert figure(page, "queued") == "2" and figure(page, "bad") == "1"
    assert messages(bench) == []
    assert "0909 999 999" in operator.post(f"{address}/test", {"to": "0909 999 999"}).text
    assert messages(bench) == []
    for _ in range(2):
        sent = operator.post(f"{address}/send")
        assert sent.headers["location"] == f"/campaigns/{key_of('Tết 2027')}"
    assert messages(bench) == ["+84901000001", "+84901000003"]
    bench.roll_up()
    assert figure(operator.get(sent.headers["location"]).text, "messages") == "2"
    assert "Tết 2027" in operator.get("/campaigns").text


def figure(page: str, name: str) -> str:
    """Of a tile."""
    found = re.search(rf'<dd id="{name}">(?:<a[^>]*>)?([^<]*)', page)
    assert found, name
    return found[1].strip()


def test_what_is_wrong_is_told_beside_its_field_and_nothing_is_kept(operator: Browser, bench: Bench) -> None:
    refused = uploaded(operator, "")
    assert refused.status_code == 422 and "Tệp rỗng" in refused.text
    address = uploaded(operator).headers["location"]
    for wrong in (
        {"content": ""},
        {"content": "{nobody}"},
        {"campaign": ""},
        {"when": "later"},
        {"sms_type": "99"},
        {"diacritics": "x"},
    ):
        answer = operator.post(address, TEXT | wrong)
        assert answer.status_code == 422 and 'role="alert"' in answer.text, wrong
    assert operator.get(f"{address}/check").status_code == 303
    answer = operator.post(f"{address}/send")
    assert answer.status_code == 422 and messages(bench) == []


def test_what_does_not_arrive_is_followed_by_an_sms_or_a_call_as_the_plan_says(operator: Browser, bench: Bench) -> None:
    address = uploaded(operator).headers["location"]
    for wrong in (
        {"fallback_call": "17", "fallback_sms": "Goi lai {ho_ten}"},
        {"fallback_sms": "Xin {nobody}", "fallback_after": "30m"},
        {"fallback_call": "17", "fallback_after": "soon"},
    ):
        answer = operator.post(address, TEXT | wrong)
        refused = answer if answer.status_code == 422 else operator.get(address)
        assert "notice bad" in refused.text, wrong
    followed = {"fallback_call": "17", "fallback_vars": "{ho_ten}, 14h30", "fallback_after": "20m"}
    assert operator.post(address, TEXT | followed).headers["location"] == f"{address}/check"
    assert "sau ít nhất 20 phút, gọi theo mẫu 17" in operator.get(f"{address}/check").text
    operator.post(f"{address}/send")
    with bench.database.begin() as session:
        calls = session.scalars(text(FOLLOWED)).all()
    assert ["17" in each and "Nguyễn Lan" in each and "14h30" in each for each in calls] == [True, False]


def test_refused_rows_are_taken_away_to_be_mended_and_given_again(operator: Browser) -> None:
    address = uploaded(operator).headers["location"]
    operator.post(address, TEXT)
    file = operator.get(f"{address}/refused.csv")
    assert "attachment" in file.headers["content-disposition"]
    assert file.content.decode("utf-8-sig").splitlines()[0] == "problem,Họ tên,SĐT"
    assert operator.get(f"{address}/refused.xlsx").content[:2] == b"PK"
    assert operator.get(f"{address}/refused.exe").status_code == 404


def test_a_campaign_is_held_back_let_go_on_and_called_off(operator: Browser, bench: Bench) -> None:
    bench.put(campaign=HOSTILE.replace("\u202e", "").replace("\x1b", ""), source="shop")
    name = HOSTILE.replace("\u202e", "").replace("\x1b", "")
    bench.roll_up()
    address = f"/campaigns/{key_of(name)}"
    page = operator.get(address).text
    assert "<script>alert" not in page and "&lt;script&gt;" in page
    operator.post(f"{address}/pause")
    assert "đang tạm dừng" in operator.get(address).text
    assert bench.claim() == []
    operator.post(f"{address}/resume")
    operator.post(f"{address}/cancel")
    assert bench.claim() == []
    with bench.database.begin() as session:
        assert session.scalars(text("SELECT status FROM message")).all() == ["cancelled"]


def test_who_failed_is_taken_away_by_who_may_see_people(operator: Browser, browsers: Browsers, bench: Bench) -> None:
    ticket = bench.put(campaign="tet")
    bench.set(ticket, status="'rejected'", code="'105'", settled_at="now()")
    bench.roll_up()
    address = f"/campaigns/{key_of('tet')}"
    assert "+84901000001" in operator.get(f"{address}/failed.csv").text
    assert operator.get("/reports/-/failures.csv").status_code == 200
    acts = [(each.who, each.subject) for each in bench.notifier.acts.list(what="people.download")]
    assert acts == [("operator", {"file": "failures.csv"}), ("operator", {"file": "failed.csv"})]
    viewer = browsers("viewer")
    assert figure(viewer.get(address).text, "failed") == "1"
    assert viewer.get(f"{address}/failed.csv").status_code == 403
    assert "/failed." not in viewer.get(address).text


@pytest.mark.parametrize("path", ["/campaigns/!", "/campaigns/bm9uZQ", "/campaigns/new/x", "/campaigns/new/x/check"])
def test_what_there_is_not_is_not_found(operator: Browser, path: str) -> None:
    assert operator.get(path).status_code == 404


def hostile_rows() -> str:
    """A file in which every cell is hostile."""
    return f'"{HOSTILE.replace(chr(34), chr(34) * 2)}",so\n"{HOSTILE.replace(chr(34), chr(34) * 2)}",0901000001\n'


def test_a_hostile_file_is_shown_as_what_it_is(operator: Browser) -> None:
    address = uploaded(operator, hostile_rows(), name='"><script>alert(1)</script>.csv').headers["location"]
    told: Any = {"phone_column": "so", "content": HOSTILE.replace("{{7*7}}", "")}
    operator.post(address, TEXT | told)
    for path in (address, f"{address}/check", "/campaigns"):
        page = operator.get(path).text
        assert "<script>alert" not in page and ">49<" not in page


def test_a_campaign_has_its_page_before_anything_of_it_was_added_up_or_handed_over(
    operator: Browser, bench: Bench
) -> None:
    """Where a message's page and what is paused on Now lead to."""
    ticket = bench.put(otp(), campaign="vừa gửi")
    bench.notifier.pause_campaign("sắp gửi")
    paths = [f"/campaigns/{key_of(name)}" for name in ("vừa gửi", "sắp gửi")]
    assert f'href="{paths[0]}"' in operator.get(f"/messages/{bench.message(ticket)['id']}").text
    eventually(lambda: f'href="{paths[1]}"' in operator.get("/").text)  # what it showed last is remembered for 2 s
    for path in paths:
        page = operator.get(path)
        assert page.status_code == 200 and "Chưa có số liệu" in page.text
    assert "đang tạm dừng" in operator.get(paths[1]).text
