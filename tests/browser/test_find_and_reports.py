"""*Find* and *Reports* in a real Chromium: found, looked at, done; figures are the database's, and nothing runs."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from tests.browser.rooms import barriers_of, signed_in
from tests.support import Bench, eventually, otp
from worker import sweeps
from worker.access import UserRole

pytestmark = pytest.mark.long  # where a browser is: `make test-browser` has them all

HOSTILE = """<script>alert('x')</script>"><img src=x onerror=alert(1)> &lt;b&gt; {{7*7}}""" + "dài" * 40
NAME = HOSTILE[:60].strip()


@pytest.fixture
def told(bench: Bench) -> Bench:
    """Forty of a campaign, some of which ended; and one whose names mean harm."""
    bench.notifier.enqueue_many((otp(f"09010000{n:02}") for n in range(40)), source="shop", campaign="tết 2027")
    bench.put(otp("0902000001"), source=HOSTILE[:38].strip(), campaign=HOSTILE[:120].strip())
    bench.notifier.contacts.upsert(key=NAME, name=NAME, phones="0902000001")
    with bench.database.begin() as session:
        session.execute(
            text("""
            UPDATE message SET status = s.status, code = s.code, settled_at = now(), network = 'VIETTEL',
                accepted_at = CASE WHEN s.code = '100' THEN now() END
            FROM (VALUES ('0', 'delivered', '100'), ('1', 'rejected', '118'), ('2', 'undelivered', '100'))
                AS s (n, status, code)
            WHERE right(phone, 1) = s.n AND phone LIKE '+849010%'
        """)
        )
    bench.roll_up()
    return bench


def look(page: Any, words: str = "", **filters: str) -> None:
    page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/", 3)[2] + "/find")
    page.fill("#f-q", words)
    if filters:
        page.evaluate("document.querySelector('main details').open = true")
    for name, value in filters.items():
        if name in ("status", "lane", "purpose"):
            page.select_option(f"#f-{name}", value)
        else:
            page.fill(f"#f-{name}", value)
    page.click("search button.main")


def figure(page: Any, id_: str) -> int:
    return int(page.inner_text(f"#{id_}").split("\n")[0].replace(".", "").replace(",", ""))


def test_somebody_finds_cancels_and_sends_again_and_the_figures_are_the_databases(
    browser: Any, told: Bench, address: str
) -> None:
    errors: list[str] = []
    with signed_in(browser, told, address, errors=errors) as page:
        look(page, "0901 000 001")
        assert page.locator("#found tbody tr").count() == 1 and "0901 000 001" in page.inner_text("#found")
        look(page, "tết 2027", status="queued")
        assert page.locator("#found tbody tr").count() == 28
        page.check("#found tbody tr:first-child input")
        page.click("#act button[value=cancel]")
        page.click("main button.grave")
        assert (figure(page, "found"), figure(page, "moved")) == (1, 1)

        look(page, "tết")
        page.check("#act input[value=all]")
        page.click("#act button[value=retry]")
        assert figure(page, "foreseen") == 8
        page.click("main button.main")
        assert "8" in page.inner_text("#came-to")
    with told.database.begin() as session:
        assert session.scalar(text("SELECT count(*) FROM message WHERE status = 'cancelled'")) == 1
        assert session.scalar(text("SELECT count(*) FROM message WHERE generation = 1")) == 8
    assert errors == []


def test_progress_is_seen_without_loading_again(
    browser: Any, told: Bench, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeps.steps, "AT_ONCE", 10)
    told.notifier.enqueue_many(otp(f"09030{n:05}") for n in range(1200))
    told.roll_up()
    with signed_in(browser, told, address) as page:
        look(page, status="queued")
        page.check("#act input[value=all]")
        page.click("#act button[value=cancel]")
        page.click("main button.grave")
        page.wait_for_selector("#progress progress")
        while sweeps.go_on(told.workers, told.settings):
            pass
        eventually(lambda: page.locator("#progress progress").count() == 0)
        assert figure(page, "moved") == 1229


def test_all_of_it_works_without_script_and_what_people_wrote_does_nothing(
    browser: Any, told: Bench, address: str
) -> None:
    errors: list[str] = []
    with signed_in(browser, told, address, script=False, errors=errors) as page:
        page.goto(f"{address}/find")
        page.fill("#f-q", NAME)
        page.click("search button.main")
        assert page.locator("#found tbody tr").count() == 1
        page.check("#act input[value=all]")
        page.click("#act button[value=pause]")
        page.click("main button.main")
        page.goto(f"{address}/reports")
        page.fill("#f-campaign", "tết 2027")
        page.click("main button.main")
        assert page.inner_text("#total-messages").startswith("40")
    assert [each for each in errors if "favicon" not in each] == []
    assert len(told.notifier.pauses.list()) == 1


@pytest.mark.timeout(600)
def test_no_page_has_a_barrier_in_either_language_theme_or_size(browser: Any, told: Bench, address: str) -> None:
    with signed_in(browser, told, address, role=UserRole.ADMIN) as page:
        addresses = [f"{address}/find", f"{address}/find/sweeps", f"{address}/reports"]
        look(page, "tết")
        addresses.append(page.url)
        for act in ("cancel", "move", "retry", "pause"):
            page.goto(addresses[3])
            page.check("#act input[value=all]")
            page.click(f"#act button[value={act}]")
            addresses.append(page.url)
        page.goto(addresses[4])
        page.click("main button.grave")
        addresses.append(page.url)
        look(page, "nothing like that")
        addresses.append(page.url)
        look(page, NAME)
        addresses.append(page.url)
        found = barriers_of(browser, page, addresses)
        assert not found, "\n".join(found)
