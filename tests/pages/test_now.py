"""What *Now* shows is what the ledger holds, from sums that cost the same however much there is."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import text

from tests.again.promises import put
from tests.law import VIETNAM, decree
from tests.pages.conftest import Browser, Browsers
from tests.support import Bench, otp
from worker import RecordCall, ledger
from worker.lifecycle import Lane, Status

MESSAGES = "SELECT lane, status, count(*) AS n FROM message GROUP BY lane, status"
STANDING = "SELECT lane, status, messages AS n FROM report_standing WHERE messages > 0"


@pytest.fixture
def viewer(browsers: Browsers, app: Any) -> Browser:
    if hasattr(app.state, "watch"):
        del app.state.watch  # what is remembered is of the test before
    return browsers("viewer")


def figure(page: str, id_: str) -> str:
    found = re.search(rf'<dd id="{id_}">(?:<(?:form|input|a|button) [^>]*>\s*)*([^<]*)', page)
    assert found, id_
    return found[1]


def rows(bench: Bench, question: str) -> dict[tuple[str, str], int]:
    with bench.database.begin() as session:
        return {(row.lane, row.status): row.n for row in session.execute(text(question))}


def test_the_figures_are_the_ledgers(bench: Bench, viewer: Browser) -> None:
    for number in range(4):
        ticket = bench.put(otp(f"09010000{number:02}"))
        status = ("queued", "held", "delivered", "rejected")[number]
        if status != "queued":
            bench.set(
                ticket, status=f"'{status}'", code="'104'", **{"held": {"in_doubt_since": "now()"}}.get(status, {})
            )
    bench.roll_up()
    page = viewer.get("/").text
    shown = {id_: figure(page, id_) for id_ in ("waiting", "held", "delivered", "failed")}
    assert shown == {"waiting": "1", "held": "1", "delivered": "1", "failed": "1"}
    assert 'href="/held"' in page
    assert ">104<" in page


FIRST = "esms-worker send sms --to 0901234567"


def test_who_has_sent_nothing_yet_is_told_how_also_once_beat_has_counted_and_nobody_else_is(
    bench: Bench, app: Any, viewer: Browser
) -> None:
    bench.roll_up()
    assert FIRST in viewer.get("/").text
    del app.state.watch
    bench.set(bench.put(otp()), status="'delivered'", settled_at="now()")
    assert FIRST not in viewer.get("/").text  # before it is counted
    bench.roll_up()
    del app.state.watch
    assert FIRST not in viewer.get("/").text


def test_what_a_rule_makes_wait_is_told_with_the_rule(bench: Bench, viewer: Browser) -> None:
    decree(bench.database, VIETNAM["vn.ads.call.count"])
    for _ in range(3):
        bench.put(RecordCall(to="0901000001", record_id="2001"), purpose="advertising")
    bench.deliver()
    assert "quy định vn.ads.call.count đã giữ lại 2 tin" in viewer.get("/").text


def test_what_stands_where_adds_up_from_settlements_and_is_counted_anew_where_a_former_version_added_nothing(
    bench: Bench,
) -> None:
    for number in range(3):
        bench.put(otp(f"09010000{number:02}"))
    bench.deliver()
    bench.put(otp("0901000009"))
    bench.roll_up()
    assert rows(bench, STANDING) == rows(bench, MESSAGES)
    with bench.database.begin() as session:
        session.execute(text("UPDATE report_standing SET messages = 99"))
        session.execute(text("UPDATE heartbeat SET at = now() - interval '2 hours' WHERE name LIKE 'recount%'"))
    bench.roll_up()
    assert rows(bench, STANDING) == rows(bench, MESSAGES)


def test_each_minute_knows_what_was_sent_and_what_arrived(bench: Bench) -> None:
    ticket = bench.put(otp())
    bench.deliver()
    bench.ask_until(ticket, "delivered")
    bench.roll_up()
    minutes = bench.notifier.reports.now().minutes
    assert sum(each.sent for each in minutes) == sum(each.delivered for each in minutes) == 1
    assert len(minutes) == 180


def test_it_tells_how_long_the_oldest_of_what_is_due_waits_and_nothing_of_what_is_not_due_yet(bench: Bench) -> None:
    bench.set(bench.put(otp()), due_at="now() - interval '5 minutes'")
    bench.set(bench.put(otp("0901000002"), campaign="later"), due_at="now() + interval '1 hour'", lane="'bulk'")
    now = bench.notifier.reports.now()
    assert set(now.oldest_due) == {Lane.URGENT}
    assert 299 < (now.at - now.oldest_due[Lane.URGENT]).total_seconds() < 400


def test_what_is_in_the_way_is_told_with_its_reason(bench: Bench, viewer: Browser) -> None:
    bench.notifier.pause([Lane.BULK], "paused by a person")
    bench.notifier.pause_campaign("<script>alert(1)</script>", "paused by a person")
    page = viewer.get("/").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
    assert "celery -A worker.tasks beat" in page


def test_what_a_fault_of_ours_keeps_from_coming_is_told_with_its_message(bench: Bench, viewer: Browser) -> None:
    followed = bench.message(put(bench, source="shop"))["id"]
    with bench.database.begin() as session:
        session.execute(text("UPDATE follow_up SET due_at = now()"))
        ledger.set_aside(session, followed)
    page = viewer.get("/").text
    assert "một tin do shop gửi chưa thực hiện được" in page
    assert f'href="/messages/{followed}"' in page


def test_a_page_that_looks_again_gets_nothing_until_something_is_new(bench: Bench, viewer: Browser) -> None:
    mark = re.search(r"seen=(\w+)", viewer.get("/").text)
    assert mark
    assert viewer.get(f"/now/figures?seen={mark[1]}").status_code == 204
    fragment = viewer.get("/now/figures?seen=other")
    assert fragment.status_code == 200 and "<html" not in fragment.text


def test_the_balance_is_what_the_worker_last_heard(bench: Bench) -> None:
    from worker.maintenance import watch_balance

    assert bench.notifier.reports.balance() is None
    watch_balance(bench.workers, bench.client, bench.pace)
    shown = bench.notifier.reports.balance()
    assert shown is not None and shown.dong > 0 and shown.days is None
    assert bench.notifier.reports.now().standing_in(Status.HELD) == 0


def test_what_was_just_started_is_told_so_and_is_no_alarm_about_beat(bench: Bench, viewer: Browser) -> None:
    with bench.database.begin() as session:
        session.execute(text("INSERT INTO heartbeat (name, at) VALUES ('up', now() - interval '4 s')"))
    page = viewer.get("/").text
    assert "chưa nghe thấy đủ các tiến trình" in page
    assert "celery -A worker.tasks beat" not in page
    assert "tone-bad" not in page


def test_one_press_stops_all_that_is_sent_and_another_lets_it_go_on(bench: Bench, app: Any, browsers: Browsers) -> None:
    operator, viewer = browsers("operator"), browsers("viewer")
    assert 'action="/now/pause"' in operator.get("/").text and 'action="/now/pause"' not in viewer.get("/").text
    assert viewer.post("/now/pause", {"lane": "all"}).status_code == 403
    assert operator.post("/now/pause", {"lane": "all"}).headers["location"] == "/#lanes"
    assert {each.lane for each in bench.notifier.pauses.list()} == set(Lane)
    page = operator.get("/").text
    assert 'tone-good">đang mở' not in page and 'id="pause-all"' not in page
    operator.post("/now/resume", {"lane": "urgent"})
    assert {each.lane for each in bench.notifier.pauses.list()} == {*Lane} - {Lane.URGENT}
    operator.post("/now/resume", {"lane": "all"})
    assert not bench.notifier.pauses.list()
    assert operator.post("/now/pause", {"lane": "fast"}).status_code == 422
    assert 'name="lane" value="urgent"' in operator.get("/").text


def test_sms_and_calls_that_failed_alike_are_one_line_and_its_number_finds_them(bench: Bench, viewer: Browser) -> None:
    for request in (otp("0901000001"), RecordCall(to="0901000002", record_id="2001")):
        bench.set(bench.put(request), status="'undelivered'", code="'100'")
    bench.roll_up()
    page = viewer.get("/").text
    lines = page.partition('id="by-code"')[2].partition("</table>")[0]
    assert lines.count('<tr><th scope="row"') == 1
    assert re.search(r'id="find-1">2<', lines)
    asked = dict(re.findall(r'name="(status|code|since)" value="([^"]*)"', lines))
    found = viewer.get(viewer.post("/find", asked).headers["location"]).text
    assert found.count("<tr>") == 3  # and the titles
