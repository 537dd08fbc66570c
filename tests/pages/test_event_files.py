"""Files of events, by the page: fixed rows, days and times of workbooks, what is told of a row or a column."""

from __future__ import annotations

from datetime import date, datetime, time
from io import BytesIO
from typing import Any

import pytest
from openpyxl import Workbook

from tests.pages.conftest import Browser, Browsers
from tests.pages.test_campaigns import figure, uploaded
from tests.support import Bench

HEADER = "Họ tên;SĐT;Ngày hẹn;Giờ;Dịch vụ\n"
SAID = {"template": "hop", "offsets": "1d", "source": "file", "sms_type": "4", "dates": "dmy"}
COLUMNS = {"column-0": "name", "column-1": "phone", "column-2": "starts_at", "column-3": "time", "column-4": "title"}


@pytest.fixture
def operator(browsers: Browsers, bench: Bench) -> Browser:
    bench.notifier.templates.save("hop", content="Moi {name} den {title} luc {time}")
    return browsers("operator")


def taken(operator: Browser, rows: str, header: str = HEADER) -> str:
    """The file's own page."""
    return str(uploaded(operator, header + rows, name="lich.csv", to="/reminders/import").headers["location"])


def brought_in(operator: Browser, rows: str) -> str:
    """What the page says then."""
    address = taken(operator, rows)
    operator.post(address, SAID | COLUMNS)
    operator.post(f"{address}/run")
    return operator.get(address).text


def invited(bench: Bench) -> list[int]:
    return [listed.attendees for listed in bench.notifier.reminders.events()]


def test_mended_rows_add_their_guests_and_a_file_revives_no_event_that_was_called_off(
    operator: Browser, bench: Bench
) -> None:
    slot = "02/01/2030;8h30;Khám răng"
    file = f"Lan;0901000001;{slot}\nMinh;0901000002;{slot}\nMai;12;{slot}\n"
    said = brought_in(operator, file)
    assert "Bỏ những dòng bị loại" not in said and invited(bench) == [2]
    assert figure(brought_in(operator, f"Mai;0901000003;{slot}\n"), "changed") == "1"
    assert invited(bench) == [3]
    assert figure(brought_in(operator, f"Lan;0901000001;{slot}\n"), "unchanged") == "1"
    [listed] = bench.notifier.reminders.events()
    bench.notifier.reminders.cancel_event(source="file", key=listed.event.key)
    told = brought_in(operator, file)
    assert figure(told, "count-refused") == "3" and "của một sự kiện đã hủy" in told.lower()
    assert invited(bench) == []


def test_days_and_times_of_a_workbook_are_those_it_shows_whatever_order_texts_are_in(
    operator: Browser, bench: Bench
) -> None:
    book = Workbook()
    sheet: Any = book.active
    sheet.append(["Họ tên", "SĐT", "Ngày hẹn", "Giờ", "Dịch vụ"])
    for number, form in enumerate(("[$-F400]h:mm:ss AM/PM", "h:mm;@", "hh:mm", "h:mm AM/PM")):
        sheet.append([f"Lan {number}", f"090100000{number}", date(2030, 4, 3), time(8, 30), "Khám"])
        sheet.cell(number + 2, 4).number_format = form
    sheet.append(["Hoa", "0901000009", datetime(2030, 4, 3, 8, 30), None, "Khám"])  # noqa: DTZ001 — as Excel's are
    sheet.append(["Tu", "0901000008", "04/03/2030 8h30", None, "Khám"])
    book.save(file := BytesIO())
    address = operator.post("/reminders/import", files={"file": ("lich.xlsx", file.getvalue())}).headers["location"]
    operator.post(address, SAID | COLUMNS | {"dates": "mdy"})
    operator.post(f"{address}/run")
    [listed] = bench.notifier.reminders.events()
    assert (f"{listed.event.starts_at:%d/%m %H:%M}", listed.attendees) == ("03/04 01:30", 6)


def test_one_odd_name_or_title_or_a_reminder_after_the_start_refuses_its_row_alone(
    operator: Browser, bench: Bench
) -> None:
    rows = (
        f"L\u200ban;0901000001;02/01/2030;8h30;Khám\n{'n' * 501};0901000002;02/01/2030;8h30;Khám\n"
        f"Hoa;0901000003;02/01/2030;8h30;{'t' * 501}\nTu;0901000004;02/01/2030;8h30;Khám\n"
        "Mai;0901000005;02/01/2030;19h;Khám\n"
    )
    address = taken(operator, rows)
    operator.post(address, SAID | COLUMNS | {"offsets": "0d 18:00"})
    page = operator.get(address).text
    assert [figure(page, each) for each in ("added", "count-refused")] == ["1", "4"]
    assert page.count("điện thoại không hiển thị được") + page.count("Điện thoại không hiển thị được") == 3
    assert "là sau giờ bắt đầu" in page and "attendees" not in page and "Bỏ những dòng bị loại" in page


def test_what_was_chosen_stays_in_a_form_that_comes_back(operator: Browser) -> None:
    address = taken(operator, "Lan;0901000001;02/01/2030;8h30;Khám\n")
    for order in ("mdy", ""):
        back = operator.post(address, SAID | COLUMNS | {"offsets": "soon", "dates": order}).text
        assert f'<option value="{order}" selected' in back.partition('id="f-dates"')[2].partition("</select>")[0]
    people = uploaded(operator, "Tên,SĐT,Ghi chú\nLan,0901000001,\n", to="/contacts/import").headers["location"]
    wrong = {"column-0": "attr", "column-2": "name", "dates": "mdy", "source": "clinic", "tags": "khách"}
    page = operator.post(people, wrong).text  # neither a key nor a number
    assert '<option value="mdy" selected' in page and 'value="clinic"' in page and 'value="khách"' in page
    assert page.count('value="attr" selected') == 1 and 'value="phone" selected' not in page


def test_days_that_can_be_read_in_two_ways_are_refused_where_nobody_knows_and_others_are_not(
    operator: Browser,
) -> None:
    address = taken(operator, "Lan;0901000001;02/01/2030;8h30;Khám\nHoa;0901000002;15/01/2030;8h30;Khám\n")
    operator.post(address, SAID | COLUMNS | {"dates": ""})
    page = operator.get(address).text
    assert [figure(page, each) for each in ("added", "count-refused")] == ["1", "1"]


def test_two_columns_for_one_thing_are_refused_by_their_titles_and_two_of_one_title_are_told_apart(
    operator: Browser, bench: Bench
) -> None:
    address = taken(operator, "Lan;0901000001;02/01/2030;8h30;Khám\n")
    told = operator.post(address, SAID | COLUMNS | {"column-4": "name"})
    assert told.status_code == 422 and "Các cột Họ tên + Dịch vụ cùng được chọn" in told.text
    told = operator.post(address, SAID | COLUMNS | {"column-2": ""})
    assert "Chưa chọn cột ngày giờ" in told.text and "starts_at:" not in told.text
    twice = taken(operator, "0901000001;Lan;02/01/2030;8h30;Khám\n", header="SĐT;Tên;Ngày;Giờ;Tên\n")
    operator.post(twice, SAID | COLUMNS | {"column-0": "phone", "column-1": "name"})
    assert figure(operator.get(twice).text, "added") == "1"


def test_a_file_of_another_room_is_not_found_in_this_one(operator: Browser) -> None:
    appointments = taken(operator, "Lan;0901000001;02/01/2030;8h30;Khám\n").rpartition("/")[2]
    people = uploaded(operator, "Tên,SĐT\nLan,0901000001\n", to="/contacts/import").headers["location"]
    strange = [f"/reminders/import/{people.rpartition('/')[2]}", f"/contacts/import/{appointments}"]
    for address in [*strange, f"/campaigns/new/{appointments}"]:
        assert operator.get(address).status_code == 404
        assert operator.get(f"{address}/refused.csv").status_code == 404
    for address in strange:
        for route in ("", "/again", "/run"):
            assert operator.post(f"{address}{route}", SAID).status_code == 404
    campaign = f"/campaigns/new/{appointments}"
    assert operator.get(f"{campaign}/check").status_code == 404
    for route in ("", "/preview", "/test", "/send"):
        assert operator.post(f"{campaign}{route}", {"campaign": "x", "content": "x"}).status_code == 404, route
