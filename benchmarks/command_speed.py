"""What a command costs before it has done anything: its CPU, beside importing what it can't do without.

The ratio is what counts, since machines differ: `--help`, `--version` and Tab to `import click`, `status` to `import
sqlalchemy`. Each is run in turns with what it is measured against, so that a noisy machine is noisy for both.
`status` needs a DATABASE_URL, and is left out without one.

    python -m benchmarks.command_speed [--runs 10]
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
from dataclasses import dataclass
from statistics import median

PROGRAM = ("-m", "worker.cli")
CLICK, SQLALCHEMY = ("-c", "import click"), ("-c", "import sqlalchemy")
TAB = {"_ESMS_WORKER_COMPLETE": "bash_complete", "COMP_WORDS": "esms-worker re", "COMP_CWORD": "1"}
NOBODY = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True)
class Case:
    """A command, what it is measured against, and how many times as much it may cost."""

    name: str
    command: tuple[str, ...]
    against: tuple[str, ...]
    most: float
    environ: dict[str, str] | None = None


CASES = (
    Case("--help", (*PROGRAM, "--help"), CLICK, 3.0),
    Case("--version", (*PROGRAM, "--version"), CLICK, 3.0),
    Case("Tab", PROGRAM, CLICK, 3.0, TAB),
    Case("status", (*PROGRAM, "status", NOBODY), SQLALCHEMY, 2.0),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    runs = parser.parse_args().runs
    cases = [case for case in CASES if case.name != "status" or os.environ.get("DATABASE_URL")]
    return 1 if sum(not _within(case, runs) for case in cases) else 0


def _within(case: Case, runs: int) -> bool:
    pairs = [(_cpu(case.command, case.environ), _cpu(case.against, None)) for _ in range(runs)]
    ours, theirs = (median(column) for column in zip(*pairs, strict=True))
    ratio = median(mine / other for mine, other in pairs)
    print(f"{case.name:10} {ours:.3f} s CPU, {case.against[-1]} {theirs:.3f} s: {ratio:.2f} of at most {case.most:g}")
    return ratio <= case.most


def _cpu(arguments: tuple[str, ...], environ: dict[str, str] | None) -> float:
    """CPU seconds of one run, of its children too."""
    before = _used()
    subprocess.run(
        [sys.executable, *arguments], env=os.environ | (environ or {}), capture_output=True, check=False, timeout=60
    )
    return _used() - before


def _used() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
