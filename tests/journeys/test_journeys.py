"""From an application to the recipient and back, through real worker and beat processes.

One crew for all of them, since starting one takes seconds: each test looks at its own numbers only.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from celery import Celery
from redis import Redis
from sqlalchemy import text

from tests.conftest import emptied
from tests.journeys.conftest import crew_of, environ_of_crew, lines_without_keys
from tests.support import Bench, eventually, otp
from worker import Notifier, RecordCall, Sms, SmsType, Status, TemplateCall
from worker.cli.up import Installation
from worker.database import Database
from worker.devkit.simulator import Running
from worker.ledger import contacts

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("one crew")]


said = pytest.fixture(scope="module")(lines_without_keys)
crew = pytest.fixture(scope="module")(crew_of)


@pytest.fixture(scope="module")
def bench(crews_database_url: str, _one_simulator: Running) -> Iterator[Bench]:
    _one_simulator.reset()
    _one_simulator.set(latency=0, pace=0)
    with (
        Database(crews_database_url) as database,
        emptied(database),
        Bench(database, crews_database_url, _one_simulator) as bench,
    ):
        yield bench


@pytest.fixture(scope="module")
def environ(crews_database_url: str, redis_url: str, _one_simulator: Running) -> dict[str, str]:
    return environ_of_crew(crews_database_url, redis_url, _one_simulator)


def test_every_kind_goes_out_and_is_settled(crew: Installation, app: Notifier, bench: Bench) -> None:
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
    numbers = ("0901000100", "0902000100", "0903000100")
    eventually(lambda: statuses(bench, *numbers) == ["delivered"] * 3)
    assert bench.simulator.ledger().sms["0901000100", "Ma: 7"] == 1
    eventually(lambda: any("intake.refused" in line and "content: is empty" in line for line in said))
    assert not any("0901000100" in line for line in said)


def test_a_task_that_celery_delivers_twice_makes_one_message(
    crew: Installation, environ: dict[str, str], bench: Bench
) -> None:
    with celery_app(environ) as other:
        for content in ("first", "first", "marker"):
            fields = {"to": "0901000101", "content": content, "sms_type": 7}
            other.send_task("worker.enqueue_sms", kwargs=fields, queue="enqueue", task_id=f"id of {content}")
    eventually(lambda: ("0901000101", "marker") in bench.simulator.ledger().sms)
    eventually(lambda: set(statuses(bench, "0901000101")) == {"delivered"})
    assert len(statuses(bench, "0901000101")) == 2


def test_what_comes_by_task_while_postgres_takes_nothing_waits_in_the_broker(
    crew: Installation, environ: dict[str, str], bench: Bench, said: list[str]
) -> None:
    read_only(bench, "on")
    try:
        with celery_app(environ) as other:
            fields = {"to": "0901000102", "content": "my secret", "sms_type": 7}
            other.send_task("worker.enqueue_sms", kwargs=fields, queue="enqueue")
            other.send_task("worker.no_such_task", kwargs=fields, queue="enqueue")
        eventually(lambda: any("step.failed task=enqueue" in line for line in said))
    finally:
        read_only(bench, "off")
    eventually(lambda: statuses(bench, "0901000102") == ["delivered"])
    eventually(lambda: any("broker.refused" in line and "reason=NO_TASK" in line for line in said))
    assert all(child.alive for child in crew.apps)
    assert not any("my secret" in line or "0901000102" in line for line in said)


def read_only(bench: Bench, value: str) -> None:
    """As after a failover to a standby."""
    with bench.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET default_transaction_read_only = off"))
        name = bench.database.engine.url.database
        connection.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only = {value}"))
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        connection.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"))
    bench.database.close()


def statuses(bench: Bench, *numbers: str) -> list[str]:
    asked = {"phones": [f"+84{number[1:]}" for number in numbers]}
    with bench.database.begin() as session:
        return list(session.scalars(text("SELECT status FROM message WHERE phone = ANY(:phones)"), asked))


def test_what_was_enqueued_without_a_bell_goes_out_with_beats_next_tick(crew: Installation, bench: Bench) -> None:
    ticket = bench.put(otp("0901000104"))  # this one's notifier knows no broker
    eventually(lambda: bench.status(ticket) == "delivered")


def test_emptying_redis_delays_and_loses_nothing(
    crew: Installation, app: Notifier, bench: Bench, redis_url: str
) -> None:
    tickets = []
    with Redis.from_url(redis_url) as redis:
        for n in range(30):
            tickets.append(app.enqueue(otp(f"0901000{n + 200}")))
            redis.flushdb()
    eventually(lambda: {bench.status(ticket) for ticket in tickets} == {"delivered"})
    assert bench.simulator.ledger().twice() == {}


def test_people_come_by_task_name_once_however_often_and_in_whatever_order_it_is_delivered(
    crew: Installation, environ: dict[str, str], bench: Bench, said: list[str]
) -> None:
    lan = {"key": "17", "source": "hr", "name": "Lan", "phones": ["0901000103"], "birth_date": "1990-08-15"}
    with celery_app(environ) as other:
        for fields in (lan | {"version": 2}, lan | {"version": 2}, lan | {"version": 1, "name": "old"}):
            other.send_task("worker.upsert_contact", kwargs=fields, queue="enqueue")
        other.send_task("worker.upsert_contact", kwargs=lan | {"birth_date": "15/08/1990"}, queue="enqueue")
        other.send_task("worker.upsert_contact", kwargs={"key": "18", "source": "hr"}, queue="enqueue")

    def known() -> dict[str, str]:
        with bench.database.begin() as session:
            return {row.key: row.name for row in contacts.page(session, source="hr")}

    eventually(lambda: known().keys() == {"17", "18"})
    assert known()["17"] == "Lan"
    eventually(lambda: any("intake.refused kind=contact" in line and "birth_date: is no date" in line for line in said))
    assert not any("0901000103" in line for line in said)
