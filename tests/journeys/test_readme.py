"""README.md as a newcomer follows it: every block, from top to bottom, in a fresh folder beside `up`."""

from __future__ import annotations

from pathlib import Path

import pytest
from dotenv import dotenv_values

from tests.documents.blocks import ROOT, Block, blocks, run
from tests.journeys.test_up import Up, environ
from tests.support import eventually
from worker import reporting
from worker.database import Database

MOVING = {"queued", "sending", "unconfirmed", "accepted"}


def settled(folder: Path) -> bool:
    """As long as it takes a person to read on: nothing is on its way any more."""
    address = dotenv_values(folder / ".esms-worker" / "env")["DATABASE_URL"] or ""
    with Database(address, pool_size=1) as database, database.begin() as session:
        return not MOVING & {line.key for line in reporting.report(session, ["status"])["status"]}


@pytest.mark.journey
@pytest.mark.long
@pytest.mark.timeout(600)
def test_every_block_of_the_readme_runs_in_its_order(tmp_path: Path) -> None:
    first, *rest = [block for block in blocks(ROOT / "README.md") if not block.reason]
    assert first.starts_up
    up = Up(tmp_path)
    try:
        up.ready()
        follow(rest, tmp_path)
    finally:
        up.process.terminate()
        assert up.process.wait(60) == 0


def follow(rest: list[Block], folder: Path) -> None:
    for block in rest:
        run(block, folder, environ())
        eventually(lambda: settled(folder))


def test_both_readmes_run_the_same_lines() -> None:
    """So what runs of the one runs of the other; comments and the name of a file are its own."""
    english, vietnamese = (lines(readme) for readme in ("README.md", "README.vi.md"))
    assert english == [line.replace("nhanvien.csv", "staff.csv") for line in vietnamese]


def lines(readme: str) -> list[str]:
    found = [line for block in blocks(ROOT / readme) for line in block.code.splitlines()]
    return [line.split(" # ")[0].rstrip() for line in found]
