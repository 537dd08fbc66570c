"""From an application's password for the broker: it pushes to its own queue, rings, and can do nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from kombu.exceptions import OperationalError
from redis import Redis
from redis.exceptions import AuthenticationError, NoPermissionError

from tests.support import eventually
from worker.bell import Bell, mark_of
from worker.devkit.valkey import OPERATORS_BELLS, WORKERS_RIGHTS, Valkey, rights_into
from worker.lifecycle import Lane
from worker.queues import QUEUE_OF, Queue, Task

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """As `up` starts it, for two applications."""
    with Valkey(tmp_path_factory.mktemp("valkey") / "valkey", sources=("shop", "hr")) as valkey:
        yield valkey


@pytest.fixture
def admin(valkey: Valkey) -> Iterator[Redis]:
    with Redis.from_url(valkey.url) as redis:
        redis.flushall()
        yield redis


def send(url: str, queue: str, **options: Any) -> None:
    """As an application does that has only Celery."""
    with Celery("shop", broker=url, set_as_current=False) as app:
        app.conf.broker_transport_options = {"max_retries": 1}
        app.send_task("worker.enqueue_sms", kwargs={"to": "0901000100"}, queue=queue, retry=False, **options)


def test_an_application_pushes_to_its_own_queue(valkey: Valkey, admin: Redis) -> None:
    send(valkey.source_url("shop"), "enqueue.shop")
    send(valkey.source_url("shop"), "enqueue.shop", priority=5)
    assert admin.llen("enqueue.shop") == 1
    assert admin.llen("enqueue.shop\x06\x163") == 1


@pytest.mark.parametrize("queue", ["enqueue", "enqueue.hr", "poll", "housekeeping"])
def test_it_pushes_to_no_other(valkey: Valkey, admin: Redis, queue: str) -> None:
    with pytest.raises(OperationalError):
        send(valkey.source_url("shop"), queue)
    assert admin.llen(queue) == 0


def test_it_rings_the_bells(valkey: Valkey, admin: Redis) -> None:
    url = valkey.source_url("shop")
    Bell(url, url).ring({Lane.URGENT, Lane.NORMAL})
    assert (admin.llen("urgent"), admin.llen("deliver")) == (1, 1)


def test_a_bell_that_it_may_not_ring_keeps_no_other_bell_and_nobody_else_from_ringing(
    valkey: Valkey, admin: Redis
) -> None:
    """The rest of a rerun waits for beat; the code that it hands over next does not."""
    bell = Bell(valkey.source_url("shop"), valkey.source_url("shop"))
    bell.again(Task.SEND_AGAIN)
    bell.ring({Lane.URGENT, Lane.NORMAL})
    assert (admin.llen("urgent"), admin.llen("deliver"), admin.llen("housekeeping")) == (1, 1, 0)
    eventually(lambda: not admin.exists(mark_of(Task.SEND_AGAIN)), within=1)  # where it was rung it stays for two
    Bell(valkey.producer_url, valkey.producer_url).again(Task.SEND_AGAIN)
    assert admin.llen("housekeeping") == 1


READING = [
    "GET x", "LRANGE enqueue.shop 0 -1", "RPOP enqueue.shop", "BRPOP enqueue.shop 1", "LINDEX enqueue.shop 0",
    "LMOVE enqueue.shop a LEFT LEFT", "HGETALL unacked", "KEYS *", "SCAN 0", "MONITOR", "SUBSCRIBE a", "PSUBSCRIBE *",
    "PUBLISH a b", "CONFIG GET *", "ACL LIST", "ACL WHOAMI", "CLIENT LIST", "FLUSHALL", "FLUSHDB",
    "DEL enqueue.shop", "SET enqueue.shop x", "SADD enqueue.shop x", "SMEMBERS _kombu.binding.enqueue.shop",
    "EVAL return(1) 0", "DUMP enqueue.shop", "SHUTDOWN", "SLOWLOG GET", "INFO", "REPLICAOF no one",
    "LPUSH unacked x", "GET esms-worker:rung:worker.deliver",
]  # fmt: skip


@pytest.mark.parametrize("task", [Task.SEND_AGAIN, Task.CALL_WEBHOOKS, Task.POLL, Task.DELIVER])
def test_who_runs_commands_rings_every_bell_that_they_ring(valkey: Valkey, admin: Redis, task: Task) -> None:
    """`retry --go-on`, `webhooks test`, a file, eSMS's call: each would wait for beat."""
    Bell(valkey.producer_url, valkey.producer_url).again(task)
    assert admin.llen(QUEUE_OF[task]) == 1


def test_every_bell_that_there_is_is_one_of_an_operators() -> None:
    assert {*OPERATORS_BELLS} == {*map(str, Queue)} - {Queue.ENQUEUE}


@pytest.mark.parametrize("command", sorted({*READING, "LPUSH enqueue.shop x"} - {"INFO"}))
def test_who_runs_commands_reads_nothing_of_anybodys(valkey: Valkey, command: str) -> None:
    with Redis.from_url(valkey.producer_url, socket_timeout=5) as redis, pytest.raises(NoPermissionError):
        redis.execute_command(*command.split())


def test_who_waits_for_codes_hears_its_bell_and_no_task_is_rung(
    valkey: Valkey, admin: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.bell.WAITS", 60_000)
    admin.flushdb()
    worker, application = (Bell(url, url) for url in (valkey.worker_url, valkey.source_url("shop")))
    worker.overhear(Task.DELIVER_URGENT, wait=True)
    application.ring({Lane.URGENT})
    assert worker.overhear(Task.DELIVER_URGENT)
    assert admin.llen("urgent") == 0


@pytest.mark.parametrize("command", READING)
def test_it_reads_and_rules_nothing(valkey: Valkey, admin: Redis, command: str) -> None:
    with Redis.from_url(valkey.source_url("shop"), socket_timeout=5) as redis, pytest.raises(NoPermissionError):
        redis.execute_command(*command.split())


@pytest.mark.parametrize("command", ["MONITOR", "FLUSHALL", "KEYS *", "CONFIG GET *", "ACL LIST", "SHUTDOWN"])
def test_a_worker_does_not_rule_the_server(valkey: Valkey, command: str) -> None:
    with Redis.from_url(valkey.worker_url, socket_timeout=5) as redis, pytest.raises(NoPermissionError):
        redis.execute_command(*command.split())


def test_without_a_password_nobody_is_let_in(valkey: Valkey) -> None:
    with Redis(port=valkey.port) as redis, pytest.raises(AuthenticationError):
        redis.ping()


def test_passwords_are_kept_for_their_owner_alone(valkey: Valkey) -> None:
    files = [*valkey.folder.glob("password*"), valkey.folder / "valkey.conf"]
    assert len(files) == 6
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_the_documents_give_an_application_the_rights_that_up_gives() -> None:
    told = (ROOT / "docs" / "run-it-on-many.md").read_text()
    assert f"user app-shop on >PASSWORD {rights_into('enqueue.shop')}\n" in told


def test_compose_starts_a_server_whose_workers_have_the_rights_of_ups(valkey: Valkey) -> None:
    compose = (ROOT / "docker-compose.yml").read_text()
    lines = compose.partition("content: |\n")[2].splitlines()
    assert f"user worker on >${{VALKEY_PASSWORD:?set it in .env, letters and digits only}} {WORKERS_RIGHTS}" in [
        line.strip() for line in lines
    ]
    mine, ups = ({line.strip() for line in lines}, (valkey.folder / "valkey.conf").read_text().splitlines())
    same = [line for line in ups if line.startswith(("auto-aof", "slowlog", "proto", "maxmemory", "appendonly"))]
    assert len(same) == 6
    assert set(same) <= mine
