"""Machines whose clocks are a minute apart: the database's clock rules. Runs where libfaketime is installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.journeys.test_journeys import test_every_kind_goes_out_and_is_settled as test_every_kind_goes_out

LIBRARY = next(iter(Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), None)
pytestmark = [pytest.mark.journey, pytest.mark.skipif(LIBRARY is None, reason="no libfaketime here")]

__all__ = ["test_every_kind_goes_out"]


@pytest.fixture(params=["+61s", "-61s"])
def environ(environ: dict[str, str], request: pytest.FixtureRequest) -> dict[str, str]:
    """Workers and beat a minute ahead of the database and the application, or behind."""
    return environ | {"LD_PRELOAD": str(LIBRARY), "FAKETIME": request.param, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
