"""What the benchmarks found, in one JSON file: each script keeps a section of its own, and `draw` reads them all."""

from __future__ import annotations

import json
import os
import platform
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
HOME = ROOT / "docs" / "pictures" / "results.json"  # where `make bench` keeps them


def add_argument(parser: ArgumentParser) -> None:
    """`--json FILE`, as every script takes it."""
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep what was found in this file, for the pictures")


def save(file: Path | None, section: str, found: dict[str, Any]) -> None:
    """Put it in the section's place; the others stay as they are. Without a file, nothing is kept."""
    if file is None:
        return
    kept = load(file) | {section: found | {"machine": _machine()}}
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [f" {json.dumps(name)}: {json.dumps(kept[name], ensure_ascii=False)}" for name in sorted(kept)]
    file.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def load(file: Path) -> dict[str, Any]:
    """All sections; none where there is no file yet."""
    sections: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    return sections


def _machine() -> dict[str, Any]:
    return {
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),  # in the last minute, the benchmark's own included
        "processor": platform.machine(),
        "python": platform.python_version(),
    }
