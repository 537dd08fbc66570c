"""`producers limit`, and what `producers list` and `doctor` say of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests import canary
from tests.support import Bench, otp
from worker.cli import run


def test_a_limit_is_set_changed_listed_told_of_when_used_up_and_taken_away(
    bench: Bench, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in (canary.ENVIRON | {"DATABASE_URL": database_url, "COLUMNS": "200"}).items():
        monkeypatch.setenv(name, value)

    def asked(*words: str) -> Any:
        assert run([*words, "--json"]) in (0, 1)
        return json.loads(capsys.readouterr().out)

    def limited(*options: str) -> Any:
        [limit] = asked("producers", "limit", "shop", *options)
        return limit["rate"], limit["messages_a_day"], limit["dong_a_day"]

    def doctors() -> tuple[bool, str]:
        [found] = [each for each in asked("doctor") if each["check"] == "limits"]
        return found["ok"], found["text"]

    assert doctors() == (True, "no source has one")
    assert limited("--rate", "30/m") == (0.5, None, None)
    assert limited("--budget-messages", "1") == (0.5, 1, None)
    assert limited("--rate", "none") == (None, 1, None)
    assert run(["producers", "limit", "shop", "--budget-dong", "9"]) == 1
    assert "prices" in capsys.readouterr().err
    assert run(["producers", "limit", "shop", "--rate", "fast"]) == 2
    capsys.readouterr()
    bench.put(otp(), source="shop")
    bench.claim()
    [row] = [row for row in asked("producers", "list") if row["role"] is None]
    assert (row["sources"], row["limits"][0]["messages"], row["limits"][0]["used_up"]) == (["shop"], 1, True)
    ok, told = doctors()
    assert not ok
    assert told.startswith("shop: the budget of today is used up")
    assert asked("producers", "limit", "shop", "--budget-messages", "none") == []
    assert doctors()[0]
