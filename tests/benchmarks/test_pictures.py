"""The pictures in `docs/` come from the results file alone, and the same results draw the same files."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

WAYS = [{"name": "plain Celery", "rate": 200.0, "cpu_ms": 7.2}, {"name": "ours, curl", "rate": 9000.0, "cpu_ms": 0.12}]
COSTS = [{"case": case, "rows": rows, "micros": 50.0} for case in ("mixed", "all due") for rows in (10_000, 1_000_000)]
IDLE = {"system": "nothing else due", "ms": [8.0, 9.0, 30.0], "quantiles": {"p50": 9.0, "p95": 30.0}}
BUSY = {"system": "others due", "ms": [9.0, 20.0, 60.0], "quantiles": {"p50": 20.0, "p95": 60.0}}
FOUND: dict[str, Any] = {
    "end_to_end": {"ways": WAYS},
    "claim_cost": {"batch": 100, "costs": COSTS},
    "lanes": {"periods": [IDLE, BUSY]},
    "memory": {"samples": [[1, 90.0], [50_000, 94.0], [100_000, 94.5]]},
}


@pytest.fixture(scope="module")
def draw() -> ModuleType:
    pytest.importorskip("matplotlib", reason="it is in the extra `bench`")
    from benchmarks import draw

    return draw


@pytest.fixture(scope="module")
def drawn(draw: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    files: list[Path] = draw.draw(FOUND, tmp_path_factory.mktemp("pictures"))
    return files


def test_there_is_a_picture_for_each_section_that_is_drawn(draw: ModuleType, drawn: list[Path]) -> None:
    assert [file.name for file in drawn] == [f"{name}.svg" for name in draw.PICTURES]


def test_the_same_results_draw_the_same_files(draw: ModuleType, drawn: list[Path], tmp_path: Path) -> None:
    assert [file.read_bytes() for file in draw.draw(FOUND, tmp_path)] == [file.read_bytes() for file in drawn]


def test_what_was_not_measured_is_not_drawn(draw: ModuleType, tmp_path: Path) -> None:
    assert [file.name for file in draw.draw({"memory": FOUND["memory"]}, tmp_path)] == ["memory.svg"]
