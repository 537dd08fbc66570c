"""Opting out: nothing queued survives it, nothing stored later gets past it, and only opting in undoes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.contacts.people import HOA, LAN, MAI, found, person, statuses, upsert
from tests.support import Bench, eventually, otp, retry
from worker import ContactFields, Notifier, Sms, TemplateCall, Ticket, ledger
from worker.contacts import upsert_contacts
from worker.database import Database
from worker.evidence import Evidence
from worker.ledger import Claim, Look, Outcome, contacts
from worker.ledger.contacts import Counts
from worker.ledger.opt_out import REASON, opt_in, opt_out, opted_out
from worker.lifecycle import Status

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
    assert bench.notifier.show(first.id).purpose == purpose or goes or sms_type == 3
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


# Whatever becomes queued in the very moment of the opt-out...

Mover = Callable[[Session, "Moment"], object]


@dataclass
class Moment:
    """A reminder, and whoever is about to queue it."""

    bench: Bench
    ticket: Ticket
    claim: Claim

    @property
    def id(self) -> UUID:
        return self.claim.fences[0].id


CALL = TemplateCall(to=LAN, template_id="1002", variables=["Lan"])
SMS = Sms(to=LAN, content="Chuc mung", sms_type=4)
SOON = timedelta(0)


def handed_back(session: Session, moment: Moment) -> object:
    return ledger.hand_back(session, [moment.claim])


def refused_for_now(session: Session, moment: Moment) -> object:
    return ledger.record(session, [Outcome(claim=moment.claim, status=Status.QUEUED, wait=SOON)])


def rescued(session: Session, moment: Moment) -> object:
    session.execute(text("UPDATE message SET lease_until = now() - interval '1 second'"))
    return ledger.rescue(session, ask_again_after=SOON, deaths_most=9)


def proved_not_taken(session: Session, moment: Moment) -> object:
    for _ in range(2):
        [lost] = ledger.claim_lost(session, most=9, lease=SOON, window=timedelta(days=1))
        told = ledger.looked(session, [Look(lost=lost, evidence=Evidence.ABSENT, reason="test", again_after=SOON)])
    return told


def retried(session: Session, moment: Moment) -> object:
    return retry(session, moment.bench.settings, moment.ticket)


def resolved(session: Session, moment: Moment) -> object:
    return ledger.resolve(session, moment.id, Status.QUEUED, "again", moment.bench.settings.horizons)


def stored_again(session: Session, moment: Moment) -> object:
    return moment.bench.notifier.enqueue(SMS, purpose="reminder", session=session)


IN_DOUBT = {"status": "'unconfirmed'", "lease_until": "NULL", "in_doubt_since": "now() - interval '2 days'"}
MOMENTS: list[tuple[Mover, Sms | TemplateCall, dict[str, str]]] = [
    (handed_back, SMS, {}),
    (refused_for_now, SMS, {}),
    (rescued, CALL, {}),
    (proved_not_taken, SMS, IN_DOUBT),
    (retried, SMS, {"status": "'rejected'", "lease_until": "NULL"}),
    (resolved, SMS, {"status": "'held'", "lease_until": "NULL"}),
    (stored_again, SMS, {"status": "'cancelled'", "lease_until": "NULL"}),
]


@pytest.mark.parametrize("late", [True, False])
@pytest.mark.parametrize(("move", "request_", "columns"), MOMENTS, ids=[each[0].__name__ for each in MOMENTS])
def test_by_no_way_does_it_go_out_after_the_opt_out_and_nobody_waits(
    bench: Bench, move: Mover, request_: Sms | TemplateCall, columns: dict[str, str], late: bool
) -> None:
    """late: it is committed only after the opt-out, and neither sees the other. Were one to wait, it would for ever."""
    ticket = bench.put(request_, purpose="reminder")
    [claim] = bench.claim()
    if columns:
        bench.set(ticket, **columns)
    with bench.database.begin() as session:
        if not late:
            decide(bench.database, LAN)
        assert move(session, Moment(bench, ticket, claim)) or not late
        if late:
            decide(bench.database, LAN)
    assert bench.claim() == []
    assert ("cancelled", REASON) in statuses(bench.database)[LAN]
    assert not {"queued", "sending"} & {status for status, _ in statuses(bench.database)[LAN]}


def test_of_an_advertising_request_who_opted_out_is_left_out_by_the_claim(bench: Bench) -> None:
    ticket = bench.put(advertising(MANY))
    [claim] = bench.claim()
    with bench.database.begin() as session:
        ledger.hand_back(session, [claim])
        decide(bench.database, MANY[3])
    [again] = bench.claim()
    assert (again.request_id, len(again.fences)) == (claim.request_id, 23)
    assert MANY[3] not in again.phones
    assert bench.standing(ticket.id) == {Status.SENDING: 23, Status.CANCELLED: 1}


@pytest.mark.parametrize("renewed", [False, True])
def test_of_advertising_that_is_cut_one_who_opted_out_costs_nobody_else_theirs(bench: Bench, renewed: bool) -> None:
    """Were the last request cut down to the least, eSMS would refuse it."""
    many = [f"+8490200{number}" for number in range(1100, 1155)]
    bench.settings = replace(bench.settings, advertising_most=50)
    with Notifier(bench.settings) as notifier:
        ticket = notifier.enqueue(advertising(many))
    if renewed:
        bench.set(ticket, request_id="NULL", renewals="1")
    decide(bench.database, many[-1], many[0])
    eventually(lambda: bench.deliver() or Status.QUEUED not in bench.standing(ticket.id))
    assert bench.standing(ticket.id) == {Status.ACCEPTED: 53, Status.CANCELLED: 2}


def test_a_contact_stored_in_the_very_moment_of_the_opt_out_gets_nothing_by_its_other_numbers(bench: Bench) -> None:
    with bench.database.begin() as session:
        upsert_contacts(session, [ContactFields(key="lan", phones=[LAN, HOA])], today=date(2026, 1, 1))
        decide(bench.database, HOA)
    ticket = bench.put(SMS, purpose="reminder")
    assert bench.status(ticket) == "cancelled"


# What may have been taken before is not asked for again...


@pytest.mark.parametrize(("plot", "end"), [("hang", "delivered"), ("reset", "cancelled")])
def test_an_sms_in_doubt_is_looked_for_and_not_asked_for_again(bench: Bench, plot: str, end: str) -> None:
    bench.simulator.set(plots={LAN.replace("+84", "0"): plot}, sent_data="published")
    bench.pace = replace(bench.pace, ask_again_after=timedelta(hours=1))
    ticket = bench.put(SMS, purpose="reminder")
    bench.deliver()
    assert bench.status(ticket) == "unconfirmed"
    asked = len(bench.message(ticket)["requests"])
    decide(bench.database, LAN)
    bench.set(ticket, due_at="now()")
    bench.deliver()
    message = bench.message(ticket)
    assert (message["status"], len(message["requests"])) == ("unconfirmed", asked)
    assert message["reason"].startswith(REASON)
    other = bench.put(otp("0901000100"))  # taken later: a list that shows it has caught up
    bench.deliver()
    bench.set(other, accepted_at="now() + interval '5 minutes'", poll_at="NULL")
    eventually(lambda: bench.poll() or bench.status(ticket) == end)
    assert len(bench.simulator.sends()) == 1 + (end == "delivered")


def test_of_an_advertising_request_in_doubt_the_others_are_asked_for_again(bench: Bench) -> None:
    """Not taken the first time: they get it now, and who opted out does not."""
    local = [number.replace("+84", "0") for number in MANY]
    bench.simulator.set(plots={local[0]: "reset"}, sent_data="published")
    bench.pace = replace(bench.pace, ask_again_after=timedelta(hours=1))
    ticket = bench.put(advertising(MANY))
    bench.deliver()
    assert bench.standing(ticket.id) == {Status.UNCONFIRMED: 24}
    decide(bench.database, MANY[3])
    bench.simulator.set(plots={})
    bench.set(ticket, due_at="now()")
    bench.deliver()
    assert bench.standing(ticket.id) == {Status.ACCEPTED: 23, Status.UNCONFIRMED: 1}
    bench.poll()
    assert statuses(bench.database)[MANY[3]][0][0] in {"unconfirmed", "held"}
    assert len(bench.simulator.ledger().sms) == 23
