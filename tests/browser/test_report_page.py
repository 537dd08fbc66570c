"""The page to keep, in a real Chromium: its figures are the database's, and what users wrote does nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from tests.browser.pages import DESKTOP, PHONE, Look, barriers
from tests.support import Bench, otp
from worker import Sms, SmsType
from worker.api.prices import PriceRow
from worker.catalogue import Language

pytestmark = pytest.mark.long  # where a browser is: `make test-browser` has them all

HOSTILE = """<script>alert('x')</script><img src=x onerror=alert(1)>"><svg onload=alert(2)>&lt;b&gt;{{7*7}}"""
EACH = """
    SELECT m.status, count(*) AS n FROM message AS m JOIN notification AS n ON n.id = m.notification_id
    WHERE n.campaign = :campaign GROUP BY m.status
"""


def ended(bench: Bench, campaign: str, status: str, times: int = 1, **columns: str) -> None:
    for number in range(times):
        ticket = bench.put(otp(f"09010000{number:02}"), campaign=campaign, source=HOSTILE[:20])
        facts = {"accepted_at": "wanted_at + interval '3 s'", "code": "'100'", "network": "'VIETTEL'"} | columns
        bench.set(ticket, status=f"'{status}'", settled_at="now()", **facts)


@pytest.fixture
def told(bench: Bench) -> Iterator[Bench]:
    """What did and did not arrive of two campaigns, one with a name that means harm; a call that is held; a pause."""
    price = PriceRow(sms_type=7, network="", valid_from=date(2020, 1, 1), dong=Decimal(800))
    bench.notifier.prices.put([price])
    ended(bench, HOSTILE, "delivered", 3)
    ended(bench, HOSTILE, "undelivered", 1, network="'<b onclick=alert(3)>net</b>'")
    ended(bench, "tết", "delivered", 2, price="790")
    ended(bench, "tết", "rejected", 2, code="'104'", accepted_at="NULL")
    ended(bench, "tết", "held", 1, reason="'<i>test</i>'", in_doubt_since="now()", accepted_at="NULL")
    bench.put(Sms(to="0901000009", content="x", sms_type=SmsType.OTP), campaign="tết", send_date=datetime.now(UTC))
    bench.notifier.pauses.pause_campaign(HOSTILE, "<script>alert(4)</script>")
    bench.roll_up()
    yield bench
    with bench.database.begin() as session:
        session.execute(text("UPDATE message SET reason = NULL"))  # it is no reason that the worker writes


@pytest.fixture
def pages(told: Bench, tmp_path: Path) -> dict[Language, str]:
    """The addresses of the page in both languages."""
    found = {}
    for language in Language:
        file = tmp_path / f"{language}.html"
        file.write_text(told.notifier.reports.page(language=language))
        found[language] = file.as_uri()
    return found


def test_the_figures_on_the_page_are_the_databases(browser: Any, told: Bench, pages: dict[Language, str]) -> None:
    with Look(browser, pages[Language.EN]) as look:
        by_name = {name: figures for name, *figures in look.rows("section:has(#campaigns) table")}
        for campaign in (HOSTILE, "tết"):
            assert by_name[campaign][:5] == [str(each) for each in counted(told, campaign)]
        totals = [look.text(f"#total-{name}") for name in ("messages", "delivered", "failed", "held", "open")]
        assert totals == ["10", "5", "3", "1", "1"]
        assert look.text("#total-rate").startswith("62.5 %")
        assert look.text("#total-cost").startswith("4,780 đ")  # 4 × 800 by the list, 2 × 790 as eSMS told
        assert [row[1:5] for row in look.rows("#by-day") if row[1] != "0"] == [["10", "5", "3", "1"]]
        assert [row[2:4] for row in look.rows("#by-code")] == [["104", "2"], ["100", "1"]]
        assert look.rows("#by-month")[0][1:3] == ["4,780 đ", "1,580 đ"]
        assert look.rows("#held")[0][1] == "1"
        assert look.rows("#paused")[0][1] == "<script>alert(4)</script>"
        assert "10 s: met" in look.rows("#by-lane")[0][-1]


def counted(bench: Bench, campaign: str) -> tuple[int, ...]:
    """Messages, delivered, failed, held, open, on the messages themselves."""
    with bench.database.begin() as session:
        found: dict[str, int] = {row.status: row.n for row in session.execute(text(EACH), {"campaign": campaign})}
    failed = found.get("undelivered", 0) + found.get("rejected", 0)
    others = (found.get(status, 0) for status in ("held", "queued"))
    return (sum(found.values()), found.get("delivered", 0), failed, *others)


def test_it_runs_nothing_fetches_nothing_and_names_that_mean_harm_are_only_read(
    browser: Any, pages: dict[Language, str]
) -> None:
    made_of_names = "script, img, b, [onclick], [onerror], [onload]"
    for address in pages.values():
        with Look(browser, address) as look:
            assert (look.errors, look.fetched) == ([], [address])
            assert HOSTILE in [name for name, *_ in look.rows("section:has(#campaigns) table")]
            assert look.page.locator(made_of_names).count() == 0


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_no_barrier_and_nothing_is_scrolled_sideways(
    browser: Any, pages: dict[Language, str], size: tuple[int, int], dark: bool
) -> None:
    for language, address in pages.items():
        assert barriers(browser, address, size, dark=dark) == []
        with Look(browser, address, size, dark=dark) as look:
            assert look.too_wide() <= 0
            assert look.page.get_attribute("html", "lang") == language
            levels = look.page.eval_on_selector_all("h1, h2, h3", "all => all.map(each => each.tagName)")
            assert (levels[0], levels.count("H1")) == ("H1", 1)
