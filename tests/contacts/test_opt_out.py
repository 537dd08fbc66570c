"""Opting out: nothing queued survives it, nothing stored later gets past it, and only opting in undoes it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from tests.contacts.people import HOA, LAN, MAI, found, person, statuses, upsert
from tests.support import Bench, eventually, otp
from worker import Sms, TemplateCall
from worker.database import Database
from worker.ledger import contacts
from worker.ledger.contacts import Counts
from worker.ledger.opt_out import REASON, opt_in, opt_out, opted_out, storing

MANY = [f"+84901{n:06}" for n in range(1, 25)]


def advertising(to: list[str]) -> Sms:
    return Sms(to=to, content="Giam gia", sms_type=1)


def decide(database: Database, *phones: str) -> int:
    with database.begin() as session:
        return opt_out(session, phones, "person")


@pytest.mark.parametrize(
    ("request_", "purpose", "goes"),
    [
        (Sms(to=LAN, content="Giam gia", sms_type=3), None, False),
        (Sms(to=LAN, content="Chuc mung", sms_type=4), "reminder", False),
        (TemplateCall(to=LAN, template_id="1002", variables=["Lan"]), "reminder", False),
        (Sms(to=LAN, content="Giam gia", sms_type=4), "advertising", False),
        (Sms(to=LAN, content="Giam gia", sms_type=13), "advertising", False),
        (Sms(to=LAN, content="Don hang 7", sms_type=2), None, True),
        (Sms(to=LAN, content="Don hang 7", sms_type=3), "service", True),
        (otp(LAN), None, True),
        (TemplateCall(to=LAN, template_id="1002", variables=["Lan"]), None, True),
    ],
)
@pytest.mark.parametrize("first", ["the message", "the opt-out"])
def test_who_opted_out_gets_no_reminder_and_no_advertising_and_all_else(
    bench: Bench, request_: Sms, purpose: str | None, goes: bool, first: str
) -> None:
    if first == "the message":
        bench.put(request_, purpose=purpose, source="reminders")  # a name that means nothing
    decide(bench.database, LAN)
    if first == "the opt-out":
        bench.put(request_, purpose=purpose, source="reminders")
    assert statuses(bench.database) == {LAN: [("queued", None) if goes else ("cancelled", REASON)]}


@pytest.mark.parametrize(
    ("sms_type", "source", "goes"), [(3, "shop", False), (4, "reminders", False), (4, "shop", True)]
)
def test_what_was_stored_before_there_were_purposes_is_for_what_its_source_and_type_meant(
    bench: Bench, sms_type: int, source: str, goes: bool
) -> None:
    sms, purpose = Sms(to=LAN, content="Chuc mung", sms_type=sms_type), "reminder" if source == "reminders" else None
    first = bench.put(sms, source=source, reference="1", purpose=purpose)
    with bench.database.begin() as session:
        session.execute(text("UPDATE notification SET purpose = NULL"))
    assert bench.put(sms, source=source, reference="1", purpose=purpose) == replace(first, repeated=True)
    assert bench.notifier.show(first.id)["purpose"] == purpose or goes or sms_type == 3
    decide(bench.database, LAN)
    assert bench.status(first) == ("queued" if goes else "cancelled")


def test_of_many_recipients_only_those_who_opted_out_are_left_out(bench: Bench) -> None:
    assert decide(bench.database, MANY[0]) == 0
    bench.put(advertising(MANY))
    assert decide(bench.database, MANY[1], HOA, HOA) == 1
    cancelled = {phone for phone, [(status, _)] in statuses(bench.database).items() if status == "cancelled"}
    assert cancelled == {MANY[0], MANY[1]}


def test_what_was_claimed_already_is_not_touched(bench: Bench) -> None:
    bench.put(Sms(to=LAN, content="Giam gia", sms_type=3))
    bench.claim()
    assert decide(bench.database, LAN) == 0
    assert statuses(bench.database)[LAN][0][0] == "sending"


@pytest.mark.parametrize("death", [False, True])
def test_who_opted_out_is_not_even_among_the_birthdays(database: Database, death: bool) -> None:
    day: dict[str, Any] = {"death_day": 815} if death else {"birth_day": 815}
    upsert(database, person("lan", **day), person("hoa", phones=[HOA], **day))
    decide(database, LAN)
    with database.begin() as session:
        assert [row.key for row in contacts.born_on(session, [815], death=death)] == ["hoa"]


def test_a_retry_does_not_send_it_again_to_who_opted_out_since(bench: Bench) -> None:
    tickets = [bench.put(Sms(to=LAN, content="Giam gia", sms_type=sms_type)) for sms_type in (3, 4)]
    for ticket in tickets:
        bench.set(ticket, status="'expired'")
    decide(bench.database, LAN)
    assert [bench.notifier.retry(ticket.id).moved for ticket in tickets] == [0, 1]
    assert [bench.status(ticket) for ticket in tickets] == ["cancelled", "queued"]


def test_what_waits_with_its_paused_campaign_is_cancelled_too(bench: Bench) -> None:
    ticket = bench.put(Sms(to=LAN, content="Giam gia", sms_type=3))
    bench.set(ticket, paused="true")
    assert decide(bench.database, LAN) == 1
    assert bench.status(ticket) == "cancelled"


def test_an_import_never_opts_in_again(database: Database) -> None:
    upsert(database, person("lan", phones=[LAN, HOA]))
    decide(database, HOA)
    assert found(database, "lan").opted_out_at is not None
    upsert(database, person("lan", name="Lan", phones=[MAI]))
    assert found(database, "lan").opted_out_at is not None
    with database.begin() as session:
        assert opted_out(session, [LAN, HOA, MAI, MANY[-1]]) == {HOA, MAI}


def test_it_survives_the_contact(database: Database) -> None:
    upsert(database, person("lan"))
    decide(database, LAN)
    upsert(database, person("lan", phones=[HOA]))
    with database.begin() as session:
        contacts.remove(session, [found(database, "lan").id])
    for phone in (LAN, HOA):
        assert upsert(database, person(f"new {phone}", phones=[phone])) == Counts(added=1)
        assert found(database, f"new {phone}").opted_out_at is not None


def test_opting_in_lets_them_have_it_again_but_not_who_opted_out_by_another_number(bench: Bench) -> None:
    upsert(bench.database, person("lan", phones=[LAN]), person("trung", phones=[LAN, HOA]))
    decide(bench.database, LAN)
    decide(bench.database, HOA)
    with bench.database.begin() as session:
        assert opt_in(session, [LAN, MAI]) == 1
    assert found(bench.database, "lan").opted_out_at is None
    assert found(bench.database, "trung").opted_out_at is not None


def test_a_message_stored_in_the_very_moment_of_the_opt_out_does_not_slip_through(bench: Bench) -> None:
    """The opt-out waits for the transaction that stores, and then sees what it stored."""
    with ThreadPoolExecutor() as threads, bench.database.begin() as session:
        storing(session)
        deciding = threads.submit(decide, bench.database, LAN)
        eventually(lambda: deciding.done() or waits_for_a_lock(bench.database))
        assert not deciding.done()
        bench.notifier.enqueue(Sms(to=LAN, content="Giam gia", sms_type=3), session=session)
        session.commit()
        assert deciding.result() == 1
    assert statuses(bench.database) == {LAN: [("cancelled", REASON)]}


def waits_for_a_lock(database: Database) -> bool:
    query = "SELECT count(*) > 0 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    with database.begin() as session:
        return bool(session.execute(text(query)).scalar_one())
