"""The table of guards names what is really there: else taking one out would prove nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.guards import GUARDS, Guard

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_each_guard_stands_in_the_sources_as_the_table_says(guard: Guard) -> None:
    assert (ROOT / guard.file).read_text().count(guard.text) == guard.times, f"tests/faults/guards.py: {guard.name}"
