"""From an application to the recipient and back, through real worker and beat processes."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import psutil
import pytest
from celery import Celery
from redis import Redis
from sqlalchemy import text

from tests.journeys.conftest import crew_at_work
from tests.support import Bench, eventually, otp
from worker import Notifier, RecordCall, Sms, SmsType, Status, TemplateCall
from worker.cli.up import Installation

pytestmark = pytest.mark.journey


def test_every_kind_goes_out_and_is_settled(crew: Installation, app: Notifier, bench: Bench) -> None:
    """One crew for all that does not disturb it: starting one takes seconds."""
    wanted = {
        app.enqueue(otp("0901000001")).id: Status.DELIVERED,
        app.enqueue(otp("0901000002")).id: Status.UNDELIVERED,
        app.enqueue(otp("0901000003")).id: Status.REJECTED,
        app.enqueue(Sms(to="0901000004", content="Hop luc 9h", sms_type=SmsType.CUSTOMER_CARE)).id: Status.DELIVERED,
        app.enqueue(otp("0901000007")).id: Status.DELIVERED,
        app.enqueue(TemplateCall(to="0902000001", template_id="1001", variables=["Lan"])).id: Status.DELIVERED,
        app.enqueue(RecordCall(to="0903000002", record_id="2001")).id: Status.UNDELIVERED,
        app.enqueue(RecordCall(to="0903000005", record_id="2001")).id: Status.HELD,
        app.enqueue(otp("0904000100"), send_date=datetime.now(UTC) + timedelta(seconds=2)).id: Status.DELIVERED,
    }
    lost = app.enqueue(otp("0905000005"))
    for id_, end in wanted.items():
        eventually(lambda id_=id_, end=end: set(app.status(id_).statuses) == {end})  # type: ignore[misc]
    eventually(lambda: set(app.status(lost.id).statuses) == {Status.DELIVERED})
    assert "124" in [row.code for row in app.show(lost.id).messages[0].requests]
    found = bench.simulator.ledger()
    assert found.twice() == {}
    assert found.calls["0903000005"] == 1


def celery_app(environ: dict[str, str]) -> Celery:
    return Celery("another-app", broker=environ["REDIS_URL"], set_as_current=False)


def test_an_app_that_has_only_the_broker_enqueues_by_task_name(
    crew: Installation, environ: dict[str, str], bench: Bench, said: list[str]
) -> None:
    with celery_app(environ) as other:
        fields = {"to": "0901000100", "content": "Ma: 7", "sms_type": 7, "reference": "r1", "source": "legacy"}
        for _ in range(2):
            other.send_task("worker.enqueue_sms", kwargs=fields, queue="enqueue")
        call = {"to": ["0902000100"], "template_id": "1001", "variables": ["Lan"], "campaign": "calls"}
        other.send_task("worker.enqueue_template_call", kwargs=call, queue="enqueue")
        record = {"to": "0903000100", "record_id": "2001", "send_date": "2026-01-01T08:00:00+07:00"}
        other.send_task("worker.enqueue_record_call", kwargs=record, queue="enqueue")
        other.send_task("worker.enqueue_sms", kwargs={"to": "0901000100", "content": ""}, queue="enqueue")
    eventually(lambda: len(statuses(bench)) == 3 and set(statuses(bench)) == {"delivered"})
    assert bench.simulator.ledger().sms == {("0901000100", "Ma: 7"): 1}
    eventually(lambda: any("intake.refused" in line and "content: is empty" in line for line in said))
    assert not any("0901000100" in line for line in said)


def test_a_task_that_celery_delivers_twice_makes_one_message(
    crew: Installation, environ: dict[str, str], bench: Bench
) -> None:
    with celery_app(environ) as other:
        for content in ("first", "first", "marker"):
            fields = {"to": "0901000100", "content": content, "sms_type": 7}
            other.send_task("worker.enqueue_sms", kwargs=fields, queue="enqueue", task_id=f"id of {content}")
    eventually(lambda: len(bench.simulator.ledger().sms) == 2)
    eventually(lambda: set(statuses(bench)) == {"delivered"})
    assert len(statuses(bench)) == 2


def test_what_comes_by_task_while_postgres_takes_nothing_waits_in_the_broker(
    crew: Installation, environ: dict[str, str], bench: Bench, said: list[str], worker_number: int
) -> None:
    read_only(bench, worker_number, "on")
    try:
        with celery_app(environ) as other:
            fields = {"to": "0901000100", "content": "my secret", "sms_type": 7}
            other.send_task("worker.enqueue_sms", kwargs=fields, queue="enqueue")
            other.send_task("worker.no_such_task", kwargs=fields, queue="enqueue")
        eventually(lambda: any("step.failed task=enqueue" in line for line in said))
    finally:
        read_only(bench, worker_number, "off")
    eventually(lambda: statuses(bench) == ["delivered"])
    eventually(lambda: any("broker.refused" in line and "reason=NO_TASK" in line for line in said))
    assert all(child.alive for child in crew.apps)
    assert not any("my secret" in line or "0901000100" in line for line in said)


def read_only(bench: Bench, worker_number: int, value: str) -> None:
    """As after a failover to a standby."""
    with bench.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET default_transaction_read_only = off"))
        connection.execute(
            text(f"ALTER DATABASE esms_test_{worker_number} SET default_transaction_read_only = {value}")
        )
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        connection.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"))
    bench.database.close()


def statuses(bench: Bench) -> list[str]:
    with bench.database.begin() as session:
        return list(session.scalars(text("SELECT status FROM message")))


def test_what_was_enqueued_without_a_bell_goes_out_with_beats_next_tick(crew: Installation, bench: Bench) -> None:
    ticket = bench.put(otp("0901000001"))  # this one's notifier knows no broker
    eventually(lambda: bench.status(ticket) == "delivered")


def test_emptying_redis_delays_and_loses_nothing(
    crew: Installation, app: Notifier, bench: Bench, redis_url: str
) -> None:
    tickets = []
    with Redis.from_url(redis_url) as redis:
        for n in range(30):
            tickets.append(app.enqueue(otp(f"0901000{n + 100}")))
            redis.flushdb()
    eventually(lambda: {bench.status(ticket) for ticket in tickets} == {"delivered"})
    assert bench.simulator.ledger().twice() == {}


def test_sigterm_finishes_what_is_in_flight_and_hands_back_the_rest(
    environ: dict[str, str], app: Notifier, bench: Bench, said: list[str]
) -> None:
    bench.simulator.set(latency=0.5)
    app.enqueue_many(otp(f"09010{n:05d}") for n in range(20100, 20400) if n % 1000 > 50)
    with crew_at_work(environ, said) as crew:
        eventually(lambda: "accepted" in statuses(bench))
        for child in crew.apps:
            assert child.pid is not None
            os.kill(child.pid, signal.SIGTERM)
        assert [child.wait(60) for child in crew.apps] == [0] * len(crew.apps)
    assert set(statuses(bench)) <= {"accepted", "delivered", "queued"}
    taken = len(bench.simulator.ledger().sms)
    assert 0 < taken == sum(status != "queued" for status in statuses(bench))


def test_a_worker_that_is_killed_loses_nothing_and_doubles_nothing(
    environ: dict[str, str], app: Notifier, bench: Bench, said: list[str]
) -> None:
    bench.simulator.set(latency=2)
    environ["WORKER_LEASE"] = "12"
    app.enqueue_many(otp(f"09010{n:05d}") for n in range(20100, 20250) if n % 1000 > 50)
    app.enqueue_many(RecordCall(to=f"09020{n:05d}", record_id="2001") for n in range(20100, 20130))
    with crew_at_work(environ, said) as crew:
        eventually(lambda: "accepted" in statuses(bench))
        kill_all_celery(crew)
    assert "sending" in statuses(bench)
    bench.simulator.set(latency=0)
    with crew_at_work(environ, said):
        eventually(lambda: not {"queued", "sending", "unconfirmed"} & set(statuses(bench)))
    found = bench.simulator.ledger()
    assert found.twice() == {}
    assert (len(found.sms), set(statuses(bench)) - {"accepted", "delivered", "held"}) == (150, set())


def kill_all_celery(crew: Installation) -> None:
    """With their children, as when a machine loses its power."""
    for app in crew.apps:
        parent = psutil.Process(app.pid)
        for process in [parent, *parent.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
