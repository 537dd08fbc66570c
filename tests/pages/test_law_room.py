"""*Rules*: which there are with their sources, what they did, the register's age, what people ask and by when."""

from __future__ import annotations

import re
from dataclasses import replace

from tests.law import VIETNAM, decree
from tests.pages.conftest import Browsers
from tests.retention.time_travel import KEY_TEXT
from tests.support import Bench, login
from worker import RecordCall
from worker.api.people import People, PersonRequestKind
from worker.law.rules import Mode
from worker.roles import Role
from worker.settings.retention import KEY

TO = "0901000001"


def test_the_rules_are_seen_with_what_they_did_and_an_admin_changes_them(
    bench: Bench, browsers: Browsers, database_url: str
) -> None:
    count = VIETNAM["vn.ads.call.count"]
    decree(bench.database, replace(count, mode=Mode.WARN))
    for _ in range(2):
        bench.put(RecordCall(to=TO, record_id="2001"), purpose="advertising")
    bench.deliver()
    bench.notifier.law.import_register(["0901000002"])
    with People.from_env({"DATABASE_URL": login(database_url, Role.OWNER), KEY: KEY_TEXT}) as people:
        people.note(TO, PersonRequestKind.CORRECT, by="test")
    viewer, admin = browsers("viewer"), browsers("admin")
    seen = viewer.get("/law").text
    assert "Decree 91/2020/NĐ-CP, art. 13" in seen and "chỉ cảnh báo" in seen and "Khoảng 1 số. Nạp lần cuối" in seen
    assert "sửa dữ liệu" not in seen and 'action="/law/mode"' not in seen
    assert viewer.post("/law/mode", {"rule": count.name, "mode": "hold"}).status_code == 403
    admin.client.cookies.set("esms_language", "en")
    page = admin.get("/law").text
    assert "a correction" in page and "in time" in page and TO not in page
    assert admin.post("/law/mode", {"rule": count.name, "mode": "hold"}).status_code == 303
    assert [each.mode for each in bench.notifier.law.list()] == ["hold"]
    admin.client.cookies.set("esms_language", "vi")
    assert re.search(r"quy định</span>\s+" + re.escape(count.name), admin.get("/log").text)
    admin.client.cookies.set("esms_language", "en")
    decree(bench.database, VIETNAM["vn.ads.register"])
    refused = admin.post("/law/mode", {"rule": "vn.ads.register", "mode": "hold"})
    assert refused.status_code == 422 and "passes by itself" in refused.text
    assert admin.post("/law/mode", {"rule": "vn.ads.register", "mode": ""}).status_code == 422


def test_what_somebody_agreed_to_stands_on_their_page_for_whom_it_is_for(bench: Bench, browsers: Browsers) -> None:
    bench.notifier.contacts.upsert(key="1", source="page", name="Lan", phones=[TO])
    bench.notifier.consents.add(TO, wording="Toi dong y nhan tin", proof="F-17", frequency="2 a week")
    at = f"/contacts/{bench.notifier.contacts.show('1', source='page').id}"
    assert "Toi dong y nhan tin" in browsers("operator").get(at).text
    assert "Toi dong y nhan tin" not in browsers("viewer").get(at).text


def test_our_words_about_a_source_are_vietnamese_on_the_vietnamese_page_and_somebodys_own_are_left(
    browsers: Browsers, bench: Bench
) -> None:
    ours = "Decree 91/2020/NĐ-CP, art. 13; Law 91/2025/QH15; found in summaries, a lawyer must check it"
    decree(bench.database, replace(VIETNAM["vn.ads.consent"], source=ours))
    decree(bench.database, replace(VIETNAM["vn.ads.label"], source="our lawyer, art. 15 of the Decree "))
    page = browsers("viewer").get("/law").text
    said = "Nghị định 91/2020/NĐ-CP, Điều 13; Luật 91/2025/QH15; lấy từ bản tóm tắt, cần luật sư kiểm tra"
    assert said in page
    assert "our lawyer, art. 15 of the Decree" in page
    assert "found in summaries" not in page


def test_the_rules_that_are_there_from_the_start_are_told_without_patterns_and_somebodys_own_as_it_stands(
    browsers: Browsers, bench: Bench
) -> None:
    own = replace(VIETNAM["vn.ads.label"], name="our.label", parameters={"pattern": "^KM"})
    decree(bench.database, *VIETNAM.values(), own)
    page = browsers("viewer").get("/law").text
    assert page.count("<code>pattern") == 1
    assert "<code>pattern ^KM</code>" in page
    assert "Nhãn ở đầu tin: [QC] hoặc [AD]" in page
    assert "Tên định danh đã đăng ký: loại tin 1" in page
