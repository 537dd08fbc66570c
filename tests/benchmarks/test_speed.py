"""`docs/speed.md` says what was measured: its tables are those of the results file, and every script is named."""

from __future__ import annotations

import re
from typing import Any

import pytest

from benchmarks import __main__ as every
from benchmarks import document, results

DOCUMENT = document.DOCUMENT.read_text()
PROVIDERS: dict[str, Any] = {"machine": {}, "the simulated eSMS": {"cost": 80.0, "rate": 7000.0, "kept": 700.0}}


def test_the_tables_are_those_of_the_results() -> None:
    assert document.told(DOCUMENT, results.load(results.HOME)) == DOCUMENT


@pytest.mark.parametrize("section", document.SECTIONS)
def test_there_is_one_place_for_each_section(section: str) -> None:
    assert DOCUMENT.count(f"<!-- {section} -->") == DOCUMENT.count(f"<!-- end of {section} -->") == 1


def test_only_what_was_measured_is_filled_in() -> None:
    filled = document.told(DOCUMENT, {"provider_rate": PROVIDERS})
    assert "| the simulated eSMS | 80 µs | 12,500 |" in filled
    assert filled.partition("<!-- provider_rate -->")[0] == DOCUMENT.partition("<!-- provider_rate -->")[0]
    assert document.told(filled, {"provider_rate": PROVIDERS}) == filled


def test_every_script_is_named_and_every_named_script_is_there() -> None:
    named = set(re.findall(r"benchmarks\.([a-z_]+)", DOCUMENT))
    assert {*every.KEPT, *every.PRINTED, *every.MADE_OF_THEM} <= named
    assert all((results.ROOT / "benchmarks" / f"{name}.py").exists() for name in named)
