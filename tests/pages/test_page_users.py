"""Users on the command line, and what was done: a row for good, in the transaction that did it."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.support import Bench, as_producer, as_worker
from worker.actor import Actor, Via, acting
from worker.cli import run
from worker.database import Database
from worker.ledger import Act

LAN = Actor("lan", Via.COMMAND, "desk-1")


@pytest.fixture
def here(database_url: str, monkeypatch: pytest.MonkeyPatch, bench: Bench) -> Bench:
    monkeypatch.setenv("DATABASE_URL", as_producer(database_url))
    return bench


def test_a_user_is_made_with_a_password_that_is_shown_once_and_is_in_no_argument(
    here: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["users", "add", "lan", "--role", "operator", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert here.notifier.users.sign_in("lan", made["password"], "10.0.0.1")
    assert run(["users", "password", "lan", "--json"]) == 0
    again = json.loads(capsys.readouterr().out)["password"]
    assert here.notifier.users.sign_in("lan", made["password"], "10.0.0.1") is None
    assert here.notifier.users.sign_in("lan", again, "10.0.0.1")
    assert run(["users", "disable", "lan"]) == 0
    assert here.notifier.users.sign_in("lan", again, "10.0.0.1") is None
    assert run(["users", "change", "lan", "--role", "viewer"]) == 0
    capsys.readouterr()
    assert run(["users", "list", "--json"]) == 0
    [row] = json.loads(capsys.readouterr().out)
    assert (row["name"], row["role"], row["disabled_at"]) == ("lan", "viewer", None)


@pytest.mark.parametrize(
    "arguments", [["add", "lan", "--role", "viewer"], ["disable", "minh"], ["change", "minh", "--role", "admin"]]
)
def test_what_can_not_be_is_one_line(here: Bench, capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    here.notifier.users.add("lan", "viewer")
    assert run(["users", *arguments]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def acts(bench: Bench) -> list[tuple[object, ...]]:
    with bench.database.begin() as session:
        found = session.execute(text("SELECT who, via, place, what, how_many, subject FROM act ORDER BY id, step"))
        return [tuple(row) for row in found]


def test_who_acts_is_written_down_and_a_program_is_nobody(bench: Bench) -> None:
    bench.notifier.users.add("program", "viewer")
    with acting(LAN):
        bench.notifier.users.add("minh", "viewer")
    assert acts(bench) == [
        ("lan", "command line", "desk-1", "user.add", 1, {"user": "minh", "role": "viewer"}),
    ]


def test_an_act_that_is_undone_leaves_no_row_and_a_long_one_has_a_row_for_each_transaction(bench: Bench) -> None:
    with acting(LAN):
        act = Act("campaign.cancel", campaign="tết")
        for moved in (500, 0, 20):
            with bench.database.begin() as session:
                act.note(session, moved)
        with pytest.raises(RuntimeError), bench.database.begin() as session:
            Act("campaign.cancel").note(session)
            raise RuntimeError
    assert [row[4] for row in acts(bench)] == [500, 20]


@pytest.mark.parametrize("statement", ["UPDATE act SET who = 'minh'", "DELETE FROM act", "TRUNCATE act"])
def test_nobody_changes_what_was_done(bench: Bench, database_url: str, statement: str) -> None:
    with acting(LAN):
        bench.notifier.users.add("minh", "viewer")
    for url in (database_url, as_worker(database_url), as_producer(database_url)):
        with Database(url) as database, pytest.raises(DBAPIError), database.engine.begin() as connection:
            connection.execute(text(statement))
    assert len(acts(bench)) == 1
