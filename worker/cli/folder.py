"""The folder of `up`: made, or taken only where it is ours and closed to everybody else; and whether there is room."""

from __future__ import annotations

import shutil
from pathlib import Path

from worker.devkit.processes import CannotStart
from worker.devkit.processes.users import is_closed, open_the_way

ROOM = 300 * 1024 * 1024  # bytes: a new Postgres takes some 40 MB, and runs into trouble when it can't grow
LEAST_ROOM = 48 * 1024 * 1024  # bytes, while it runs: Postgres wants 16 MB at a time, and Valkey refuses without any


def prepare_folder(folder: Path, *, servers: bool) -> None:
    """Make it, or check the one that is there. servers: a Postgres of ours needs room in it. Raises CannotStart."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _refuse_if_open(folder)
        open_the_way(folder)
        ignore = folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n")
    except OSError as error:
        raise _cannot(f"{folder}: {error.strerror}", "choose another with --folder") from None
    if servers and (problem := lack_of_room(folder, ROOM)):
        raise _cannot(problem, f"make room ({ROOM // 1024**2} MB), or choose another --folder")


def lack_of_room(folder: Path, least: int) -> str | None:
    """What is wrong where fewer than so many bytes are free; None where there are enough."""
    free = shutil.disk_usage(folder).free
    return f"only {free // 1024**2} MB are free where {folder} is" if free < least else None


def _refuse_if_open(folder: Path) -> None:
    """Whoever made it beforehand could have put a database, links or addresses of theirs into it."""
    if not is_closed(folder):
        problem = f"{folder} belongs to somebody else, or others may enter it"
        raise _cannot(problem, "choose another with --folder; where all in it is yours, chmod 700 it")


def _cannot(problem: str, remedy: str) -> CannotStart:
    return CannotStart("esms-worker up", problem, remedy)
