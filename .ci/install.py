"""Install what pyproject.toml asks for, each file by its hash in constraints.txt, and then ourselves.

PYTHON .ci/install.py [--list | --editable | --wheel FILE] [EXTRA…]

--list: print what must be had to build, for `make constraints`. --wheel: install that file instead of these sources.
pip itself comes first: older ones look for hashes in requirements alone, never in constraints.
"""

import argparse
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
CONSTRAINTS = ROOT / "constraints.txt"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EDITABLES = "editables"  # what the build backend asks for besides, when it installs us editable


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--editable", action="store_true")
    parser.add_argument("--wheel", type=Path)
    parser.add_argument("extras", nargs="*")
    given = parser.parse_args()
    if given.list:
        print(*_to_build(), "pip", sep="\n")
        return
    _pip("--require-hashes", "--requirement", "/dev/stdin", text=_pinned("pip"))
    wanted = ([] if given.wheel else _to_build()) + _wanted(given.extras)
    _pip("--constraint", str(CONSTRAINTS), "--requirement", "/dev/stdin", text="\n".join(wanted))
    _install_ourselves(given.wheel, given.editable)


def _install_ourselves(wheel: Path | None, editable: bool) -> None:
    if wheel:
        _pip("--no-deps", str(wheel))
    else:
        _pip("--no-deps", "--no-build-isolation", *(["--editable"] if editable else []), str(ROOT))


def _to_build() -> list[str]:
    return [*PROJECT["build-system"]["requires"], EDITABLES]


def _wanted(extras: list[str]) -> list[str]:
    optional = PROJECT["project"]["optional-dependencies"]
    return PROJECT["project"]["dependencies"] + [each for extra in extras for each in optional[extra]]


def _pinned(name: str) -> str:
    """Its lines in the constraints, hashes and all."""
    found = re.search(rf"^{name}==.*(?:\n +--hash.*)+", CONSTRAINTS.read_text(), re.MULTILINE)
    assert found, f"constraints.txt has no {name}: run make constraints"
    return found[0]


def _pip(*arguments: str, text: str = "") -> None:
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments]
    done = subprocess.run(install, input=text, text=True, check=False)
    if done.returncode:
        sys.exit(done.returncode)


if __name__ == "__main__":
    main()
