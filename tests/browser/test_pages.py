"""The pages in a real Chromium: no barrier, no script error, nothing for the policy to stop, whatever people wrote."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import text

from tests.browser.pages import DESKTOP, PHONE
from tests.browser.story import live
from tests.law import VIETNAM, decree
from tests.support import Bench, otp
from worker import Sms, SmsType
from worker.access import UserRole
from worker.actor import Actor, Via, acting
from worker.catalogue import Language
from worker.catalogue.pages.common import WORDS as COMMON
from worker.web.pages.keys import key_of
from worker.web.pages.roles import LEAST, NAVIGATION

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

PASSWORD = "a long password of the tests"
MADE_OF_NAMES = "main script, main img, main b, [onclick], [onerror], [onload], [onmouseover], [href^='javascript']"
HOSTILE = [
    "<script>alert('x')</script><img src=x onerror=alert(1)>",
    "\"><svg onload=alert(2)>' onmouseover='alert(3)",
    "javascript:alert(4)//%0aalert(5)",
    "{{7*7}}${7*7}<b>&lt;i&gt;",
    "\u202eevil\u2066 \u0627\u0644\u0633\u0644\u0627\u0645 \x1b[31mred\x1b[0m",
    "x" * 10_000,
]
PATHS = sorted(path for method, path in LEAST if method == "GET" and "{" not in path and path not in {"/login"})


class Visit:
    """Somebody's browser; what it complains of is kept. script: False for one that runs none."""

    def __init__(self, browser: Any, base: str, **options: Any) -> None:
        self.base, self.errors = base, list[str]()
        self._context = browser.new_context(locale="vi-VN", timezone_id="Asia/Ho_Chi_Minh", **options)
        self.page = self._context.new_page()
        self.page.on("console", lambda message: self.errors.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("dialog", self._dismiss)
        self.page.on("request", self._within)

    def _dismiss(self, dialog: Any) -> None:
        self.errors.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def _within(self, request: Any) -> None:
        if not request.url.startswith((self.base, "data:")):
            self.errors.append(f"fetched {request.url}")

    def language(self, language: str) -> None:
        self._context.add_cookies([{"name": "esms_language", "value": language, "url": self.base}])

    def to(self, path: str) -> None:
        self.page.goto(self.base + path)

    def pages(self) -> list[str]:
        """The addresses that are whole pages: no fragment, no file."""
        return [path for path in PATHS if self._context.request.get(self.base + path).text().startswith("<!doctype")]

    def sign_in(self, bench: Bench, role: str = "admin") -> None:
        self.to(f"/enter/{bench.notifier.users.link(role, role=UserRole(role))}")
        self.page.click("main button")
        self.page.wait_for_url(self.base + "/")

    def too_wide(self) -> int:
        return int(self.page.evaluate("document.documentElement.scrollWidth - innerWidth"))

    def close(self) -> None:
        self._context.close()


@contextmanager
def visiting(browser: Any, base: str, **options: Any) -> Iterator[Visit]:
    visit = Visit(browser, base, **options)
    try:
        yield visit
    finally:
        visit.close()


def sized(size: tuple[int, int], scheme: str) -> dict[str, Any]:
    return {"viewport": {"width": size[0], "height": size[1]}, "color_scheme": scheme}


@pytest.fixture
def told(bench: Bench) -> Iterator[Bench]:
    """A day with everything in it."""
    live(bench)
    with acting(Actor("lan", Via.COMMAND, "desk-1")):
        bench.notifier.pause_campaign("tết")
    yield bench
    with bench.database.begin() as session:
        session.execute(text("UPDATE message SET reason = NULL"))


def message_paths(bench: Bench) -> list[str]:
    """One of each status."""
    with bench.database.begin() as session:
        found = session.scalars(text("SELECT DISTINCT ON (status) id FROM message ORDER BY status, id"))
        return [f"/messages/{id_}" for id_ in found]


def paths_of_one(bench: Bench) -> list[str]:
    """A request that was refused, a user, an event and its form."""
    event = f"/reminders/events/{key_of('page', 'hop')}"
    refused = bench.notifier.refused.list()[0].id
    return [f"/refused/{refused}?content=1", f"/users/{key_of('thu')}", event, f"{event}/edit"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_axe_finds_no_barrier_on_any_page_in_either_language_and_nothing_is_scrolled_sideways(
    browser: Any, address: str, told: Bench, scheme: str, size: tuple[int, int]
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    with visiting(browser, address, bypass_csp=True, **sized(size, scheme)) as visit:
        found: dict[str, list[str]] = {}
        for language in ("vi", "en"):
            visit.language(language)
            visit.to("/login")
            found |= looked_at(visit, axe, f"{language} /login")
            visit.sign_in(told)
            for path in [*visit.pages(), *message_paths(told)[:4], *paths_of_one(told), "/nothing"]:
                visit.to(path)
                found |= looked_at(visit, axe, f"{language} {path}")
            if size == PHONE:  # where that is on the sheet of all rooms
                visit.page.click(".tabs button")
                found |= looked_at(visit, axe, f"{language} sheet")
            visit.page.click("form[action='/logout'] button")
    assert {where: what for where, what in found.items() if what} == {}


def looked_at(visit: Visit, axe: Any, where: str) -> dict[str, list[str]]:
    violations = axe.run(visit.page).response["violations"]
    told = [f"{each['id']}: {each['nodes'][0]['html'][:150]}" for each in violations]
    wide = visit.too_wide()
    return {where: [*told, *([f"{wide} pixels too wide"] if wide > 0 else [])]}


def test_what_means_harm_is_only_read_wherever_it_stands(browser: Any, address: str, bench: Bench) -> None:
    for n, words in enumerate(HOSTILE):
        name = words[:200]
        fits = {"campaign": name, "reference": f"{name[:150]}{n}", "source": name[:60]} if name.isprintable() else {}
        ticket = bench.put(Sms(to=f"09010000{n:02}", content=words[:900], sms_type=SmsType.CUSTOMER_CARE), **fits)
        bench.set(ticket, status="'held'", in_doubt_since="now()", attempts="1", reason="'no answer came in time'")
        bench.notifier.contacts.upsert(
            key=f"k{n}", name="".join(filter(str.isprintable, name)), phones=[f"09010000{n:02}"]
        )
        if fits:
            with acting(Actor(name[:90], Via.HTTP, "10.0.0.1")):
                bench.notifier.pause_campaign(name)
    bench.put(otp("0901000099"), campaign="x" * 200)
    bench.roll_up()
    with visiting(browser, address, **sized(PHONE, "light")) as visit:
        visit.sign_in(bench)
        for path in [*visit.pages(), *(f"/messages/{each.id}" for each in bench.notifier.held.list())]:
            visit.to(path)
            assert visit.page.locator(MADE_OF_NAMES).count() == 0, path
            assert visit.too_wide() <= 0, path
        assert visit.errors == []


def test_now_follows_without_being_loaded_again(browser: Any, address: str, bench: Bench) -> None:
    with visiting(browser, address, **sized(DESKTOP, "light")) as visit:
        visit.sign_in(bench, "viewer")
        assert visit.page.inner_text("#waiting") == "0"
        visit.page.evaluate("window.here = 1")
        bench.put(otp())
        bench.roll_up()
        visit.page.wait_for_selector("#waiting:has-text('1')")
        assert visit.page.evaluate("window.here") == 1
        assert visit.errors == []


@pytest.mark.parametrize("answer", [None, 502])
def test_while_nobody_answers_now_says_of_when_it_is(
    browser: Any, address: str, bench: Bench, answer: int | None
) -> None:
    """Nobody at all, or a proxy in our place."""
    with visiting(browser, address, **sized(DESKTOP, "light")) as visit:
        visit.sign_in(bench, "viewer")
        assert not visit.page.is_visible("#unanswered")
        refuse = (lambda route: route.fulfill(status=answer)) if answer else (lambda route: route.abort())
        visit.page.route("**/now/figures*", refuse)
        visit.page.wait_for_selector("#unanswered", state="visible")
        assert ":" in visit.page.inner_text("#unanswered time")
        visit.page.unroute("**/now/figures*")
        visit.page.wait_for_selector("#unanswered", state="hidden")


def test_a_button_keeps_the_focus_while_now_looks_again(browser: Any, address: str, bench: Bench) -> None:
    with visiting(browser, address, **sized(DESKTOP, "light")) as visit:
        visit.sign_in(bench, "operator")
        visit.page.focus("#pause-bulk")
        bench.put(otp())
        bench.roll_up()
        visit.page.wait_for_selector("#waiting:has-text('1')")
        assert visit.page.evaluate("document.activeElement.id") == "pause-bulk"
        visit.page.keyboard.press("Enter")
        visit.page.wait_for_selector("#resume-bulk")
        assert [each.lane for each in bench.notifier.pauses.list()] == ["bulk"]


CUT_OFF = """() => [...document.querySelectorAll('.fold td, .fold button, .fold select')].filter(each => {
    const [own, row] = [each, each.closest('table')].map(one => one.getBoundingClientRect())
    return own.width && own.right > row.right + 1
}).map(each => each.outerHTML.slice(0, 100))"""


def test_on_a_phone_no_part_of_a_row_is_cut_off(browser: Any, address: str, told: Bench) -> None:
    decree(told.database, *VIETNAM.values())
    with visiting(browser, address, **sized((360, 700), "light")) as visit:
        visit.sign_in(told)
        for language in ("vi", "en"):
            visit.language(language)
            for path in visit.pages():
                visit.to(path)
                assert visit.page.evaluate(CUT_OFF) == [], (language, path)


def test_without_script_one_signs_in_decides_and_signs_out_with_the_keyboard_alone(
    browser: Any, address: str, told: Bench
) -> None:
    told.notifier.users.add("lan", "operator", PASSWORD)
    with visiting(browser, address, java_script_enabled=False, **sized(DESKTOP, "light")) as visit:
        visit.to("/held")
        keys = visit.page.keyboard
        visit.page.focus("#f-name")
        keys.type("lan")
        keys.press("Tab")
        keys.type(PASSWORD)
        keys.press("Enter")
        visit.page.wait_for_url(address + "/held")
        visit.page.focus("input[name=id] >> nth=0")
        keys.press("Space")
        visit.page.focus("#a-drop")
        keys.press("Space")
        visit.page.focus(".deciding button")
        keys.press("Enter")
        visit.page.wait_for_url(address + "/held?decided=1&late=0")
        visit.page.focus("form[action='/logout'] button")
        keys.press("Enter")
        visit.page.wait_for_url(address + "/login")


@pytest.mark.parametrize("size", [(320, 640), (640, 320)])  # upright, and held sideways
def test_on_a_phone_without_script_each_room_is_a_tap_or_two_away_and_shows_where_one_is(
    browser: Any, address: str, bench: Bench, size: tuple[int, int]
) -> None:
    with visiting(browser, address, java_script_enabled=False, **sized(size, "light")) as visit:
        visit.sign_in(bench)
        shown = visit.page.locator(".tabs :text-is('Chờ quyết định')").bounding_box()
        assert shown["x"] + shown["width"] <= size[0] and shown["y"] + shown["height"] <= size[1]
        for path, word in NAVIGATION:
            if visit.page.locator(f".tabs a[href='{path}']").count() == 0:
                visit.page.click(".tabs button")
            visit.page.click(f":is(.tabs, #rooms:popover-open) a[href='{path}']")
            visit.page.wait_for_url(f"{address}{path}")
            here = visit.page.inner_text(".tabs :is([aria-current], .current)").strip()
            assert here == COMMON[word].say(Language.VI)
            assert visit.too_wide() <= 0, path
        assert visit.errors == []
