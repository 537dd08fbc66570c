"""What a person decides on the page is decided, once, with their name; and only by whom it is for."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import text

from tests.pages.conftest import Browsers
from tests.support import Bench
from worker import RecordCall


@pytest.fixture
def held(bench: Bench) -> list[str]:
    """Calls in doubt: their messages' ids."""
    for n in range(3):
        ticket = bench.put(RecordCall(to=f"091234500{n}", record_id="2001"), reference=f"<b>goi:{n}</b>")
        bench.set(
            ticket,
            status="'held'",
            attempts="1",
            dialled_at="now()",
            in_doubt_since="now() - interval '20 minutes'",
            reason="'no answer came in time'",
        )
    return [str(each.id) for each in bench.notifier.held.list()]


def statuses(bench: Bench) -> list[str]:
    with bench.database.begin() as session:
        return list(session.scalars(text("SELECT status FROM message ORDER BY id")))


def test_the_evidence_stands_beside_each_and_a_viewer_sees_masked_numbers_and_no_button(
    browsers: Browsers, held: list[str]
) -> None:
    page = browsers("operator").get("/held").text
    assert page.count('name="id"') == 3 and "0912 345 001" in page and "&lt;b&gt;goi:1" in page
    masked = browsers("viewer").get("/held").text
    assert "0912***001" in masked and "345 001" not in masked and 'name="answer"' not in masked


def test_one_or_many_are_decided_with_name_and_reason_and_what_is_held_no_more_is_told(
    browsers: Browsers, bench: Bench, held: list[str]
) -> None:
    browser = browsers("operator")
    answer = browser.post("/held", {"id": held[:2], "answer": "delivered", "why": "asked by phone"})
    assert answer.headers["location"] == "/held?decided=2&late=0"
    assert sorted(statuses(bench)) == ["delivered", "delivered", "held"]
    again = browser.post("/held", {"id": held, "answer": "drop"})
    assert again.headers["location"] == "/held?decided=1&late=2"
    assert "2 tin không còn chờ" in browser.get(again.headers["location"]).text
    [decision] = bench.notifier.held.evidence(held[0]).decisions
    assert (decision.by, decision.answer, decision.why) == ("operator", "delivered", "asked by phone")
    acts = [(each.who, each.how_many) for each in bench.notifier.acts.list(what="held.resolve")]
    assert acts == [("operator", 1)] * 3


def test_many_are_decided_at_once_after_it_was_seen_how_many_that_is(
    browsers: Browsers, bench: Bench, held: list[str]
) -> None:
    browser = browsers("operator")
    which = {"code": "", "hours": "0", "answer": "not-delivered", "why": "hỏi tổng đài"}
    nothing = browser.post("/held/many", which)
    assert nothing.status_code == 422 and "Chưa chọn gì" in nothing.text
    assert "Không có tin nào như vậy" in browser.post("/held/many", which | {"code": "99"}).text
    unknown = browser.post("/held/many", which | {"campaign": "tet"})
    assert unknown.status_code == 422 and "Không có chiến dịch" in unknown.text
    assert "không có trong tài liệu của eSMS" in browser.post("/held/many", which | {"code": "98765"}).text
    with bench.database.begin() as session:
        since = "UPDATE message SET in_doubt_since = now() - interval '3 hours' WHERE id <> :id"
        session.execute(text(since), {"id": held[0]})
    looked = browser.post("/held/many", which | {"hours": "2"}).text
    assert "Sẽ quyết định 2 tin: Không đến nơi" in looked and set(statuses(bench)) == {"held"}
    done = browser.post("/held/many", which | {"hours": "2", "then": "decide"})
    assert done.headers["location"] == "/held?decided=2"
    assert sorted(statuses(bench)) == ["held", "undelivered", "undelivered"]
    assert browser.post("/held/many", which | {"hours": "x"}).status_code == 422
    assert browser.post("/held/many", which | {"answer": "x", "code": "1"}).status_code == 422


@pytest.mark.parametrize("form", [{}, {"answer": "delivered"}, {"id": ["x"], "answer": "delivered"}, {"id": ["1"]}])
def test_what_is_not_chosen_is_not_decided(
    browsers: Browsers, bench: Bench, held: list[str], form: dict[str, Any]
) -> None:
    assert browsers("operator").post("/held", form).headers["location"] == "/held?nothing=1"
    assert set(statuses(bench)) == {"held"}


def test_nothing_held_says_what_would_stand_here(browsers: Browsers, bench: Bench) -> None:
    assert re.search(r"Không có tin nào chờ quyết định", browsers("viewer").get("/held").text)
