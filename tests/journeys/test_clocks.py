"""Machines whose clocks are a minute apart: nothing changes, since the database's clock rules."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.journeys.test_journeys import test_every_kind_goes_out_and_is_settled as test_every_kind_goes_out
from worker.cli.up import Installation

pytestmark = [pytest.mark.long, pytest.mark.journey]

__all__ = ["test_every_kind_goes_out"]

FOLDER = Path(__file__).parent / "another_clock"


@pytest.fixture(params=["61", "-61"])
def environ(environ: dict[str, str], request: pytest.FixtureRequest) -> dict[str, str]:
    """Workers and beat a minute ahead of the database and the application, or behind."""
    return environ | {"PYTHONPATH": str(FOLDER), "SECONDS_AHEAD": request.param}


@pytest.fixture
def crew(crew: Installation, said: list[str], environ: dict[str, str]) -> Installation:
    """At work, and really by another clock."""
    [line, *_] = [line for line in said if "process.ready part=worker" in line]
    written = datetime.strptime(line[line.index("[") + 1 :][:19], "%Y-%m-%d %H:%M:%S").astimezone()
    assert abs((written - datetime.now(UTC)).total_seconds() - float(environ["SECONDS_AHEAD"])) < 45
    return crew
