"""The code blocks of a document, and how they run: as a reader would, one after another in one folder.

`sh` blocks by `sh -e`, `python` blocks as programs of their own, both with `esms-worker` on PATH. A comment right above
a block, `<!-- not run: REASON -->`, says that it can't run here, and why. The year 2027 stands for the next one.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

ROOT = Path(__file__).parents[2]
VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
RUN = {"sh": ["sh", "-e"], "python": [sys.executable]}

_block = re.compile(r"^(?:<!-- not run: (?P<reason>.+?) -->\n)?```(?P<language>\w+)\n(?P<code>.*?)^```$", re.M | re.S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One code block. reason: why it is not run, None where it is. line: where its code begins."""

    language: str
    code: str
    line: int
    reason: str | None

    @property
    def starts_up(self) -> bool:
        """It leaves `up` running, and the rest is tried in another terminal."""
        return self.code.strip() == "esms-worker up"


def blocks(document: Path) -> Iterator[Block]:
    """Those of `sh` and `python`, from top to bottom."""
    text = document.read_text()
    for found in _block.finditer(text):
        if found["language"] in RUN:
            line = text.count("\n", 0, found.start("code")) + 1
            code = found["code"].replace("2027", str(datetime.now(VIETNAM).year + 1))
            yield Block(language=found["language"], code=code, line=line, reason=found["reason"])


def run(block: Block, folder: Path, environ: Mapping[str, str]) -> None:
    """Fails with the block's line and what it said, where it does not end with 0."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    file = folder / f"block_{block.line}.{block.language}"
    file.write_text(block.code)
    command = [*RUN[block.language], file.name]
    environ = {**environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert ended.returncode == 0, f"line {block.line}: {ended.stdout[-2000:]}{ended.stderr[-2000:]}"
