"""One message on the page: its story as `why` tells it, and what may be done now, done once."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from html import unescape

import pytest

from tests.again.promises import turn
from tests.again.test_late_arrivals import REFUSED, by_a_poll, followed
from tests.history.test_reports_of_people import FALLBACK, UNDELIVERED, called
from tests.pages.conftest import Browsers
from tests.support import Bench, otp
from worker import Sms, SmsType, Ticket
from worker.api.prices import PriceRow


def message_of(bench: Bench, ticket: Ticket) -> str:
    return str(bench.message(ticket)["id"])


def test_its_story_text_requests_and_cost_are_told_and_to_a_viewer_masked(browsers: Browsers, bench: Bench) -> None:
    ticket = bench.put(otp("0901000001", "Ma xac nhan cua ban la 481516 khong dua cho ai"), reference="signup:42")
    bench.deliver()
    bench.ask_until(ticket, "delivered")
    operator = browsers("operator")
    for id_ in (ticket.id, message_of(bench, ticket), str(ticket.id)[:13]):
        page = operator.get(f"/messages/{id_}").text
        assert "0901 000 001" in page and "481516" in page and "signup:42" in page
        assert "SendMultipleMessage_<wbr>V4" in page and "is-delivered" in page
    masked = browsers("viewer").get(f"/messages/{ticket.id}").text
    assert "481516" not in masked and "000 001" not in masked and "0901***001" in masked


def test_what_waits_is_moved_and_cancelled_and_the_page_says_what_came_of_it(browsers: Browsers, bench: Bench) -> None:
    ticket = bench.put(otp())
    id_, browser = message_of(bench, ticket), browsers("operator")
    tomorrow = (datetime.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")  # noqa: DTZ005 — as a browser has it
    moved = browser.post(f"/messages/{id_}/move", {"at": tomorrow})
    assert moved.headers["location"] == f"/messages/{id_}?done=move&count=1"
    for bad in ("", "2001-01-01T10:00", "soon"):
        assert browser.post(f"/messages/{id_}/move", {"at": bad}).headers["location"].endswith("done=bad_date")
    assert browser.post(f"/messages/{id_}/cancel").headers["location"].endswith("done=cancel&count=1")
    assert bench.status(ticket) == "cancelled"
    late = browser.post(f"/messages/{id_}/cancel").headers["location"]
    assert "Không có gì thay đổi" in browser.get(late).text
    assert [each.what for each in bench.notifier.acts.list(who="operator")][:2] == ["message.cancel", "message.cancel"]


def test_what_failed_is_sent_again_by_whom_it_says(browsers: Browsers, bench: Bench) -> None:
    ticket = bench.put(otp())
    bench.set(ticket, status="'undelivered'", settled_at="now()", accepted_at="now()")
    browser = browsers("operator")
    id_ = message_of(bench, ticket)
    assert f"/messages/{id_}/retry" in browser.get(f"/messages/{id_}").text
    assert browser.post(f"/messages/{id_}/retry").headers["location"].endswith("done=retry&count=1")
    assert bench.status(ticket) == "queued"
    assert bench.message(ticket)["history"][-1]["asked_by"] == "operator"
    assert f"/messages/{id_}/retry" not in browser.get(f"/messages/{id_}").text


def test_a_request_to_many_is_a_list_and_tells_how_many_a_cancel_would_call_back(
    browsers: Browsers, bench: Bench
) -> None:
    ticket = bench.put(Sms(to=[f"09010000{n:02}" for n in range(25)], content="x", sms_type=SmsType.CUSTOMER_CARE))
    page = browsers("operator").get(f"/messages/{ticket.id}").text
    assert page.count('<th scope="row">') == 20
    one = browsers("operator").get(f"/messages/{bench.messages(ticket)[0]['id']}").text
    assert "25 tin của yêu cầu này" in one


def test_all_that_were_sent_in_each_others_place_are_told_with_what_they_cost_together(
    browsers: Browsers, bench: Bench
) -> None:
    first = bench.put(otp(), reference="r1", source="shop", **FALLBACK)
    bench.set(first, **UNDELIVERED)
    call = called(bench, first)
    bench.set(call, status="'delivered'", settled_at="now()", accepted_at="now()", code="'100'", attempts="1")
    ids, browser = [message_of(bench, each) for each in (first, call)], browsers("viewer")
    for id_, other in (ids, ids[::-1]):
        page = unescape(browser.get(f"/messages/{id_}").text)
        assert f'href="/messages/{other}"' in page and f'href="/messages/{id_}"' not in page
        assert "từ 300\u00a0đ trở lên: một phần chưa rõ giá" in page
        assert page.index("tin này") > 0 and "is-undelivered" in page and "is-delivered" in page
    replaced = browsers("operator").get(f"/messages/{ids[0]}").text
    assert "/retry" not in replaced  # it is never sent again
    assert "esms-worker why" not in replaced  # who reads a page follows a link
    assert f'gửi thay. <a href="/messages/{ids[1]}">' in replaced
    listed = PriceRow(sms_type=0, network="", valid_from=date(2020, 1, 1), dong=Decimal(450))
    bench.notifier.prices.put([listed])
    browser.client.cookies.set("esms_language", "en")
    page = unescape(browser.get(f"/messages/{ids[1]}").text)
    assert "750\u00a0đ, as eSMS told, the rest by the price list" in page
    assert "450\u00a0đ, by the price list" in page
    assert attempts_in(page) == ["2"]  # the first was the other message's


def test_what_stands_alone_has_no_such_list_and_counts_its_own_attempts(browsers: Browsers, bench: Bench) -> None:
    ticket = bench.put(otp())
    bench.set(ticket, **UNDELIVERED)
    bench.notifier.retry(ticket.id)
    page = browsers("viewer").get(f"/messages/{ticket.id}").text
    assert 'id="places"' not in page
    assert attempts_in(page) == ["1", "2"]


def attempts_in(page: str) -> list[str]:
    """Their numbers."""
    return re.findall(r'<th scope="row" class="short">(\d+)</th>', page.partition('id="attempts"')[2])


@pytest.mark.parametrize("given", ["nothing", "00000000-0000-0000-0000-000000000000", "<script>"])
def test_what_there_is_not_is_a_page_that_says_so(browsers: Browsers, given: str, bench: Bench) -> None:
    answer = browsers("viewer").get(f"/messages/{given}")
    assert answer.status_code == 404 and "<script>" not in answer.text


def test_why_nothing_is_sent_again_is_said_where_her_first_message_arrived(browsers: Browsers, bench: Bench) -> None:
    ticket, call = followed(bench)
    turn(bench, call.id, REFUSED)
    by_a_poll(bench, ticket)
    browser = browsers("operator")
    at = browser.post(f"/messages/{call.id}/retry").headers["location"]
    assert at.endswith("?done=retry&count=0&left=hasgotit")
    assert "Không có gì thay đổi (để lại: tin trước đó đã đến nơi)." in browser.get(at).text
    assert "Không có gì thay đổi: tin đã chuyển" in browser.get(f"/messages/{call.id}?done=retry&left=x").text
