"""Tables for docs/faults.md."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "faults.md"


def table(head: list[str], rows: Iterable[list[str]]) -> str:
    """As Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def rows_between(mark: str) -> list[list[str]]:
    """Of the table that stands between these marks, without its head."""
    _, _, rest = DOCUMENT.read_text().partition(f"<!-- {mark} -->")
    lines = [line for line in rest.partition(f"<!-- /{mark} -->")[0].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def write_between(mark: str, written: str) -> None:
    """Into the document, between `<!-- mark -->` and `<!-- /mark -->`."""
    before = DOCUMENT.read_text()
    pattern = re.compile(rf"(<!-- {mark} -->\n).*?(<!-- /{mark} -->)", re.DOTALL)
    DOCUMENT.write_text(pattern.sub(lambda found: f"{found[1]}{written}\n{found[2]}", before))
