"""*Find*: what is looked for, what is done with all of it, and what stands in no address."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.pages.conftest import Browser, Browsers
from tests.support import Bench, otp
from worker import sweeps
from worker.catalogue.pages.find import WORDS
from worker.lifecycle import Lane

ROW = re.compile(r'<th scope="row"><a href="/messages/([0-9a-f-]{36})">([^<]*)')


def look(browser: Browser, **asked: str) -> tuple[str, str]:
    """The address of a search, and its page."""
    sent = browser.post("/find", asked)
    assert sent.status_code == 303, sent.text
    return sent.headers["location"], browser.get(sent.headers["location"]).text


def numbers(page: str) -> list[str]:
    return [number.replace(" ", "") for _, number in ROW.findall(page)]


def act(browser: Browser, address: str, name: str, **chosen: Any) -> tuple[str, str]:
    """The address of what it would do, and its page."""
    sent = browser.post(f"{address.partition('?')[0]}/act", {"act": name, "scope": "all"} | chosen)
    assert sent.status_code == 303
    return sent.headers["location"], browser.get(sent.headers["location"]).text


def do(browser: Browser, address: str, **fields: str) -> str:
    sent = browser.post(address, fields)
    assert sent.status_code == 303, sent.text
    return str(browser.get(sent.headers["location"]).text)


def figure(page: str, id_: str) -> int:
    found = re.search(rf'id="{id_}">([\d.,]+)', page)
    assert found, id_
    return int(re.sub(r"\D", "", found[1]))


def rows(bench: Bench, what: str) -> list[Any]:
    with bench.database.begin() as session:
        return list(session.execute(text(what)))


def sayings(word: str) -> tuple[str, str]:
    return WORDS[word].en, WORDS[word].vi


def three(bench: Bench) -> None:
    """Two of the shop, one of which failed, and one of hr."""
    bench.put(otp("0901000001"), source="shop", campaign="tet", reference="HD-1")
    bench.set(bench.put(otp("0901000002"), source="shop", campaign="tet"), status="'rejected'", code="'99'")
    bench.put(otp("0901000003"), source="hr")
    bench.notifier.contacts.upsert(key="kh", name="Nguyễn Thị Hoa", phones="0901000003")
    bench.roll_up()


def test_a_search_finds_by_number_name_reference_campaign_and_filters_and_stands_in_no_address(
    bench: Bench, browsers: Browsers
) -> None:
    three(bench)
    browser = browsers("operator")
    asked = {"0901 000 003": "3", "thi hoa": "3", "HD-1": "1", "tet": "21"}
    for given, found in asked.items():
        address, page = look(browser, q=given)
        assert re.fullmatch(r"/find/[\w-]{22}", address)
        assert "".join(each[-1] for each in numbers(page)) == found
    assert numbers(look(browser, source="shop", status="rejected")[1]) == ["0901000002"]
    assert numbers(look(browser)[1]) == ["0901000003", "0901000002", "0901000001"]
    assert "Nguyễn Thị Hoa" in browser.get("/find").text
    assert browser.get(f"/find/act/{address.removeprefix('/find/')}").headers["location"] == "/find"


def test_who_only_looks_sees_masked_numbers_and_no_button(bench: Bench, browsers: Browsers) -> None:
    three(bench)
    browser = browsers("viewer")
    page = look(browser, q="0901000003")[1]
    assert numbers(page) == ["0901***003"]
    assert 'name="id"' not in page and 'name="act"' not in page


def test_a_search_of_somebody_else_or_of_yesterday_is_looked_for_anew(bench: Bench, browsers: Browsers) -> None:
    address, _ = look(browsers("operator"), q="x")
    assert browsers("admin").get(address).headers["location"] == "/find"


def test_what_is_wrong_with_a_filter_stands_beside_it(browsers: Browsers) -> None:
    browser = browsers("viewer")
    for wrong in ({"since": "2026-13-01"}, {"since": "2026-02-02", "until": "2026-01-01"}, {"status": "lost"}):
        assert browser.post("/find", wrong).status_code == 422
    assert "Không có ai hay tin nào khớp" in look(browser, q="khong co")[1]


def test_pages_go_back_in_time_without_a_word_of_the_search(bench: Bench, browsers: Browsers) -> None:
    bench.notifier.enqueue_many((otp("0901000001", f"Ma: {n}") for n in range(60)), source="shop")
    browser = browsers("operator")
    _, page = look(browser, q="0901000001")
    older = re.search(r'href="([^"]*)" rel="next"', page)
    assert older and "901" not in older[1].partition("after=")[0]
    rest = browser.get(older[1].replace("&amp;", "&")).text
    assert (len(numbers(page)), len(numbers(rest))) == (50, 10)


def test_all_that_a_search_finds_is_cancelled_by_the_workers_with_progress_and_what_came_too_late(
    bench: Bench, browsers: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeps.steps, "AT_ONCE", 2)
    three(bench)
    browser = browsers("operator")
    address, page = look(browser, source="shop")
    confirm, foreseen = act(browser, address, "cancel")
    assert (figure(foreseen, "standing-queued"), figure(foreseen, "standing-rejected")) == (1, 1)
    assert rows(bench, "SELECT count(*) FROM sweep") == [(0,)]
    page = do(browser, confirm)
    while sweeps.go_on(bench.workers, bench.settings):
        pass
    [sweep] = bench.notifier.sweeps.list()
    page = browser.get(f"/find/sweeps/{sweep.id}").text
    assert (figure(page, "found"), figure(page, "moved"), figure(page, "late-rejected")) == (2, 1, 1)
    assert sweep.asked_by == "operator" and "operator" in page
    assert str(sweep.id) in browsers("viewer").get("/find/sweeps").text


def test_it_is_said_whether_what_is_sent_again_ends_with_what_is_cancelled(bench: Bench, browsers: Browsers) -> None:
    bench.put(otp(), campaign="tet")
    browser, told = browsers("operator"), {}
    for name, asked in (("whole", {"q": "tet"}), ("part", {"q": "tet", "lane": "urgent"})):
        told[name] = act(browser, look(browser, **asked)[0], "cancel")[1]
    for name, page in told.items():
        assert [each for each in told if any(says in page for says in sayings(f"says_cancel_{each}"))] == [name]


def test_selected_messages_are_moved_and_no_other(bench: Bench, browsers: Browsers) -> None:
    three(bench)
    browser = browsers("operator")
    address, page = look(browser, source="shop", status="queued")
    [(id_, _)] = ROW.findall(page)
    assert "none=1" in act(browser, address, "move", scope="selected")[0]
    confirm, _ = act(browser, address, "move", scope="selected", id=[id_])
    assert browser.post(confirm, {"send_date": "tomorrow"}).status_code == 422
    assert browser.post(confirm, {"send_date": "2020-01-01T09:00"}).status_code == 422
    later = datetime.now(UTC) + timedelta(days=3)
    page = do(browser, confirm, send_date=later.strftime("%Y-%m-%dT09:00"))
    assert figure(page, "moved") == 1
    moved = rows(bench, "SELECT id FROM message WHERE due_at > now() + interval '1 day'")
    assert [str(row.id) for row in moved] == [id_]


def test_what_failed_is_sent_again_after_a_look_at_what_that_would_do(bench: Bench, browsers: Browsers) -> None:
    three(bench)
    browser = browsers("operator")
    confirm, page = act(browser, look(browser, q="tet")[0], "retry")
    assert figure(page, "foreseen") == 1
    assert rows(bench, "SELECT count(*) FROM message WHERE generation > 0") == [(0,)]
    assert "1 tin được gửi lại" in do(browser, confirm)
    assert rows(bench, "SELECT phone, wanted_by FROM message WHERE generation > 0") == [("+84901000002", "operator")]
    assert (
        "Muốn gửi lại mọi tin không thành thì cần ngày đầu" in act(browser, look(browser, source="shop")[0], "retry")[1]
    )


@pytest.mark.parametrize("at_their_limit", [0, 7])
def test_who_of_the_rest_of_a_retry_of_many_stays_is_told(
    bench: Bench, browsers: Browsers, at_their_limit: int
) -> None:
    tickets = [bench.put(otp(f"0902{number:06}"), campaign="tet") for number in range(110)]
    for place, ticket in enumerate(tickets):
        over = "9" if place >= len(tickets) - at_their_limit else "0"
        bench.set(ticket, status="'undelivered'", settled_at="now()", accepted_at="now()", generation=over)
    browser = browsers("operator")
    page = do(browser, act(browser, look(browser, q="tet")[0], "retry")[0])
    assert "10 tin nữa đi tiếp" in page
    assert ("Trong số đó 7 tin để nguyên." in page) == bool(at_their_limit)


def test_a_pause_holds_back_the_campaign_or_the_lane_that_was_looked_for(bench: Bench, browsers: Browsers) -> None:
    three(bench)
    browser = browsers("operator")
    do(browser, act(browser, look(browser, q="HD-1")[0], "pause")[0])
    do(browser, act(browser, look(browser, lane="voice")[0], "pause")[0])
    assert {each.campaign or each.lane for each in bench.notifier.pauses.list()} == {"tet", Lane.VOICE}
    assert "cần một chiến dịch hoặc một làn" in act(browser, look(browser, source="hr")[0], "pause")[1]


def test_a_sweep_is_stopped_by_who_may_act_alone(
    bench: Bench, browsers: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeps.steps, "AT_ONCE", 1)
    three(bench)
    browser = browsers("operator")
    page = do(browser, act(browser, look(browser, source="shop")[0], "cancel")[0])
    [sweep] = bench.notifier.sweeps.list()
    assert f"/find/sweeps/{sweep.id}/stop" in page
    assert "/stop" not in browsers("viewer").get(f"/find/sweeps/{sweep.id}").text
    do(browser, f"/find/sweeps/{sweep.id}/stop")
    assert bench.notifier.sweeps.show(sweep.id).state == "stopped"


def test_what_people_wrote_is_inert(bench: Bench, browsers: Browsers) -> None:
    evil = '"><script>alert(1)</script>'
    bench.put(otp("0901000001"), source=evil[:30], campaign=evil)
    bench.notifier.contacts.upsert(key=evil, name=evil, phones="0901000001")
    browser = browsers("operator")
    for given in (evil, "0901000001", "'; DROP TABLE message; --", "\x1b[31m", "a" * 10_000, "\u202egnp.exe", "\x00"):
        sent = browser.post("/find", {"q": given})
        page = browser.get(sent.headers["location"]).text if sent.status_code == 303 else sent.text
        assert "<script>alert" not in page
        assert sent.status_code == 303


def test_all_that_failed_is_found_at_once_and_sent_again_but_for_what_may_still_arrive(
    bench: Bench, browsers: Browsers
) -> None:
    for n, status in enumerate(("rejected", "undelivered", "expired", "unknown", "delivered")):
        bench.set(bench.put(otp(f"090100001{n}")), status=f"'{status}'", code="'100'")
    bench.roll_up()
    operator = browsers("operator")
    address, page = look(operator, status="failed", since=f"{bench.notifier.settings.today()}")
    assert sorted(numbers(page)) == ["0901000010", "0901000011", "0901000012", "0901000013"]
    assert re.search(r'value="failed" selected>mọi tin không thành', page)
    confirm, foreseen = act(operator, address, "retry")
    assert figure(foreseen, "foreseen") == 3
    assert "3" in do(operator, confirm)
    assert len(rows(bench, "SELECT 1 FROM message WHERE status = 'queued'")) == 3


def test_what_a_message_was_for_stands_beside_who_sent_it(bench: Bench, browsers: Browsers) -> None:
    bench.put(otp(), source="shop")
    assert "mã xác thực" in browsers("viewer").get("/find").text


def test_where_nothing_was_ever_sent_no_filter_is_to_blame(bench: Bench, browsers: Browsers) -> None:
    assert not rows(bench, "SELECT 1 FROM message")
    operator, viewer = (browsers(role).get("/find").text for role in ("operator", "viewer"))
    assert "Chưa có tin nào" in operator and 'href="/campaigns/new"' in operator and "bớt bộ lọc" not in operator
    assert "Chưa có tin nào" in viewer and 'href="/campaigns/new"' not in viewer


def test_what_was_sent_again_is_not_told_to_be_more_messages_than_the_list_has(
    bench: Bench, browsers: Browsers
) -> None:
    three(bench)
    browser = browsers("operator")
    assert 'id="about">khoảng 2 tin</p>' in look(browser, source="shop")[1]
    bench.notifier.retry_campaign("tet")
    bench.roll_up()
    page = look(browser, source="shop")[1]
    assert len(numbers(page)) == 2
    assert 'id="about">khoảng 3 lượt gửi, trong đó 1 lượt đã gửi lại</p>' in page
    assert "tất cả tin mà lần tìm này tìm ra: khoảng 3 lượt gửi" in page
