"""The programs of docs/from-other-languages.md, as they stand there, against a real server."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support import Bench

DOCUMENT = Path(__file__).parents[2] / "docs/from-other-languages.md"
PROGRAMS = dict(re.findall(r"^```(\w+)\n(.*?)^```$", DOCUMENT.read_text(), re.M | re.S))
# How each is run: the file that it is kept in, and the command; C# wants a project and is built by nobody here.
RUN = {
    "bash": ("send.sh", ["bash"]),
    "php": ("send.php", ["php"]),
    "js": ("send.js", ["node"]),
    "java": ("Send.java", ["java"]),
}


@pytest.mark.parametrize("language", sorted(PROGRAMS.keys() - {"csharp"}))
def test_the_program_sends_one_message_however_often_it_runs(
    language: str, address: str, bench: Bench, tmp_path: Path
) -> None:
    name, command = RUN[language]
    needed = "curl" if language == "bash" else command[0]
    if shutil.which(needed) is None:
        pytest.skip(f"{needed} is not installed")
    token = bench.notifier.tokens.add("shop", source="shop", may=["enqueue", "read"]).token
    environ = {"PATH": os.environ["PATH"], "ESMS_WORKER_URL": address, "ESMS_WORKER_TOKEN": token}
    file = tmp_path / name
    file.write_text(PROGRAMS[language])
    for _ in range(2):
        ended = subprocess.run([*command, str(file)], env=environ, capture_output=True, text=True, timeout=60)
        assert ended.returncode == 0, ended.stderr
        assert "queued" in ended.stdout
    [line] = bench.notifier.reports.summary(["status"], source="shop").lines["status"]
    assert line.total == 1
