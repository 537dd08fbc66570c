"""An application that has only the broker tells of people by task name."""

from __future__ import annotations

from celery import Celery

from tests.support import Bench, eventually
from worker.cli.up import Installation
from worker.ledger import contacts


def test_people_come_by_task_name_once_however_often_and_in_whatever_order_it_is_delivered(
    crew: Installation, environ: dict[str, str], bench: Bench, said: list[str]
) -> None:
    lan = {"key": "17", "source": "hr", "name": "Lan", "phones": ["0901000100"], "birth_date": "1990-08-15"}
    with Celery("another-app", broker=environ["REDIS_URL"], set_as_current=False) as other:
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
    assert not any("0901000100" in line for line in said)
