"""`doctor`: what is wrong, said once, with what to do about it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import text

from tests.cli.test_cli_commands import Cli, cli
from tests.faults.refusing import Slow, Trouble, a_full_disk, loading, refusing
from tests.support import Bench, login
from worker import Notifier
from worker.api.operation import Operation
from worker.cli.checkups import Wrong, what_the_clock_says
from worker.cli.doctor import what_protects_calls
from worker.devkit.valkey import Valkey
from worker.roles import Role

__all__ = ["cli"]


def test_doctor_names_what_is_wrong_and_the_remedy(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, redis_url: str, empty_database_url: str
) -> None:
    monkeypatch.setenv("REDIS_URL", redis_url)
    code, out, _ = cli("doctor", "--json")
    found = {check["check"]: check for check in json.loads(out)}
    assert code == 1
    assert [found[name]["ok"] for name in ("settings", "Postgres", "schema", "eSMS", "lanes")] == [True] * 5
    assert "celery -A worker.tasks beat" in found["beat"]["text"]
    assert "nobody listens to enqueue, deliver, urgent, poll, housekeeping, webhooks" in found["workers"]["text"]
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    found = {check["check"]: check for check in json.loads(cli("doctor", "--json")[1])}
    assert "esms-worker migrate" in found["schema"]["text"]


def test_what_was_just_started_is_not_yet_there_and_is_wrong_once_that_was_long_enough_ago(
    cli: Cli, bench: Bench, database_url: str
) -> None:
    def told() -> dict[str, dict[str, object]]:
        return {each["check"]: each for each in json.loads(cli("doctor", "--json")[1])}

    def started(seconds: int) -> None:
        with bench.database.begin() as session:
            session.execute(text(f"UPDATE heartbeat SET at = now() - interval '{seconds} s' WHERE name = 'up'"))

    with Operation.from_env({"DATABASE_URL": database_url}) as operation:
        operation.note_start()
    started(3)
    found = told()
    for name in ("workers", "beat"):
        assert (found[name]["ok"], found[name]["not_yet"]) == (False, True)
        told_so = r"`up` was started \d+ s ago, .* yet: look again; after \d+ s more it is wrong"
        assert re.fullmatch(told_so, str(found[name]["text"]))
    code, out, _ = cli("doctor")
    lines = [line for line in out.splitlines() if line.split()[3:4] in (["workers"], ["beat"])]
    assert (code, len(lines)) == (1, 2), out
    assert all(line.startswith("- not yet") for line in lines)
    started(81)
    found = told()
    assert [(found[name]["ok"], found[name]["not_yet"]) for name in ("workers", "beat")] == [(False, False)] * 2
    assert "start `celery -A worker.tasks beat`" in str(found["beat"]["text"])


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("CONFIG SET maxmemory 1", "REDIS_URL: has no memory left (maxmemory 1 bytes): raise it, or remove what else"),
        ("REPLICAOF 127.0.0.1 1", "REDIS_URL: is a replica, which can't be written to: name the primary"),
        (
            "CONFIG SET min-replicas-to-write 1",
            "REDIS_URL: has fewer replicas than it is to have (min-replicas",
        ),
    ],
)
def test_doctor_says_why_a_redis_that_answers_takes_no_bells(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str, told: str
) -> None:
    with Valkey(tmp_path / "valkey", durable=False) as valkey, Redis.from_url(valkey.url) as redis:
        redis.execute_command(*command.split())
        monkeypatch.setenv("REDIS_URL", valkey.url)
        found = {check["check"]: check for check in json.loads(cli("doctor", "--json")[1])}
    assert not found["Redis"]["ok"]
    assert found["Redis"]["text"].startswith(told)


@pytest.mark.parametrize(
    ("trouble", "what"),
    [
        (a_full_disk, "can't write to its disk: make room there"),
        pytest.param(loading, "still reads what it had on its disk: wait until it has", marks=pytest.mark.long),
    ],
)
def test_doctor_says_why_redis_takes_nothing(
    trouble: Trouble, what: str, cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with Slow(tmp_path / "valkey", durable=False) as valkey, refusing(valkey, trouble):
        monkeypatch.setenv("REDIS_URL", valkey.url)
        found = {check["check"]: check for check in json.loads(cli("doctor", "--json")[1])}
    assert not found["Redis"]["ok"]
    assert found["Redis"]["text"].startswith(f"REDIS_URL: {what}")
    assert "no bell is rung" in found["Redis"]["text"]


@pytest.mark.parametrize(
    ("commit", "standbys", "told"),
    [
        ("off", "ANY 1 (b)", "made twice: set it to on"),
        ("on", "ANY 1 (b)", "a synchronous replica keeps calls"),
        ("local", "ANY 1 (b)", "no synchronous replica"),
        ("on", "", "no synchronous replica"),
    ],
)
def test_doctor_says_what_keeps_calls_from_being_made_twice(commit: str, standbys: str, told: str) -> None:
    assert told in what_protects_calls(commit, standbys)


def test_doctor_warns_of_who_is_at_work_and_may_more_than_it_needs(
    cli: Cli, database_url: str, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told() -> str:
        return {each["check"]: str(each["text"]) for each in json.loads(cli("doctor", "--json")[1])}["logins"]

    with Notifier.from_env({"DATABASE_URL": login(database_url, Role.OWNER)}) as powerful:
        powerful.pauses.list()  # a worker, say: it stays connected
        assert "esms_owner (owns the tables)" in told()
    monkeypatch.setenv("DATABASE_URL", database_url)
    assert "(a superuser)" in told()


def test_doctor_says_a_cause_once_and_what_to_look_at_again(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    code, out, _ = cli("doctor")
    told = [" ".join(line.split()) for line in out.splitlines()]
    assert code == 1
    assert [line.split()[2] for line in told if line.startswith("✗ wrong")] == ["Postgres", "Redis"]
    rest = (
        "schema, clock, logins, workers, beat, upkeep, keeping, restore, brandnames, broker, lanes, reruns, follow-ups"
    )
    again = f"then look again at {rest}, calls, limits, rules, reminders"
    assert " ".join(told).endswith(f"- not yet the rest fix that first, {again}")


def test_doctor_goes_through_all_its_checks_though_nothing_is_set(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "ESMS_API_KEY"):
        monkeypatch.delenv(name)
    code, out, err = cli("doctor", "--json")
    found = json.loads(out)
    assert (code, err, len(found)) == (1, "", 21)
    assert [check["ok"] for check in found] == [False] * 21
    assert "DATABASE_URL: is not set" in found[0]["text"]


@pytest.mark.parametrize(
    ("ahead", "told"),
    [(600, "10 minutes ahead of Postgres's: set the wrong one"), (-90, "90 seconds behind Postgres's")],
)
def test_doctor_says_by_how_much_a_clock_is_wrong(ahead: float, told: str) -> None:
    with pytest.raises(Wrong, match=told):
        what_the_clock_says(ahead)
    assert what_the_clock_says(ahead / 100) == "this machine's goes as Postgres's does"


def test_a_postgres_that_takes_no_writes_is_told_by_doctor_and_by_whoever_writes(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A replica that was named by mistake, or a disk that somebody saved by it."""
    monkeypatch.setenv("PGOPTIONS", "-c default_transaction_read_only=on")
    monkeypatch.setenv("WORKER_POOLER", "transaction")  # which leaves the session's options to libpq
    found = {check["check"]: check for check in json.loads(cli("doctor", "--json")[1])}
    assert not found["Postgres"]["ok"]
    assert "takes no writes" in found["Postgres"]["text"] and "name the primary" in found["Postgres"]["text"]
    code, _, err = cli("pause", "bulk")
    assert code == 1 and "takes no writes (SQLSTATE 25006): name the primary" in err
    assert cli("status", "--reference", "none")[2].startswith("error: no notification has the reference")


def test_doctor_and_balance_tell_a_missing_line_from_wrong_keys(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def told() -> str:
        return {each["check"]: str(each["text"]) for each in json.loads(cli("doctor", "--json")[1])}["eSMS"]

    monkeypatch.setenv("ESMS_SECRET_KEY", "wrong")
    for said in (told(), cli("balance")[2]):
        assert "code 101" in said and "correct ESMS_API_KEY and ESMS_SECRET_KEY; until then everything is kept" in said
    monkeypatch.setenv("ESMS_REST_URL", "http://127.0.0.1:1/MainService.svc")
    for said in (told(), cli("balance")[2]):
        assert "no connection to eSMS" in said and "ESMS_API_KEY" not in said
        assert "eSMS is away, or ESMS_REST_URL or the network here is wrong; what is queued goes out" in said
