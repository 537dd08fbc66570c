"""The command line, as a person uses it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import Bench
from worker.cli import run


@pytest.fixture
def cli(bench: Bench, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.setenv("DATABASE_URL", database_url)

    def call(*arguments: str) -> tuple[int, str, str]:
        code = run(list(arguments))
        out, err = capsys.readouterr()
        return code, out, err

    return call
