"""*Refused*: who asked for what and why it was not taken; fixed, it goes out once, as its application's."""

from __future__ import annotations

import csv
from io import StringIO

from sqlalchemy import text

from tests.again.test_refused import FALLBACK, GOOD, hand_over, whole
from tests.http_door import Application
from tests.pages.conftest import Browser, Browsers
from tests.pages.test_now import viewer as viewer
from tests.support import Bench
from worker.spreadsheets.writing import MARK


def test_what_was_refused_is_told_in_the_readers_language_and_counted_in_now_and_in_the_reports(
    viewer: Browser, bench: Bench
) -> None:
    hand_over(bench.notifier, to="090123", reference="<b>0901234567</b>")
    assert 'href="/refused">xem' in viewer.get("/").text
    page = viewer.get("/refused").text
    assert "có 5 chữ số" in page
    assert "shop" in page and "0901234567" not in page and "<b>" not in page
    counted = viewer.get("/reports/-/refused.csv").text.removeprefix(MARK)
    [row] = csv.DictReader(StringIO(counted))
    assert (row["source"], row["field"], row["requests"]) == ("shop", "to", "1")
    viewer.client.cookies.set("esms_language", "en")
    assert "It has 5 digits after the leading 0" in viewer.get("/refused").text


def test_what_is_kept_of_it_is_shown_to_whom_it_is_for_and_only_when_asked_for(
    browsers: Browsers, bench: Bench
) -> None:
    hand_over(whole(bench))
    [row] = bench.notifier.refused.list()
    operator, at = browsers("operator"), f"/refused/{row.id}"
    assert "Ma: 1234" not in operator.get(at).text
    assert "Ma: 1234" in operator.get(f"{at}?content=1").text
    assert browsers("viewer").get(f"{at}?content=1").status_code == 403
    assert "Ma: 1234" not in browsers("viewer").get(at).text


def test_mended_it_is_sent_once_as_its_applications_and_what_is_still_wrong_stands_beside_its_field(
    browsers: Browsers, bench: Bench
) -> None:
    hand_over(bench.notifier)
    [row] = bench.notifier.refused.list()
    browser, at = browsers("operator"), f"/refused/{row.id}/send"
    refused = browser.post(at, {"to": "0901000001"})
    assert refused.status_code == 422 and 'href="#f-content"' in refused.text and "Còn thiếu" in refused.text
    sent = browser.post(at, {"to": "0901000001", "content": "Ma: 9", "sms_type": "7"})
    assert sent.headers["location"] == f"/messages/{bench.notifier.find('r1', 'shop')}"
    assert browser.post(at, {"to": "0901000001", "content": "Ma: 9"}).status_code == 404
    [act] = bench.notifier.acts.list(what="refused.send")
    assert (act.who, act.how_many) == ("operator", 1)


def test_what_was_to_follow_is_mended_or_left_out_as_by_the_command(browsers: Browsers, bench: Bench) -> None:
    wrong = {"fallback": FALLBACK | {"bogus": 1}, "fallback_after": "5m", "retry_undelivered": {"times": 99}}
    for reference in ("r1", "r2", "r3"):
        hand_over(bench.notifier, **(GOOD | wrong), reference=reference)
    third, second, first = bench.notifier.refused.list()
    browser, text_ = browsers("operator"), {"content": "Ma: 1"}
    page = browser.get(f"/refused/{first.id}?content=1").text
    assert 'value="retry_undelivered"' in page and "None" not in page and "(không lưu)" in page
    refused = browser.post(f"/refused/{first.id}/send", text_)
    assert refused.status_code == 422 and 'href="#f-fallback_sms"' in refused.text and "<details open" in refused.text
    fixed = text_ | {"fallback_call": "9", "fallback_vars": "An, 14h30"}
    refused = browser.post(f"/refused/{first.id}/send", fixed)
    assert refused.status_code == 422 and 'href="#f-retry_undelivered"' in refused.text and "An, 14h30" in refused.text
    fixed |= {"retry_undelivered": "2x1h"}
    for bad in ({"fallback_sms": "x"}, {"retry_undelivered": "often"}, {"fallback_call": ""}):
        assert browser.post(f"/refused/{first.id}/send", fixed | bad).status_code == 422
    assert browser.post(f"/refused/{first.id}/send", fixed).status_code == 303
    without = text_ | {"without": ["fallback", "retry_undelivered"]}
    assert browser.post(f"/refused/{second.id}/send", without).status_code == 303
    by_sms = text_ | {"fallback_sms": "Goi lai", "fallback_after": "30m", "without": "retry_undelivered"}
    refused = browser.post(f"/refused/{third.id}/send", by_sms)
    assert refused.status_code == 422 and "fallback.brandname: " in refused.text
    by_sms |= {"sms_type": "2", "brandname": "SHOP"}
    assert browser.post(f"/refused/{third.id}/send", by_sms).status_code == 303
    with bench.database.begin() as session:
        follows = session.scalars(text("SELECT follow_up FROM notification ORDER BY id")).all()
    assert [bool(each) for each in follows] == [True, False, True]
    assert (follows[0]["fallback"]["template_id"], follows[0]["after"], follows[0]["retry"]["times"]) == ("9", 300, 2)
    assert (follows[2]["fallback"]["content"], follows[2]["after"], "retry" in follows[2]) == ("Goi lai", 1800, False)


def test_of_what_is_no_message_nothing_can_be_sent_here(browsers: Browsers, bench: Bench) -> None:
    hand_over(bench.notifier, kind="contact")
    [row] = bench.notifier.refused.list()
    browser = browsers("operator")
    assert "hãy để ứng dụng gửi lại" in browser.get(f"/refused/{row.id}").text
    assert browser.post(f"/refused/{row.id}/send").status_code == 422


def test_pages_follow_each_other_and_cost_the_same_however_much_was_taken_in_between(
    application: Application, bench: Bench
) -> None:
    for n in range(3):
        hand_over(bench.notifier, reference=f"r{n}")
        hand_over(bench.notifier, reference=f"other {n}", source="clinic")
    client, found, cursor = application("shop"), [], None
    for _ in range(3):
        page = client.get("/v1/refused", params={"most": 1} | ({"cursor": cursor} if cursor else {})).json()
        found += [(each["source"], each["reference"]) for each in page["requests"]]
        cursor = page["next"]
    assert (found, cursor) == ([("shop", "r2"), ("shop", "r1"), ("shop", "r0")], None)
    [row] = client.get("/v1/refused", params={"most": 1, "content": True}).json()["requests"]
    assert row["fields"]["to"] == "12" and "content" not in row["fields"] and "chữ số" in row["reason_vi"]
    assert client.get("/v1/refused?cursor=x").status_code == 422
    assert client.get("/v1/refused?source=clinic").status_code == 403


def test_a_list_is_read_by_the_index_of_what_was_refused_alone(bench: Bench) -> None:
    with bench.database.begin() as session:
        session.execute(text("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off"))
        for source, index in (("", "inbox_refused_idx"), ("source = 'shop' AND", "inbox_refused_source_idx")):
            question = f"SELECT id FROM inbox WHERE {source} state = 'refused' ORDER BY at DESC, id DESC LIMIT 50"
            assert index in "".join(session.scalars(text(f"EXPLAIN {question}")))
