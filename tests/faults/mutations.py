"""Each guard is shown to be needed: taken out of a copy of the sources, its test must fail.

    python -m tests.faults.mutations [--only TEXT] [--dry]

Each test is run on the copy as it is, too, and must pass there. Writes its table into docs/faults.md, unless only some
guards are tried or `--dry` is given.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from rich.console import Console
from rich.progress import track

from tests.faults.guards import GUARDS, Guard
from tests.faults.tables import table, write_between
from worker.devkit.postgres import Postgres
from worker.devkit.valkey import Valkey

ROOT = Path(__file__).parents[2]
COPIED = ("worker", "tests", "migrations", "pyproject.toml", "alembic.ini")
HEAD = ["guard", "where", "without it fails"]

console = Console()


class Finding(StrEnum):
    """What came of taking a guard out."""

    NEEDED = "needed"
    NOT_MISSED = "its test passes without it"
    BROKEN = "its test fails with it"
    GONE = "it is not there any more"


@dataclass(frozen=True)
class Laboratory:
    """A copy of the sources, and servers for its tests."""

    copy: Path
    environ: Mapping[str, str]

    def try_without(self, guard: Guard) -> Finding:
        source = self.copy / guard.file
        before = source.read_text()
        if before.count(guard.text) != guard.times:
            return Finding.GONE
        if not self._passes(guard.test):
            return Finding.BROKEN
        source.write_text(before.replace(guard.text, guard.without))
        try:
            return Finding.NOT_MISSED if self._passes(guard.test) else Finding.NEEDED
        finally:
            source.write_text(before)

    def _passes(self, test: str) -> bool:
        options = ["-q", "-x", "-n", "0", "--hypothesis-profile", "first failure"]
        command = [sys.executable, "-m", "pytest", *options, *test.split()]
        run = subprocess.run(command, cwd=self.copy, env=self.environ, capture_output=True, text=True, check=False)
        if run.returncode not in (0, 1):  # 1: a test failed; anything else is our own mistake
            raise RuntimeError(f"pytest {test} ended with {run.returncode}:\n{run.stdout[-2000:]}")
        return run.returncode == 0


@contextmanager
def laboratory() -> Iterator[Laboratory]:
    """Made, and gone afterwards."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="esms-guards-")))
        folder.chmod(0o755)  # PostgreSQL may have to run as another user
        copy = _copied(folder / "copy")
        environ = os.environ | {
            "PYTHONPATH": str(copy),
            "PYTHONDONTWRITEBYTECODE": "1",
            "TEST_DATABASE_URL": stack.enter_context(Postgres(folder / "postgres", durable=False)).url,
            "TEST_REDIS_URL": stack.enter_context(Valkey(folder / "valkey", durable=False)).url,
        }
        yield Laboratory(copy, environ)


def _copied(to: Path) -> Path:
    to.mkdir()
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, to / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, to / name)
    return to


def main() -> int:
    options = _options()
    wanted = [guard for guard in GUARDS if options.only.lower() in guard.name.lower()]
    found: dict[Guard, Finding] = {}
    with laboratory() as place:
        for guard in track(wanted, description="guards", console=console, transient=True):
            found[guard] = place.try_without(guard)
            good = found[guard] is Finding.NEEDED
            console.print(f"[{'green' if good else 'red'}]{found[guard]}[/]: {guard.name}")
    if not (options.only or options.dry):
        rows = [[guard.name, f"`{guard.file}`", f"`{guard.test}`"] for guard in wanted]
        write_between("guards", table(HEAD, rows))
    return 0 if set(found.values()) == {Finding.NEEDED} else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults.mutations", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--only", default="", help="the guards whose name holds this")
    parser.add_argument("--dry", action="store_true", help="write nothing into docs/faults.md")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
