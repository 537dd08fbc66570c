"""A database that wakes up from a backup sends nothing until a person says so; an honest one is never stopped."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import pytest
from redis import Redis
from sqlalchemy import text

from tests.cli.test_cli_commands import Cli, cli
from tests.retention.time_travel import KEY_TEXT, WITH_KEY, remove, travel
from tests.support import Bench, login, otp
from tests.traces import tables_that_hold
from worker import runtime
from worker.api.people import People
from worker.database import Database
from worker.maintenance import keep_marks, may_send
from worker.maintenance.marks import Marks
from worker.roles import Role
from worker.settings.retention import KEY

__all__ = ["cli"]

NOWHERE = "redis://127.0.0.1:1/0"
TWO_HOURS = timedelta(hours=2)


@pytest.fixture
def marks(redis_url: str) -> Marks:
    with Redis.from_url(redis_url) as redis:
        redis.flushdb()
    return Marks(redis_url, None)


def tick(database: Database, marks: Marks) -> None:
    """A minute's worth: tombstones are brought together, too."""
    with database.begin() as session:
        session.execute(text("UPDATE heartbeat SET at = now() - interval '1 hour' WHERE name = 'tombstones'"))
    keep_marks(database, marks, WITH_KEY.key)


def two_hours_ago(bench: Bench) -> None:
    """What the database knows is of two hours ago, as of a backup; the marks elsewhere are of now."""
    travel(bench.database, TWO_HOURS)


def test_an_honest_installation_goes_on_whatever_becomes_of_redis(bench: Bench, marks: Marks, redis_url: str) -> None:
    assert may_send(bench.workers, marks)  # before the first tick
    for _ in range(2):
        tick(bench.workers, marks)
        assert may_send(bench.workers, marks)
    with Redis.from_url(redis_url) as redis:
        redis.flushdb()
    assert may_send(bench.workers, marks)
    tick(bench.workers, marks)
    two_hours_ago(bench)
    away = Marks(NOWHERE, None)
    tick(bench.workers, away)  # its own mark must not pass by what can't be asked
    assert may_send(bench.workers, away)
    assert not may_send(bench.workers, marks)
    assert may_send(bench.workers, Marks(None, None)) is False  # once seen, it is held whoever asks


def test_a_replica_that_was_promoted_goes_on_and_a_backup_does_not(
    lonely_bench: Bench, marks: Marks, copy_of: Callable[[Bench], Bench]
) -> None:
    tick(lonely_bench.workers, marks)
    promoted = copy_of(lonely_bench)
    assert may_send(promoted.workers, marks)
    tick(promoted.workers, marks)
    travel(promoted.database, timedelta(seconds=30))  # as one that was not synchronous may lack
    assert may_send(promoted.workers, marks)
    two_hours_ago(promoted)
    assert not may_send(promoted.workers, marks)


def test_a_file_knows_it_too_when_redis_is_empty(bench: Bench, tmp_path: Path, redis_url: str, marks: Marks) -> None:
    both = Marks(redis_url, tmp_path / "mark")
    tick(bench.workers, both)
    with Redis.from_url(redis_url) as redis:
        redis.flushdb()
    two_hours_ago(bench)
    assert may_send(bench.workers, marks)
    assert not may_send(bench.workers, both)


def test_a_backup_that_woke_up_claims_nothing_until_a_person_lets_it_go_on(
    bench: Bench,
    marks: Marks,
    cli: Cli,
    worker_tasks: ModuleType,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tick(bench.workers, marks)
    ticket = bench.put(otp())
    two_hours_ago(bench)
    bench.set(ticket, due_at="now()", expires_at="now() + interval '1 hour'")
    worker_tasks.deliver()
    assert (bench.status(ticket), bench.simulator.sends()) == ("queued", [])
    assert "restored from a backup" in bench.message(ticket)["wait"]["why"]
    code, out, _ = cli("doctor")
    assert code == 1
    assert "esms-worker resume --after-restore" in " ".join(out.split())
    monkeypatch.setenv("DATABASE_URL", login(database_url, Role.PRODUCER))
    assert cli("resume", "--after-restore")[0] == 1  # an application may not
    assert not may_send(bench.workers, marks)
    monkeypatch.setenv("DATABASE_URL", login(database_url, Role.OWNER))
    assert cli("resume", "--after-restore", "--by", "lan")[0] == 0
    assert cli("resume", "--after-restore")[0] == 1
    worker_tasks.deliver()
    assert bench.status(ticket) == "accepted"
    tick(bench.workers, marks)
    assert may_send(bench.workers, marks)
    runtime.current().database.close()


def test_a_backup_brings_nobody_back_who_was_forgotten(
    lonely_bench: Bench, marks: Marks, copy_of: Callable[[Bench], Bench]
) -> None:
    bench = lonely_bench
    tick(bench.workers, marks)
    bench.put(otp("0901888444", "Ma cua Lan"))
    with bench.database.begin() as session:
        session.execute(text("UPDATE message SET status = 'delivered', settled_at = now() - interval '2 days'"))
    backup = copy_of(bench)
    owners = login(bench.database.engine.url.render_as_string(hide_password=False), Role.OWNER)
    with People.from_env({"DATABASE_URL": owners, KEY: KEY_TEXT}) as people:
        people.forget("0901888444", by="test")
    tick(bench.workers, marks)
    assert tables_that_hold(backup.database, ("901888444",)) == ["public.message"]
    tick(backup.workers, marks)
    remove(backup)
    assert tables_that_hold(backup.database, ("901888444", "Ma cua Lan")) == []
