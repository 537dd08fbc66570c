"""The built wheel as a stranger has it: in a fresh environment `esms-worker demo` passes, and a program type-checks.

`python -m tests.documents.installed dist/esms_worker-0.1.0-py3-none-any.whl`, as `make dist` does.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from zipfile import ZipFile

from tests.typing import check_consumer

ROOT = Path(__file__).parents[2]
NEEDED = {"worker/py.typed", "worker/migrations/env.py", "worker/cli/__init__.py"}


def try_out(wheel: Path) -> None:
    """Raises where something is missing or does not run."""
    if missing := NEEDED - set(ZipFile(wheel).namelist()):
        raise SystemExit(f"{wheel.name} lacks {', '.join(sorted(missing))}")
    with tempfile.TemporaryDirectory() as folder:
        environment = Path(folder) / "venv"
        venv.create(environment, with_pip=True)
        python = environment / "bin" / "python"
        install = [str(python), str(ROOT / ".ci" / "install.py"), "--wheel", str(wheel.absolute()), "embedded"]
        subprocess.run(install, check=True)
        if check_consumer.main(str(python)):
            raise SystemExit(f"{wheel.name}: a consumer's program does not type-check")
        _run_demo(environment, Path(folder))


def _run_demo(environment: Path, folder: Path) -> None:
    """From a folder in which none of our sources lies."""
    besides = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "DATABASE_URL"}}
    demo = [str(environment / "bin" / "esms-worker"), "demo"]
    subprocess.run(demo, cwd=folder, env=besides, check=True)


if __name__ == "__main__":
    for given in sys.argv[1:]:
        try_out(Path(given))
