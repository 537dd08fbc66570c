"""A page in a real Chromium, and what must hold of every page: no error, nothing fetched, no barrier (axe)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DESKTOP, PHONE = (1200, 900), (375, 800)


@contextmanager
def launched() -> Iterator[Any]:
    """A browser; the test is skipped, and says why, where there is none."""
    sync = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: make test-browser")
    found = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if found is None:
        pytest.skip(f"no Chromium here: install one of {', '.join(CHROMIUMS)}")
    with sync.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


class Look:
    """One look at a page: what it said to the console, what it wanted from elsewhere."""

    def __init__(self, browser: Any, address: str, size: tuple[int, int] = DESKTOP, *, dark: bool = False) -> None:
        width, height = size
        scheme = "dark" if dark else "light"
        self._context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        self.page = self._context.new_page()
        self.errors: list[str] = []
        self.fetched: list[str] = []
        self.page.on("console", lambda message: self.errors.append(message.text))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("dialog", self._answer)
        self.page.on("request", lambda request: self.fetched.append(request.url))
        self.page.goto(address)

    def _answer(self, dialog: Any) -> None:
        self.errors.append(dialog.message)
        dialog.dismiss()

    def text(self, selector: str) -> str:
        """What a reader sees there."""
        return " ".join(str(self.page.inner_text(selector)).split())

    def rows(self, selector: str) -> list[list[str]]:
        """A table's body, cell by cell."""
        script = "rows => rows.map(row => [...row.children].map(cell => cell.textContent.trim().replace(/\\s+/g, ' ')))"
        found: list[list[str]] = self.page.eval_on_selector_all(f"{selector} tbody tr", script)
        return found

    def too_wide(self) -> int:
        """By how many pixels it would have to be scrolled sideways."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - innerWidth"))

    def close(self) -> None:
        self._context.close()

    def __enter__(self) -> Look:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def barriers(browser: Any, address: str, size: tuple[int, int] = DESKTOP, *, dark: bool = False) -> list[str]:
    """What axe has against it. The page's own policy keeps scripts out, axe too: it is put aside for this look."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed: make test-browser")
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", bypass_csp=True
    )
    page = context.new_page()
    page.goto(address)
    found = axe.Axe().run(page).response["violations"]
    context.close()
    return [f"{each['id']}: {each['help']}: {each['nodes'][0]['html'][:120]}" for each in found]
