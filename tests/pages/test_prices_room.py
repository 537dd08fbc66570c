"""*Prices*: a new price is put in on the page, what reports cost follows, and one that was wrong is taken away."""

from __future__ import annotations

import re

from tests.pages.conftest import Browsers
from tests.support import Bench, otp

AT = "/reports/prices"
OTP = {"sms_type": "7", "network": "", "valid_from": "2020-01-01", "dong": "790"}


def total(page: str) -> str:
    found = re.search(r'id="total-cost">([^<]*)', page)
    assert found
    return found[1]


def test_a_new_price_is_put_in_on_the_page_and_costs_follow_by_month_and_application(
    bench: Bench, browsers: Browsers
) -> None:
    for n, source in enumerate(("shop", "shop", "hr")):
        bench.set(
            bench.put(otp(f"090100000{n}"), source=source), status="'delivered'", accepted_at="now()", code="'100'"
        )
    bench.roll_up()
    operator, viewer = browsers("operator"), browsers("viewer")
    assert total(operator.get("/reports").text) == "?"
    assert f'href="{AT}"' in operator.get("/reports").text
    assert viewer.get(AT).status_code == 200 and 'name="dong"' not in viewer.get(AT).text
    assert viewer.post(AT, OTP).status_code == 403
    assert operator.post(AT, OTP).headers["location"] == AT
    assert re.search(r"mã OTP.*?các mạng còn lại.*?790.*?đang áp dụng", operator.get(AT).text, re.DOTALL)
    page = operator.get("/reports").text
    assert total(page) == "2.370\u00a0đ"
    by_source = page.partition('id="by-source"')[2].partition("</table>")[0]
    assert re.findall(r'<th scope="row">(\w+)</th>\s*<td[^>]*>([^<]*)', by_source) == [
        ("shop", "1.580\u00a0đ"),
        ("hr", "790\u00a0đ"),
    ]
    assert "lưu bảng giá" in browsers("admin").get("/log").text


def test_what_is_no_price_or_no_day_is_told_beside_its_field_and_nothing_is_lost(browsers: Browsers) -> None:
    operator = browsers("operator")
    for wrong in ({"dong": "1.200"}, {"dong": "x"}, {"valid_from": ""}, {"dong": "99999999"}, {"network": "x" * 500}):
        answer = operator.post(AT, OTP | wrong)
        [name] = wrong
        assert answer.status_code == 422 and f'id="e-{name}"' in answer.text, wrong
        assert 'value="2020-01-01"' in answer.text or name == "valid_from"


def test_a_price_that_was_wrong_is_taken_away_once(bench: Bench, browsers: Browsers) -> None:
    operator = browsers("operator")
    operator.post(AT, OTP)
    gone = {name: OTP[name] for name in ("sms_type", "network", "valid_from")}
    for _ in range(2):
        assert operator.post(f"{AT}/remove", gone).status_code == 303
    assert not bench.notifier.prices.list()
