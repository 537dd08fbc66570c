"""A room of the page in a real Chromium: signed in, and what must hold of every page there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from tests.browser.pages import DESKTOP, PHONE
from tests.support import Bench
from worker.access import UserRole

# Tables of which a part is seen only by scrolling sideways; those in closed details, too.
CUT_OFF = """[...document.querySelectorAll('.wide')]
    .filter(each => each.clientWidth && each.scrollWidth > each.clientWidth + 1)
    .map(each => each.getAttribute('aria-label'))"""
LOOKS = [(DESKTOP, False, "vi"), (DESKTOP, True, "en"), (PHONE, False, "en"), (PHONE, True, "vi")]


@contextmanager
def signed_in(
    browser: Any,
    bench: Bench,
    address: str,
    *,
    role: UserRole = UserRole.OPERATOR,
    size: tuple[int, int] = DESKTOP,
    dark: bool = False,
    language: str = "vi",
    script: bool = True,
    errors: list[str] | None = None,
) -> Iterator[Any]:
    """A window of somebody who is signed in; what its console says is put into `errors`."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        java_script_enabled=script,
    )
    context.add_cookies([{"name": "esms_language", "value": language, "url": address}])
    page = context.new_page()
    told = [] if errors is None else errors
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))

    def answer(dialog: Any) -> None:
        told.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", answer)
    try:
        page.goto(f"{address}/enter/{bench.notifier.users.link(str(role), role=role)}")
        page.click("main button")
        page.wait_for_url(f"{address}/")
        yield page
    finally:
        context.close()


def barriers_of(browser: Any, page: Any, addresses: Sequence[str]) -> list[str]:
    """What axe has against these, in every look, for whoever this window belongs to; and what is wider than a phone."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed: make test-browser")
    found: list[str] = []
    for size, dark, language in LOOKS:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if dark else "light",
            bypass_csp=True,  # the page's own policy keeps axe out, too
            storage_state=page.context.storage_state(),
        )
        look = context.new_page()
        for address in addresses:
            context.add_cookies([{"name": "esms_language", "value": language, "url": address}])
            look.goto(address)
            where = f"{address.rpartition('/')[2]} {size} {'dark' if dark else 'light'} {language}"
            wrong = axe.Axe().run(look).response["violations"]
            found += [f"{where}: {each['id']}: {each['nodes'][0]['html'][:160]}" for each in wrong]
            if look.evaluate("document.documentElement.scrollWidth - innerWidth") > 0:
                found.append(f"{where}: wider than the window")
            found += [f"{where}: has to be scrolled sideways: {each}" for each in look.evaluate(CUT_OFF)]
        context.close()
    return found
