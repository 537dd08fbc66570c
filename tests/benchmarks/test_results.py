"""Each benchmark keeps its own section; the others' stay."""

from __future__ import annotations

from pathlib import Path

from benchmarks import results


def test_a_second_run_replaces_its_own_section_only(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    results.save(file, "memory", {"growth": 1.0})
    results.save(file, "lanes", {"ratio": 2.0})
    results.save(file, "memory", {"growth": 1.1})
    kept = results.load(file)
    assert (kept["memory"]["growth"], kept["lanes"]["ratio"]) == (1.1, 2.0)


def test_without_a_file_nothing_is_kept(tmp_path: Path) -> None:
    results.save(None, "memory", {"growth": 1.0})
    assert results.load(tmp_path / "results.json") == {}
