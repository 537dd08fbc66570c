"""The former release, from this repository's history: its code in a folder of its own, run by this Python."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from worker.devkit.processes import Child

ROOT = Path(__file__).parents[2]
COMMIT = "67ea5cf"  # the last with the tables of 0.1.0


def is_known() -> bool:
    """A shallow clone has no history."""
    known = subprocess.run(
        ["git", "cat-file", "-e", f"{COMMIT}^{{commit}}"], cwd=ROOT, capture_output=True, check=False
    )
    return known.returncode == 0


def unpack(folder: Path) -> None:
    """Its tree into this folder, which must be there."""
    archive = subprocess.run(["git", "archive", COMMIT], cwd=ROOT, capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x"], cwd=folder, input=archive, check=True)


def run(folder: Path, environ: Mapping[str, str], *arguments: str) -> str:
    """A command of the release in this folder; what it says."""
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=folder, env=of(folder, environ), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def crew(folder: Path, environ: Mapping[str, str], log: Path) -> list[Child]:
    """What the release's Procfile starts for good, running: without `release`, which ends, and doors."""
    lines = (line.partition(": ") for line in (folder / "Procfile").read_text().splitlines())
    return [_start(folder, environ, name, command, log) for name, _, command in lines if command.startswith("celery ")]


def _start(folder: Path, environ: Mapping[str, str], name: str, command: str, log: Path) -> Child:
    argv = [sys.executable, "-m", *shlex.split(command)]
    return Child(name, argv, env=of(folder, environ), cwd=folder, log=log / f"{name}.log", grace=30).start()


def of(folder: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """This environment, in which `worker` is that folder's."""
    return {**environ, "PYTHONPATH": str(folder)}
