"""Contacts, templates, rules and why, by the page: from nothing to a rule that reminds, and one person's history."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import text

from tests.law import VIETNAM, decree
from tests.pages.conftest import Browser, Browsers
from tests.pages.test_campaigns import figure, uploaded
from tests.support import Bench
from worker import Sms, SmsType
from worker.contacts import ContactFields
from worker.web.pages.keys import key_of

FILE = "Mã,Họ tên,SĐT,Ngày sinh\n1,Nguyễn Lan,0901000001,15/08/1990\n2,Trung,12,\n3,Mai,0901000003,\n"
COLUMNS = {"column-0": "key", "column-1": "name", "column-2": "phone", "column-3": "birth_date", "source": "clinic"}


@pytest.fixture
def operator(browsers: Browsers) -> Browser:
    return browsers("operator")


@pytest.fixture
def lan(bench: Bench) -> str:
    """A contact: her address."""
    bench.notifier.contacts.upsert(key="0901000001", source="clinic", name="Nguyễn Lan", phones="0901000001",
                                   birth_date="1990-08-15", attributes={"room": "secret room"})  # fmt: skip
    return f"/contacts/{bench.notifier.contacts.show('0901000001').id}"


def test_contacts_come_in_from_a_file_as_they_are_guessed_and_seen(operator: Browser, bench: Bench) -> None:
    assert "Danh bạ còn trống" in operator.get("/contacts").text
    address = uploaded(operator, FILE, to="/contacts/import").headers["location"]
    page = operator.get(address).text
    assert len(re.findall(r'value="(?:key|name|phone|birth_date)" selected', page)) == 4
    assert operator.post(address, COLUMNS | {"dates": "dmy", "tags": "khách"}).headers["location"] == address
    checked = operator.get(address).text
    assert (figure(checked, "added"), figure(checked, "count-refused")) == ("2", "1")
    assert bench.notifier.contacts.list() == []
    operator.post(f"{address}/again")
    operator.post(address, COLUMNS | {"dates": "dmy"})
    operator.post(f"{address}/run")
    assert {row.name for row in bench.notifier.contacts.list(source="clinic")} == {"Nguyễn Lan", "Mai"}
    assert "Trung" in operator.get(f"{address}/refused.csv").text


@pytest.mark.parametrize("wanted", ["0901 000 001", "nguyen", "0901000001", "+84901000001"])
def test_somebody_is_found_by_number_key_or_name_and_no_address_says_so(
    operator: Browser, lan: str, wanted: str
) -> None:
    found = operator.post("/contacts/find", {"wanted": wanted})
    assert found.status_code == 200 and lan in found.text and wanted not in str(found.url)
    assert "Không tìm thấy" in operator.post("/contacts/find", {"wanted": "nobody"}).text


def test_one_person_shows_what_they_got_and_opts_out_and_in(operator: Browser, bench: Bench, lan: str) -> None:
    ticket = bench.put(purpose="reminder", campaign="tet")
    page = operator.get(lan).text
    assert "0901 000 001" in page and "tet" in page and "secret room" in page
    operator.post(f"{lan}/opt-out")
    assert bench.status(ticket) == "cancelled"
    assert "đã từ chối" in operator.get(lan).text
    operator.post(f"{lan}/opt-in")
    assert bench.notifier.contacts.show("0901000001").opted_out_at is None
    assert operator.post(f"{lan}/remove").headers["location"] == "/contacts"
    assert operator.get(lan).status_code == 404


def test_who_may_not_see_people_sees_them_masked(browsers: Browsers, bench: Bench, lan: str) -> None:
    bench.notifier.templates.save("hen", content="Moi {name} den phong kham luc 8 gio")
    viewer = browsers("viewer")
    for page in (viewer.get("/contacts"), viewer.get(lan), viewer.get(f"/templates/{key_of('hen')}")):
        assert "0901***001" in page.text
        for secret in ("0901000001", "901000001", "0901 000 001", "1990", "secret room", "den phong kham luc"):
            assert secret not in page.text.replace("Moi {name} den phong kham luc 8 gio", ""), secret
        assert "/opt-out" not in page.text


def test_somebody_is_added_by_hand_and_a_wrong_number_told_beside_it(operator: Browser, bench: Bench) -> None:
    wrong = operator.post("/contacts/new", {"name": "Hoa", "phones": "12"})
    assert wrong.status_code == 422 and 'aria-invalid="true"' in wrong.text
    added = operator.post("/contacts/new", {"name": "Hoa", "phones": "0901 000 009", "birth_date": "1990-01-02"})
    assert "0901 000 009" in operator.get(added.headers["location"]).text


def test_a_page_of_contacts_leads_to_the_next(operator: Browser, bench: Bench) -> None:
    bench.notifier.contacts.upsert_many(
        [_contact(number) for number in range(51)]  # one more than a page
    )
    page = operator.get("/contacts").text
    [following] = re.findall(r'href="(/contacts\?after=[^"]+)"', page)
    assert page.count("Người ") == 50 and operator.get(following).text.count("Người ") == 1


def _contact(number: int) -> ContactFields:
    return ContactFields(key=str(number), name=f"Người {number}", phones=f"09010{number:05}")


def test_a_template_is_previewed_for_people_saved_and_taken_back(operator: Browser, bench: Bench, lan: str) -> None:
    fields = {"name": "hen", "kind": "sms", "content": "Moi {name} den", "diacritics": "strip"}
    assert "Moi Nguyen Lan den" in operator.post("/templates/preview", fields, headers={"HX-Request": "true"}).text
    offer = fields | {"content": "Qua tang cho {name}", "purpose": "advertising"}
    decree(bench.database, VIETNAM["vn.ads.label"])
    told = operator.post("/templates/preview", offer, headers={"HX-Request": "true"}).text
    assert "Nội dung không có nhãn quảng cáo ở đầu (vn.ads.label" in told and "hãy bắt đầu bằng [QC]" in told
    service = operator.post("/templates/preview", offer | {"purpose": "service"}, headers={"HX-Request": "true"}).text
    assert "đọc như quảng cáo" in service and "Content:" not in service and "Qua tang cho Nguyen Lan" in told
    assert operator.post("/templates/new", fields | {"content": "{nobody}"}).status_code == 422
    looked = operator.post("/templates/new", fields | {"then": "look"})
    assert looked.status_code == 200 and bench.notifier.templates.all() == []
    address = operator.post("/templates/new", fields).headers["location"]
    operator.post(address, fields | {"content": "Chao {name}"})
    page = operator.get(address).text
    assert "Moi {name} den" in page and "Chao {name}" in page and "Chao Nguyen Lan" in page
    operator.post(address, fields)  # the former text again, as its button does
    assert [row.content for row in bench.notifier.templates.versions("hen")] == [
        "Moi {name} den", "Chao {name}", "Moi {name} den",
    ]  # fmt: skip
    assert operator.post(f"{address}/remove").headers["location"] == "/templates"
    assert operator.post("/templates/new", fields | {"kind": "x"}).status_code == 422


RULE = {"name": "sinh nhật", "kind": "birthday", "template": "hen", "at": "09:00", "late_until": "20:00",
        "days_before": "0", "sms_type": str(int(SmsType.NOTIFY)), "then": "save"}  # fmt: skip


def test_a_rule_is_looked_at_kept_changed_held_back_and_ended(operator: Browser, bench: Bench, lan: str) -> None:
    assert "mẫu tin" in operator.get("/reminders/new").text
    bench.notifier.templates.save("hen", content="Chuc mung {name}")
    looked = operator.post("/reminders/new", RULE | {"then": "look"}).text
    assert "09:00" in looked and bench.notifier.reminders.rules() == []
    assert operator.post("/reminders/new", RULE | {"late_until": "08:00"}).status_code == 422
    assert operator.post("/reminders/new", RULE | {"template": "none"}).status_code == 422
    address = operator.post("/reminders/new", RULE).headers["location"]
    assert "sinh nhật" in operator.get("/reminders").text
    operator.post(address, RULE | {"at": "10:00"})
    assert bench.notifier.reminders.show("sinh nhật").spec["at"] == "10:00"
    operator.post(f"{address}/pause")
    assert "đang tạm dừng" in operator.get(address).text
    operator.post(f"{address}/resume")
    operator.post(f"{address}/remove")
    assert bench.notifier.reminders.rules() == []


def test_when_a_rule_would_come_is_told_in_the_readers_dates_and_that_it_is_for_whose_day_it_is(
    operator: Browser, bench: Bench, lan: str
) -> None:
    bench.notifier.templates.save("hen", content="Chuc mung {name}")
    by_day = operator.post("/reminders/new", RULE | {"then": "look"}).text
    assert "Hằng ngày lúc 09:00, cho người đến ngày." in by_day
    assert re.search(r'data-name="Cho ngày">\d\d/\d\d/\d{4}<', by_day)
    often = {"kind": "recurring", "cron": "0 9,15 * * *", "name": "o", "then": "look", "at": "", "late_until": ""}
    by_hour = operator.post("/reminders/new", RULE | often).text
    assert "cho người đến ngày." not in by_hour
    assert re.search(r'data-name="Cho ngày">(09|15):00 \d\d/\d\d/\d{4}<', by_hour)


def test_what_the_form_of_a_rule_does_not_ask_stays(operator: Browser, bench: Bench) -> None:
    from worker.recurrence import Feb29
    from worker.reminders import Anniversary, Channel

    bench.notifier.templates.save("hen", content="Chuc mung {name}")
    bench.notifier.reminders.add(
        Anniversary(name="r", template="hen", feb29=Feb29.MAR1, zone="Asia/Tokyo", channel=Channel(sms_type=4))
    )
    operator.post(f"/reminders/rules/{key_of('r')}", RULE | {"name": "other"})
    row = bench.notifier.reminders.show("r")
    assert (row.spec["feb29"], row.zone, row.spec["at"]) == ("mar1", "Asia/Tokyo", "09:00")


def test_the_year_counts_what_comes_and_why_says_why_not(operator: Browser, bench: Bench, lan: str) -> None:
    bench.notifier.templates.save("hen", content="Chuc mung {name}")
    assert "Chưa có gì" in operator.get("/reminders/year").text
    operator.post("/reminders/new", RULE)
    with bench.database.begin() as session:
        session.execute(text("UPDATE reminder SET failing_since = now(), failure = 'ValueError at plan.py:1'"))
    assert "ValueError at plan.py:1" in operator.get("/reminders").text
    year = operator.get("/reminders/year?since=2027-01-01&rate=1&price=500&balance=100").text
    assert figure(year, "messages") == "1" and "sinh nhật: 1" in year and "15/08/2027" in year
    assert operator.get("/reminders/year?since=2027-01-01&count=12&rate=&price=&balance=").status_code == 200
    for wrong in ("since=x", "count=x", "rate=-1", "count=999999"):
        assert operator.get(f"/reminders/year?{wrong}").status_code in (200, 422)
    assert "hãy ghi năm từ 1970" in operator.get("/reminders/year?since=9999-12-31").text
    told = operator.post("/reminders/why", {"person": "0901000001", "day": "2027-01-02"}).text
    assert "không phải ngày của người này" in told
    assert operator.post("/reminders/why", {"person": "nobody"}).status_code == 422


EVENT = {"title": "Họp khách hàng", "place": "Tầng 2", "starts_at": "2030-01-02T08:00", "template": "hop",
         "offsets": "1d, 2h", "sms_type": "4"}  # fmt: skip


def test_an_event_is_written_with_whom_it_invites_and_changed_with_what_is_queued(
    operator: Browser, bench: Bench, lan: str
) -> None:
    bench.notifier.templates.save("hop", content="Moi {name} den {title}")
    wrong = operator.post("/reminders/events/new", EVENT | {"attendees": "0901 000 002, Mai\nnobody"})
    assert wrong.status_code == 422 and "dòng 2" in wrong.text.lower() and "0901 000 002, Mai" in wrong.text
    bench.notifier.contacts.upsert(key="lan", source="clinic", name="Lan", phones="0901000004")
    made = operator.post("/reminders/events/new", EVENT | {"attendees": "Mai\t0901 000 002\nlan"})
    page = operator.get(made.headers["location"]).text
    assert "Họp khách hàng" in page and "0901 000 002" in page and "Tầng 2" in page
    assert "1 ngày, 2 giờ" in page and "tạo trên trang này" in page
    form = operator.get(f"{made.headers['location']}/edit").text
    assert 'value="1 ngày, 2 giờ"' in form
    assert "0901000002, Mai" in form and 'value="2030-01-02T08:00"' in form
    changed = operator.post(
        f"{made.headers['location']}/edit",
        EVENT | {"offsets": "1 ngày, 2 giờ", "attendees": "lan", "starts_at": "2030-01-03T09:00"},
    )
    assert changed.headers["location"] == made.headers["location"]
    [listed] = bench.notifier.reminders.events()
    assert listed.event.offsets == ("1d", "2h")
    assert (listed.attendees, f"{listed.event.starts_at:%d %H}") == (1, "03 02")


def test_an_event_of_an_application_is_not_changed_here(operator: Browser, bench: Bench) -> None:
    assert operator.get(f"/reminders/events/{key_of('clinic', '17')}/edit").status_code == 422


CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:x
BEGIN:VEVENT
UID:{uid}
DTSTAMP:20260101T000000Z
DTSTART:20300102T010000Z
SUMMARY:Khám răng
DESCRIPTION:mot dong khong phai hai
ATTENDEE;CN=Lan:tel:+84901000001
END:VEVENT
END:VCALENDAR
"""


def test_a_calendar_is_looked_at_and_brought_in_once(operator: Browser, bench: Bench) -> None:
    bench.notifier.templates.save("hop", content="Moi {name} den {title}")
    refused = uploaded(operator, FILE, name="lich.ics", to="/reminders/import")
    assert refused.status_code == 422 and "không phải tệp lịch" in refused.text.lower()
    address = uploaded(operator, CALENDAR.format(uid="a"), to="/reminders/import").headers["location"]
    said = {"template": "hop", "offsets": "1d", "phones": "0901000009", "source": "ics", "sms_type": "4"}
    for wrong in ({"offsets": "soon"}, {"offsets": ""}, {"phones": "12"}, {"template": ""}):
        assert operator.post(address, said | wrong).status_code == 422
    operator.post(address, said | {"template": "none"})
    assert "notice bad" in operator.get(address).text
    operator.post(address, said)
    assert figure(operator.get(address).text, "added") == "1" and bench.notifier.reminders.events() == []
    operator.post(f"{address}/again")
    operator.post(address, said)
    for _ in range(2):
        operator.post(f"{address}/run")
    [listed] = bench.notifier.reminders.events()
    assert (listed.event.title, listed.attendees) == ("Khám răng", 2)
    [act] = bench.notifier.acts.list(what="upload.run")
    assert act.who == "operator"


APPOINTMENTS = (
    "Họ tên;SĐT;Ngày hẹn;Giờ;Dịch vụ;Phòng\n"
    "Lan;0901000001;02/01/2030;8h30;Khám răng;P1\nMinh;0901000002;02/01/2030;08:30;Khám răng;P1\n"
    "Hoa;0901000003;03/01/2030;14 giờ;Tái khám;\nMai;12;02/01/2030;8h30;Khám răng;P1\n"
    "Ha;0901000004;05/01/2030;;Khám;\nTu;0901000005;02/01/2020;8h;Khám;\n"
)


def test_appointments_of_a_spreadsheet_are_looked_at_and_brought_in_once(operator: Browser, bench: Bench) -> None:
    bench.notifier.templates.save("hop", content="Moi {name} den {title} luc {time}")
    address = uploaded(operator, APPOINTMENTS, name="lich.csv", to="/reminders/import").headers["location"]
    chosen = re.findall(r'name="column-(\d)".*?<option value="(\w+)" selected', operator.get(address).text)
    assert [use for _, use in chosen] == ["name", "phone", "starts_at", "time", "title", "place"]
    said = {"template": "hop", "offsets": "1d", "source": "file", "sms_type": "4", "dates": "dmy"}
    columns = {f"column-{place}": use for place, use in chosen}
    told = operator.post(address, said | columns | {"column-1": ""})
    assert told.status_code == 422 and "cột số điện thoại" in told.text
    for _ in range(2):  # as it is without a plan, too; changed, and checked again
        assert operator.post(f"{address}/again").headers["location"] == address
        operator.post(address, said | columns)
    page = operator.get(address).text
    assert [figure(page, name) for name in ("added", "over", "count-refused")] == ["2", "1", "2"]
    assert "không có giờ" in page.lower() and bench.notifier.reminders.events() == []
    assert "0901000004" in operator.get(f"{address}/refused.csv").text
    for _ in range(2):
        operator.post(f"{address}/run")
    [first, second] = bench.notifier.reminders.events()
    assert (first.event.title, first.event.place, first.attendees) == ("Khám răng", "P1", 2)
    assert f"{second.event.starts_at:%d %H:%M}" == "03 07:00"
    again = uploaded(operator, APPOINTMENTS, name="lich.csv", to="/reminders/import").headers["location"]
    operator.post(again, said | columns)
    assert figure(operator.get(again).text, "unchanged") == "2"


def test_an_event_is_shown_and_called_off(operator: Browser, bench: Bench) -> None:
    bench.notifier.templates.save("hen", content="Moi {name} den {title}")
    bench.notifier.reminders.upsert_event(
        source="clinic", key="17/x", title="Khám <b>", starts_at="2030-01-02T08:00", offsets=["1d"], template="hen",
        attendees=[{"key": "1", "phone": "0901000001"}], sms_type=4,
    )  # fmt: skip
    page = operator.get("/reminders").text
    [address] = {*re.findall(r'href="(/reminders/events/[^"]+)"', page)} - {"/reminders/events/new"}
    assert "Khám &lt;b&gt;" in operator.get(address).text
    operator.post(f"{address}/cancel")
    assert "đã hủy" in operator.get(address).text


def test_an_admin_forgets_a_person_after_seeing_what_goes_and_what_stays(
    browsers: Browsers, bench: Bench, lan: str
) -> None:
    bench.put(Sms(to="0901000001", content="Chao chi Lan", sms_type=SmsType.NOTIFY))
    bench.notifier.contacts.opt_out_phones(["0901000001"])
    admin = browsers("admin")
    assert f'href="{lan}/forget"' in admin.get(lan).text
    assert f'href="{lan}/forget"' not in browsers("operator").get(lan).text
    seen = admin.get(f"{lan}/forget")
    assert (seen.status_code, "Xóa mọi dữ liệu của Nguyễn Lan?" in seen.text) == (200, True)
    for told in ("Hủy 1 tin đang chờ", "thông tin trong danh bạ", "nếu xóa, họ sẽ lại nhận tin", "opt_out_too"):
        assert told in seen.text
    assert "0901000001" not in seen.text
    assert admin.get(lan).status_code == 200
    done = admin.post(f"{lan}/forget")
    assert (done.status_code, "Hủy 1 tin đang chờ" in done.text) == (200, True)
    assert admin.get(lan).status_code == admin.post(f"{lan}/forget").status_code == 404
    assert "admin" in admin.get("/log").text and "xóa dữ liệu của một người" in admin.get("/log").text


def test_who_got_nothing_and_never_opted_out_is_forgotten_as_well(browsers: Browsers, lan: str) -> None:
    seen = browsers("admin").get(f"{lan}/forget")
    assert (seen.status_code, "opt_out_too" in seen.text) == (200, False)
