"""Every word that a page says is in the catalogue, in both languages, and none is there for nothing."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

from worker.catalogue.pages.common import WORDS as COMMON
from worker.catalogue.pages.files import FILES
from worker.catalogue.text import Text

PAGES = Path(__file__).parents[2] / "worker" / "web" / "pages"
TEMPLATES = sorted((PAGES / "templates").rglob("*.j2"))
ROOMS = sorted({path.parent.name for path in TEMPLATES if path.parent.name != "templates"})
USED = re.compile(r"""word(?:\.(\w+)|\(\s*'([\w-]+)'\s*[,)])""")


def words_of(room: str) -> dict[str, Text]:
    found: dict[str, Text] = import_module(f"worker.catalogue.pages.{room}").WORDS
    return found


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_every_word_of_a_template_is_in_the_catalogue(template: Path) -> None:
    shared = COMMON | FILES if template.name == "files.html.j2" else COMMON
    known = shared if template.parent.name == "templates" else COMMON | words_of(template.parent.name)
    used = {dotted or called for dotted, called in USED.findall(template.read_text())}
    assert used - set(known) == set()


@pytest.mark.parametrize("room", ROOMS)
def test_every_word_is_said_in_both_languages_and_used(room: str) -> None:
    written = "".join(path.read_text() for path in (PAGES / "templates" / room).rglob("*.j2"))
    written += (PAGES / "templates" / "files.html.j2").read_text() if "files.html.j2" in written else ""
    written += "".join(path.read_text() for path in PAGES.rglob("*.py"))
    for name, saying in words_of(room).items():
        assert saying.en.strip() and saying.vi.strip()
        assert set(re.findall(r"\{(\w*)\}", saying.en)) == set(re.findall(r"\{(\w*)\}", saying.vi)), name
        families = [name[: at + 1] for at, letter in enumerate(name) if letter == "_"]  # of words that are put together
        put_together = any(f"'{family}' ~" in written or f'f"{family}{{' in written for family in families)
        assert put_together or re.search(rf"\b{re.escape(name)}\b", written), name


def test_the_words_of_all_pages_are_in_both_languages() -> None:
    assert all(saying.en.strip() and saying.vi.strip() for saying in COMMON.values())
