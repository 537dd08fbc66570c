"""Somebody is forgotten by HTTP, in Python and at the command line by the same; and only by who may."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from tests.http_door import Application, serving
from tests.people.test_people import NAME, NUMBER, WORDS, delivered, she_is_known
from tests.retention.time_travel import KEY_TEXT, remove, travel
from tests.support import Bench, as_producer
from tests.traces import tables_that_hold
from worker import Notifier
from worker.errors import Forbidden, NotFound, SettingsError
from worker.settings.retention import KEY


def as_things_stood(told: dict[str, Any]) -> dict[str, Any]:
    """But for the settlements that forgetting itself makes: what it cancels is settled."""
    return told | {"stays": {table: rows for table, rows in told["stays"].items() if table != "settlement"}}


@pytest.fixture
def crm(application: Application) -> httpx.Client:
    return application("crm", source=None, may="forget")


def test_what_forgetting_would_come_to_is_told_and_nothing_is_done_until_it_is_asked_for(
    bench: Bench, crm: httpx.Client
) -> None:
    she_is_known(bench)
    before = tables_that_hold(bench.database, WORDS)
    rehearsed = crm.post("/v1/persons:forget", json={"who": NUMBER, "dry_run": True})
    assert rehearsed.status_code == 200, rehearsed.text
    told = rehearsed.json()
    assert (told["cancelled"], told["waiting"], told["removed"]["contact"]) == (1, 4, 1)
    assert told["why"].keys() == told["stays"].keys() >= {"message", "request", "settlement"}
    assert tables_that_hold(bench.database, WORDS) == before
    done = crm.post("/v1/persons:forget", json={"who": NUMBER}).json()
    assert as_things_stood(done) == as_things_stood(told)
    again = crm.post("/v1/persons:forget", json={"who": "+84 901 777 333"}).json()
    assert (again["cancelled"], again["removed"], again["waiting"]) == (0, {}, 4)
    delivered(bench, "status = 'accepted'")
    travel(bench.database, timedelta(days=2))
    remove(bench)
    assert tables_that_hold(bench.database, WORDS) == []
    assert crm.post("/v1/persons:forget", json={"who": NUMBER, "dry_run": True}).json()["waiting"] == 0


def test_a_contact_is_forgotten_by_its_key_and_a_number_of_anothers_stays(bench: Bench, crm: httpx.Client) -> None:
    upsert = bench.notifier.contacts.upsert
    upsert(key="17", source="clinic", name=NAME, phones=[NUMBER, "0901777335"])
    upsert(key="18", source="clinic", name="Chong", phones=["0901777335"])
    told = crm.post("/v1/persons:forget", json={"who": "17", "source": "clinic"}).json()
    assert (told["removed"], told["shared"]) == ({"contact": 1}, 1)
    assert crm.post("/v1/persons:forget", json={"who": "17", "source": "clinic"}).status_code == 404


def test_it_is_noted_who_had_whom_forgotten(bench: Bench, crm: httpx.Client) -> None:
    crm.post("/v1/persons:forget", json={"who": NUMBER})
    with bench.database.begin() as session:
        assert session.execute(text("SELECT who, what FROM act WHERE what LIKE 'person.%'")).all() == [
            ("crm", "person.forget")
        ]
        assert session.scalar(text("SELECT noted_by FROM person_request")) == "crm"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/who"),
        ({"who": 901777333}, "/who"),
        ({"who": NUMBER, "dry_run": "yes"}, "/dry_run"),
        ({"who": NUMBER, "dryrun": True}, "/dryrun"),
    ],
)
def test_what_is_wrong_is_pointed_at_and_nobody_is_forgotten(
    bench: Bench, crm: httpx.Client, body: dict[str, object], pointer: str
) -> None:
    answer = crm.post("/v1/persons:forget", json=body)
    assert (answer.status_code, answer.json()["pointer"]) == (422, pointer)
    with bench.database.begin() as session:
        assert session.scalar(text("SELECT count(*) FROM person_request")) == 0


def test_a_token_of_one_source_forgets_nobody_and_a_reason_comes_in_vietnamese(
    bench: Bench, application: Application, crm: httpx.Client
) -> None:
    she_is_known(bench)
    refused = application("clinic", may="forget").post("/v1/persons:forget", json={"who": NUMBER})
    assert (refused.status_code, "it takes a token of all sources" in refused.json()["detail"]) == (403, True)
    asked = {"json": {"who": NUMBER, "dry_run": True}, "headers": {"Accept-Language": "vi"}}
    assert "được xóa khi tin đã kết thúc một ngày" in crm.post("/v1/persons:forget", **asked).json()["why"]["message"]  # type: ignore[arg-type]


def test_without_a_key_nobody_is_forgotten_and_the_variable_is_named(
    bench: Bench, application: Application, database_url: str, redis_url: str
) -> None:
    token = application("crm", source=None, may="forget").headers["Authorization"]
    with serving(database_url, redis_url) as address:
        answer = httpx.post(f"{address}/v1/persons:forget", json={"who": NUMBER}, headers={"Authorization": token})
    assert (answer.status_code, answer.json()["detail"].partition(": ")[2][:22]) == (503, "WORKER_PRIVACY_KEY: is")


def test_in_python_a_producers_login_forgets_and_one_for_a_source_does_not(bench: Bench, database_url: str) -> None:
    she_is_known(bench)
    environ = {"DATABASE_URL": as_producer(database_url)}
    with Notifier.from_env(environ | {KEY: KEY_TEXT}) as notifier, Notifier.from_env(environ) as without:
        foreseen = notifier.persons.foresee(NUMBER)
        with pytest.raises(Forbidden):
            notifier.of_source("clinic").persons.forget(NUMBER)
        with pytest.raises(SettingsError):
            without.persons.forget(NUMBER)
        with pytest.raises(NotFound):
            notifier.persons.foresee("nobody's key")
        forgot = notifier.persons.forget(NUMBER, by="lan")
    assert as_things_stood(asdict(forgot)) == as_things_stood(asdict(foreseen))
