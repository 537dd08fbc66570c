"""eSMS's callbacks: they make a question due, and can say nothing that is believed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.http_door import serving
from tests.support import Bench, Kept, eventually, otp
from worker.api.opt_outs import signature
from worker.database import Database
from worker.devkit.simulator import Running
from worker.errors import SettingsError
from worker.settings import Settings

SECRET = "0123456789abcdefghijklmn"


@pytest.fixture(scope="session")
def called(database_url: str, redis_url: str) -> Iterator[str]:
    """A door that eSMS may call: its address, with the secret."""
    callback_url = f"http://127.0.0.1/callbacks/esms/{SECRET}"
    with serving(database_url, redis_url, WORKER_CALLBACK_URL=callback_url, ESMS_MO_KEY="chia khoa") as address:
        yield f"{address}/callbacks/esms/{SECRET}"


@pytest.fixture
def patient(database: Database, database_url: str, simulator: Running, kept: Kept) -> Iterator[Bench]:
    """A worker that asks for the first time after an hour."""
    with Bench(database, database_url, simulator, kept=kept, WORKER_POLL_FIRST_AFTER="3600") as bench:
        yield bench


def waiting(bench: Bench) -> str:
    """An accepted code's SMSID; its question is due in an hour."""
    ticket = bench.put()
    bench.deliver()
    assert bench.status(ticket) == "accepted"
    return str(bench.message(ticket)["sms_id"])


def due_at(bench: Bench, sms_id: str) -> datetime:
    from sqlalchemy import text

    with bench.database.begin() as session:
        found: datetime = session.execute(
            text("SELECT poll_at FROM message WHERE sms_id = :id"), {"id": sms_id}
        ).scalar_one()
    return found


def test_an_sms_to_a_short_code_opts_its_sender_out_if_esms_signed_it(called: str, patient: Bench) -> None:
    address = called.replace(SECRET, "mo/receive")
    sms = {"cpid": "cp1", "smsid": "77", "content": "TC SAOMAI", "receiverTime": "20260301080000"}
    asked = sms | {"sender": "84901000001", "serviceNumber": "8041", "keyword": "TC"}
    sign = signature(sms["cpid"], sms["smsid"], sms["content"], sms["receiverTime"], "chia khoa")
    assert httpx.get(address, params=asked | {"sign": "bm8="}, timeout=30).status_code == 422
    assert patient.notifier.consents.show("0901000001") == []
    answer = httpx.get(address, params=asked | {"sign": sign}, timeout=30)
    assert (answer.status_code, "<Smsid>77</Smsid>" in answer.text) == (200, True)
    assert httpx.post(address, params=asked | {"sign": sign}, timeout=30).status_code == 200
    [row] = patient.notifier.consents.show("0901000001")
    assert row.proof == "SMSID 77"


def test_a_callback_makes_its_question_due_at_once_and_changes_nothing_else(called: str, patient: Bench) -> None:
    sms_id = waiting(patient)
    before = patient.notifier.reports.messages_to("0901000001").messages
    assert httpx.get(called, params={"SMSID": sms_id, "SendStatus": "5", "SendSuccess": "1"}).status_code == 200
    assert due_at(patient, sms_id) <= datetime.now(UTC)
    assert patient.notifier.reports.messages_to("0901000001").messages == before


def test_the_simulated_esms_calls_and_the_message_is_settled_an_hour_early(called: str, patient: Bench) -> None:
    patient.client = patient.client_with(callback_url=called)
    patient.simulator.set(pace=0.5)  # it calls in a second and a half: the worker has stored the SMSID long before
    ticket = patient.put(otp())
    patient.deliver()
    sms_id = str(patient.message(ticket)["sms_id"])
    eventually(lambda: due_at(patient, sms_id) <= datetime.now(UTC))
    patient.ask()
    assert patient.status(ticket) == "delivered"


def test_one_who_does_not_know_the_address_changes_nothing(called: str, patient: Bench) -> None:
    sms_id = waiting(patient)
    forged = called.replace(SECRET, "x" * len(SECRET))
    assert httpx.get(forged, params={"SMSID": sms_id}).status_code == 404
    assert due_at(patient, sms_id) > datetime.now(UTC) + timedelta(minutes=30)


@pytest.mark.parametrize("given", ["", "unknown", "x" * 5000, "'; DROP TABLE message", "\x1b[2J", "%00"])
def test_an_unknown_or_hostile_callback_is_answered_alike(called: str, patient: Bench, given: str) -> None:
    answer = httpx.get(called, params={"SMSID": given})
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_a_thousand_callbacks_for_one_message_are_a_few_questions(called: str, patient: Bench) -> None:
    patient.simulator.set(pace=3600)  # it never ends: each question is in vain
    sms_id = waiting(patient)
    for _ in range(20):
        httpx.get(called, params={"SMSID": sms_id})
        patient.ask()
    assert due_at(patient, sms_id) > datetime.now(UTC)
    assert patient.simulator.stats()["by_function"]["GetSendStatus"] < 10


def test_an_address_that_a_stranger_could_guess_is_refused() -> None:
    environ = {"DATABASE_URL": "postgresql://u@h/d", "WORKER_CALLBACK_URL": "https://sms.example.vn/callbacks/esms/x"}
    with pytest.raises(SettingsError, match="WORKER_CALLBACK_URL: is no address that a stranger can't guess"):
        Settings.from_environ(environ)
