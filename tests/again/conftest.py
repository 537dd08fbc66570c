"""The command line, as a person uses it; and what messages cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from tests.again.foreseen import PRICES
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


@pytest.fixture
def priced(bench: Bench) -> Iterator[None]:
    """Each SmsType has a price of its own; what a test remembered of what failed is gone afterwards."""
    rows = [
        f"({type_}, '{network}', '2020-01-01', {dong * (11 if network else 10) // 10})"
        for type_, dong in PRICES.items()
        for network in ("", "viettel")
    ]
    with bench.database.begin() as session:
        session.execute(text("DELETE FROM price"))
        session.execute(text(f"INSERT INTO price (sms_type, network, valid_from, dong) VALUES {', '.join(rows)}"))
    yield
    with bench.database.begin() as session:
        session.execute(text("DROP TABLE IF EXISTS before"))
