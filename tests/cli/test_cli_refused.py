"""`refused`, and what `doctor` says of it."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import text

from tests import canary
from tests.support import Bench, as_producer
from worker.api.operation import Operation
from worker.cli import run


@pytest.fixture
def operation(bench: Bench, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Operation:
    """An installation whose commands can be run here."""
    for name, value in (canary.ENVIRON | {"DATABASE_URL": as_producer(database_url), "COLUMNS": "200"}).items():
        monkeypatch.setenv(name, value)
    return Operation(bench.settings, database=bench.database)


def count(operation: Operation, reason: str, queue: str = "enqueue") -> tuple[int, bool]:
    return operation.count_refused(queue=queue, reason=reason, size=7, task_id=None)


def test_what_is_refused_is_counted_by_queue_and_reason(
    operation: Operation, capsys: pytest.CaptureFixture[str]
) -> None:
    assert [count(operation, "NO_JSON") for _ in range(3)] == [(1, True), (2, False), (3, False)]
    count(operation, "NO_JSON", "urgent")
    assert run(["refused", "list", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["no_tasks"]
    assert {(row["queue"], row["reason"], row["times"]) for row in found} == {
        ("enqueue", "is no JSON", 3),
        ("urgent", "is no JSON", 1),
    }
    assert run(["refused", "list"]) == 0
    assert "is no JSON" in capsys.readouterr().out
    assert run(["refused", "forget"]) == 0
    assert operation.refused() == []


def broker(capsys: pytest.CaptureFixture[str]) -> tuple[bool, str]:
    run(["doctor", "--json"])
    [found] = [each for each in json.loads(capsys.readouterr().out) if each["check"] == "broker"]
    return found["ok"], found["text"]


def test_doctor_names_for_a_day_what_was_no_task(
    operation: Operation, bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    assert broker(capsys)[0]
    count(operation, "FORMAT")
    ok, told = broker(capsys)
    assert not ok
    assert "1 message(s) were no task" in told
    assert "esms-worker refused list" in told
    with bench.database.begin() as session:
        session.execute(text("UPDATE refused_task SET at = now() - interval '2 days'"))
    assert broker(capsys)[0]
