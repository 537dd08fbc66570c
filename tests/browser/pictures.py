"""`python -m tests.browser.pictures`: the pages as they look, for the README and for whoever changes them.

Writes docs/pictures/page-NAME.png; with --all each page in both themes, languages and sizes, into the folder given.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests import canary
from tests.browser.pages import launched
from tests.browser.story import live
from tests.http_door import serving
from tests.support import PASSWORD, Bench
from worker.access import UserRole
from worker.database import Database
from worker.devkit import simulator
from worker.devkit.postgres import Postgres
from worker.devkit.valkey import Valkey
from worker.migrating import migrate
from worker.roles import Role
from worker.roles.logins import set_passwords

ROOT = Path(__file__).parents[2]
DESKTOP, PHONE = (1280, 860), (390, 844)
README = {
    "now": ("/", DESKTOP, "light", "en"),
    "now-vi": ("/", DESKTOP, "light", "vi"),
    "phone": ("/", PHONE, "dark", "vi"),
    "held": ("/held", DESKTOP, "light", "vi"),
}


@contextmanager
def told() -> Iterator[tuple[Bench, str]]:
    """The story in servers of its own, and the address of its page."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="esms-worker-pictures-")))
        url = stack.enter_context(Postgres(folder / "postgres", durable=False)).url
        redis = stack.enter_context(Valkey(folder / "valkey", durable=False)).url
        database = stack.enter_context(Database(url))
        migrate(database)
        with database.begin() as session:
            set_passwords(session.connection(), dict.fromkeys((Role.WORKER, Role.PRODUCER), PASSWORD))
        esms = stack.enter_context(simulator.start(api_key=canary.API_KEY, secret_key=canary.SECRET_KEY))
        bench = stack.enter_context(Bench(database, url, esms))
        live(bench)
        yield bench, stack.enter_context(serving(url, redis))


def shoot(
    browser: Any, bench: Bench, address: str, path: str, file: Path, size: tuple[int, int], theme: str, language: str
) -> None:
    """One picture, by somebody who may see people."""
    width, height = size
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme)
    context.add_cookies([{"name": "esms_language", "value": language, "url": address}])
    page = context.new_page()
    page.goto(f"{address}/enter/{bench.notifier.users.link('hoa', role=UserRole.ADMIN)}")
    page.click("main button")
    page.goto(address + path)
    page.screenshot(path=file, full_page=file.parent.name != "pictures")
    context.close()


def print_out(browser: Any, bench: Bench, address: str, path: str, file: Path) -> None:
    """As it comes out of a printer."""
    page = browser.new_page()
    page.goto(f"{address}/enter/{bench.notifier.users.link('hoa', role=UserRole.ADMIN)}")
    page.click("main button")
    page.goto(address + path)
    page.pdf(path=file, format="A4")
    page.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", type=Path, metavar="FOLDER")
    parser.add_argument("--paths", nargs="*", default=["/", "/held", "/log", "/login"])
    given = parser.parse_args()
    with told() as (bench, address), launched() as browser:
        if given.all is None:
            for name, (path, size, theme, language) in README.items():
                shoot(
                    browser,
                    bench,
                    address,
                    path,
                    ROOT / "docs" / "pictures" / f"page-{name}.png",
                    size,
                    theme,
                    language,
                )
            return
        given.all.mkdir(parents=True, exist_ok=True)
        for path in given.paths:
            for size, theme, language in ((DESKTOP, "light", "en"), (DESKTOP, "dark", "vi"), (PHONE, "light", "vi")):
                name = f"{path.strip('/').replace('/', '-') or 'now'}-{size[0]}-{theme}-{language}.png"
                shoot(browser, bench, address, path, given.all / name, size, theme, language)
            print_out(browser, bench, address, path, given.all / f"{path.strip('/').replace('/', '-') or 'now'}.pdf")


if __name__ == "__main__":
    main()
