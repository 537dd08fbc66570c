"""`up` told to end, wherever that finds it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.documents.blocks import ROOT

AMID_AN_EXEC = """
import sys
from worker.cli.up import _interrupted_once
with _interrupted_once():
    try:
        exec("import os, signal; os.kill(os.getpid(), signal.SIGTERM)\\nwhile True: pass")
    except KeyboardInterrupt:
        sys.exit(3)
"""


def test_who_is_told_to_end_amid_an_exec_ends_with_its_own_code(tmp_path: Path) -> None:
    (tmp_path / "told.py").write_text(AMID_AN_EXEC)
    command, environ = [sys.executable, "-m", "told"], {"PYTHONPATH": str(ROOT)}
    assert subprocess.run(command, cwd=tmp_path, env=environ, check=False).returncode == 3
