"""Whose is it: a Notifier for a source, and a login that is bound to one, see and move what is theirs alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, text

from tests.law import VIETNAM, decree
from tests.roles.conftest import As
from tests.support import Bench, otp
from worker import Enqueue, Notifier, Sms, SmsType, Ticket
from worker.api.contacts import Which
from worker.api.decisions import Answer
from worker.api.producers import Producers
from worker.database import Database
from worker.errors import Conflict, Invalid, NotFound, Unavailable, WorkerError
from worker.ledger.law_rules import _recent
from worker.lifecycle import Lane, Purpose, Status
from worker.reminders import Scheduler
from worker.roles import Role

LATER = datetime.now(UTC) + timedelta(days=30)


@pytest.fixture(params=["a Notifier for a source", "a producer's, narrowed", "a login that is bound", "both"])
def shop(
    request: pytest.FixtureRequest, database_url: str, url_as: Callable[[str], str], bench: Bench
) -> Iterator[Notifier]:
    """An application that is the source shop's, by each way in which it can be."""
    if request.param == "a login that is bound":
        yield request.getfixturevalue("application")("shop")
        return
    if request.param == "both":
        yield request.getfixturevalue("application")("shop").of_source("shop")
        return
    url = database_url if request.param == "a Notifier for a source" else url_as(Role.PRODUCER)
    with Notifier.from_env({"DATABASE_URL": url}, source="shop") as notifier:
        yield notifier


@pytest.fixture
def clinics(bench: Bench) -> UUID:
    """Of another application, and still to be sent."""
    return bench.put(source="clinic", reference="R1", campaign="tet", send_date=LATER).id


def test_its_own_is_handed_over_found_seen_and_moved(shop: Notifier, bench: Bench) -> None:
    ticket = shop.enqueue(otp(), source="shop", reference="R1", campaign="tet", send_date=LATER)
    assert shop.enqueue(otp(), source="shop", reference="R1", campaign="tet", send_date=LATER).repeated
    assert shop.find("R1") == ticket.id
    assert shop.locate("R1").notification == ticket.id
    assert shop.status(ticket.id).statuses == {Status.QUEUED: 1}
    assert shop.move(ticket.id, LATER + timedelta(days=1)).moved == 1
    assert shop.cancel_campaign("tet").moved == 1
    assert shop.show(ticket.id).source == "shop"
    with pytest.raises(Conflict):
        shop.enqueue(otp(content="another"), source="shop", reference="R1")


def test_what_it_sent_can_be_shown_with_its_requests_and_sent_again(shop: Notifier, bench: Bench) -> None:
    ticket = shop.enqueue(otp("0901000003"), source="shop")  # eSMS refuses this one
    bench.deliver()
    [message] = shop.show(ticket.id).messages
    assert (message.status, len(message.requests)) == ("rejected", 1)
    assert shop.retry(ticket.id).moved == 1
    assert bench.status(ticket) == "queued"


def test_of_advertising_it_sees_the_request_that_was_made_for_many(shop: Notifier, bench: Bench) -> None:
    numbers = [f"0915{number:06d}" for number in range(200, 230)]
    sale = Sms(to=numbers, content="Giam gia 20%", sms_type=SmsType.ADVERTISING, brandname="sangbrand")
    ticket = shop.enqueue(sale, source="shop")
    theirs = bench.put(sale, source="clinic")
    bench.deliver()
    assert all(len(message.requests) == 1 for message in shop.show(ticket.id).messages)
    assert _rows(shop, "SELECT count(*) FROM request") == 1
    assert bench.standing(theirs.id) == bench.standing(ticket.id)


def test_it_neither_finds_nor_sees_another_sources(shop: Notifier, clinics: UUID) -> None:
    for ask in (
        lambda: shop.status(clinics),
        lambda: shop.show(clinics),
        lambda: shop.find("R1"),
        lambda: shop.find("R1", "clinic"),
        lambda: shop.locate(str(clinics)),
        lambda: shop.locate(str(clinics)[:13]),
        lambda: shop.locate("0901000001", numbers=True),
        lambda: shop.locate("R1", source="clinic"),
    ):
        with pytest.raises(NotFound):
            ask()
    assert not any(shop.reports.summary().lines.values())
    assert shop.reports.campaign_names() == []
    for table in ("notification", "message", "request", "contact", "opt_out", "event", "attendee", "occurrence"):
        assert _rows(shop, f"SELECT count(*) FROM {table}") == 0, table


def test_it_moves_nothing_of_another_sources(shop: Notifier, clinics: UUID, bench: Bench) -> None:
    moves: list[Callable[[], object]] = [
        lambda: shop.cancel(clinics),
        lambda: shop.move(clinics, LATER + timedelta(days=1)),
        lambda: shop.retry(clinics),
        lambda: shop.cancel_campaign("tet"),
        lambda: shop.retry_campaign("tet"),
        lambda: shop.move_campaign("tet", LATER),
    ]
    for move in moves:
        with pytest.raises(NotFound):
            move()
    assert bench.standing(clinics) == {Status.QUEUED: 1}


def test_a_campaign_that_both_use_is_cancelled_for_it_alone(shop: Notifier, clinics: UUID, bench: Bench) -> None:
    ours = shop.enqueue(otp(), source="shop", campaign="tet", send_date=LATER)
    assert shop.cancel_campaign("tet").moved == 1
    assert (bench.standing(ours.id), bench.standing(clinics)) == ({Status.CANCELLED: 1}, {Status.QUEUED: 1})


def test_what_is_held_is_listed_and_decided_by_its_own_source(shop: Notifier, bench: Bench) -> None:
    theirs, ours = bench.put(source="clinic"), bench.put(source="shop")
    for ticket in (theirs, ours):
        bench.set(ticket, status="'held'", reason="NULL")
    [held] = shop.held.list()
    assert held.notification == ours.id
    with pytest.raises(NotFound):
        shop.held.locate(str(_message(bench, theirs))[:18] + "x")
    assert shop.held.resolve(_message(bench, theirs), Answer.SEND_AGAIN) is None
    assert shop.held.resolve(held.id, Answer.DELIVERED) is Status.DELIVERED
    assert bench.standing(theirs.id) == {Status.HELD: 1}


def test_nothing_is_handed_over_in_anothers_name_and_no_reference_taken(shop: Notifier, bench: Bench) -> None:
    with pytest.raises((Invalid, Unavailable), match=r"for 'shop' alone|another source's"):
        shop.enqueue(otp(), source="clinic", reference="R2")
    with pytest.raises((Invalid, Unavailable)):
        shop.enqueue_many([otp()] * 3, source="clinic")
    assert not bench.put(source="clinic", reference="R2").repeated


def test_lanes_campaigns_and_texts_of_all_are_not_its_to_change(shop: Notifier, bench: Bench) -> None:
    bench.notifier.pause([Lane.BULK])
    for change in (
        lambda: shop.pause([Lane.URGENT]),
        lambda: shop.resume([Lane.BULK]),
        lambda: shop.templates.save("welcome", content="Chao {name}"),
    ):
        with pytest.raises(Unavailable, match="may not do this"):
            change()
    assert [pause.lane for pause in shop.pauses.list()] == ["bulk"]


def test_of_a_campaign_that_both_use_each_holds_back_its_own_part(bench: Bench) -> None:
    shop, clinic = (bench.notifier.of_source(name) for name in ("shop", "clinic"))
    tickets = {each: each.enqueue(otp(), campaign="tet") for each in (shop, clinic)}
    assert [shop.pause_campaign("tet") for _ in range(2)] == [True, False]
    assert (clinic.pauses.list(), clinic.resume_campaign("tet")) == ([], False)
    bench.deliver()
    assert (bench.status(tickets[shop]), bench.status(tickets[clinic])) == ("queued", "accepted")
    assert shop.show(tickets[shop].id).messages[0].wait is not None
    assert bench.notifier.pause_campaign("tet")  # all of it: only who may see all of it lets it go
    assert shop.resume_campaign("tet")
    bench.deliver()
    assert bench.status(tickets[shop]) == "queued"
    assert bench.notifier.resume_campaign("tet")
    bench.deliver()
    assert bench.status(tickets[shop]) == "accepted"


def test_a_part_of_a_campaign_that_is_held_back_is_not_asked_for_again_either(bench: Bench) -> None:
    shop = bench.notifier.of_source("shop")
    ticket = shop.enqueue(otp(), campaign="tet")
    bench.set(ticket, status="'unconfirmed'", request_id="'r'", attempts="1", in_doubt_since="now()", due_at="now()")
    shop.pause_campaign("tet")
    bench.deliver()
    assert bench.status(ticket) == "unconfirmed"
    shop.resume_campaign("tet")
    bench.deliver()
    assert bench.status(ticket) == "accepted"


def test_what_another_has_in_a_campaign_takes_no_time_of_its_own(bench: Bench) -> None:
    """A walk over it would tell how much there is, by the clock."""
    bench.notifier.enqueue_many([otp()] * 3000, source="clinic", campaign="tet")
    with bench.database.begin() as session:
        session.execute(text("ANALYZE notification, message"))  # a table that is taken for empty is walked
    shop = bench.notifier.of_source("shop")
    asked: list[tuple[str, Any]] = []
    event.listen(shop._database.engine, "before_cursor_execute", lambda *args: asked.append((args[2], args[3])))
    for ask in (
        lambda: shop.cancel_campaign("tet"),
        lambda: shop.retry_campaign("tet"),
        lambda: shop.pauses.resume_campaign("tet", to_come=False),
    ):
        with pytest.raises(NotFound):
            ask()
    walked = {statement: _rows_read(shop, statement, values) for statement, values in asked if "campaign" in statement}
    assert len(walked) > 3
    assert max(walked.values()) < 100, walked


def _rows_read(notifier: Notifier, statement: str, values: Any) -> int:
    """Of notifications, those that it had to throw away included; then undone."""
    with notifier._database.begin() as session:
        cursor = session.connection().connection.cursor()
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", values)
        [[[explained]]] = cursor.fetchall()
        session.rollback()
        return sum(_read(node) for node in _nodes(explained["Plan"]) if node.get("Relation Name") == "notification")


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


def _read(node: dict[str, Any]) -> int:
    thrown = sum(node.get(f"Rows Removed by {how}", 0) for how in ("Filter", "Index Recheck"))
    return int((node["Actual Rows"] + thrown) * node["Actual Loops"])


def test_people_are_its_own_too_but_whoever_opted_out_anywhere_gets_nothing(shop: Notifier, bench: Bench) -> None:
    operator = bench.notifier
    operator.contacts.upsert(source="clinic", key="1", name="Lan", phones="0901234567")
    operator.contacts.opt_out("1", source="clinic")
    shop.contacts.upsert(source="shop", key="1", name="Mai", phones="0907654321")
    assert [row.name for row in shop.contacts.list()] == ["Mai"]
    which: Which = {"source": "clinic"}
    assert list(shop.contacts.export(**which)) == []
    with pytest.raises(NotFound):
        shop.contacts.remove("1", source="clinic")
    with pytest.raises(Unavailable), shop._database.begin() as session:
        session.execute(text("UPDATE contact SET source = 'clinic'"))
    ticket = shop.enqueue(otp("0901234567"), source="shop", purpose=Purpose.REMINDER)
    assert ticket.opted_out == ("+84901234567",)
    decree(bench.database, VIETNAM["vn.ads.consent"])
    _recent.clear()
    [told] = shop.enqueue(sale := Sms(to="0907654321", content="[QC] Sale", sms_type=3), source="shop").rules
    assert (told.rule, told.messages) == ("vn.ads.consent", 1)
    operator.consents.add("0907654321", wording="Toi dong y")
    assert shop.enqueue(sale, source="shop").rules == ()
    hour = (datetime.now(bench.settings.time_zone).hour + 2) % 24
    closed = {"from": f"{hour:02}:00", "to": f"{(hour + 1) % 24:02}:00"}
    decree(bench.database, replace(VIETNAM["vn.ads.sms.hours"], parameters=closed))
    _recent.clear()
    assert shop.enqueue(sale, source="shop").not_before is not None
    assert [each.held for each in operator.reports.rules()] == [1]
    assert shop.contacts.opt_in_phones(["0901234567"]) == 0
    assert operator.contacts.show("1", source="clinic").opted_out_at is not None


def test_an_event_is_its_own_with_the_reminders_that_were_made_of_it(shop: Notifier, bench: Bench) -> None:
    bench.notifier.templates.save("visit", content="Hen {title}")
    soon = datetime.now(UTC) + timedelta(minutes=10)
    event: dict[str, Any] = {
        "key": "9", "title": "Kham", "starts_at": soon, "offsets": ["5m"], "template": "visit",
        "brandname": "sangbrand", "attendees": [{"key": "1", "phone": "0901000001"}],
    }  # fmt: skip
    shop.reminders.upsert_event(source="shop", **event)
    bench.notifier.reminders.upsert_event(source="clinic", **event)
    Scheduler(bench.database, bench.settings, ahead=timedelta(minutes=15)).run(lambda: False)
    assert _rows(shop, "SELECT count(*) FROM notification") == 1
    with pytest.raises(NotFound):
        shop.reminders.event(source="clinic", key="9")
    change = shop.reminders.cancel_event(source="shop", key="9")
    assert not change.too_late
    with bench.database.begin() as session:
        statuses = session.scalars(text("SELECT status FROM message ORDER BY status")).all()
    assert statuses == ["cancelled", "queued"]


def test_an_event_can_not_invite_another_sources_contact(shop: Notifier, bench: Bench) -> None:
    """Or whoever knows a patient's key could have texts sent to her."""
    bench.notifier.templates.save("visit", content="Hen {title}")
    bench.notifier.contacts.upsert(source="clinic", key="1", name="Lan", phones="0901234567")
    with pytest.raises(WorkerError):
        shop.reminders.upsert_event(
            source="shop", key="9", title="x", starts_at=LATER, offsets=["1h"], template="visit", brandname="sangbrand",
            attendees=[{"key": "1", "contact": {"source": "clinic", "key": "1"}}],
        )  # fmt: skip


PUT = "INSERT INTO message (notification_id, status, sms_id, id, phone, lane, grouped, due_at, accepted_at)"
WITH = "gen_random_uuid(), '+84901000001', 'urgent', false, now(), now()"
TELL = "INSERT INTO stream (lane, key, source, due_from)"
TRICKS = [
    ("hang a message under another's notification", "UPDATE message SET notification_id = '{clinic}'"),
    ("send its text to another number", "UPDATE message SET phone = '+84909999999'"),
    ("say that it arrived", "UPDATE message SET status = 'delivered'"),
    ("look like a request that eSMS took", "UPDATE message SET sms_id = 'of-the-clinic'"),
    ("go by another's RequestId", "UPDATE message SET request_id = '{request}'"),
    ("hand it to another source", "UPDATE notification SET source = 'clinic'"),
    ("put a message in as sent", f"{PUT} SELECT '{{shop}}', 'accepted', '7', {WITH}"),
    ("put a message in another's turn", f"{PUT[:-1]}, stream) SELECT '{{shop}}', 'queued', NULL, {WITH}, 7"),
    ("move a message to another's turn", "UPDATE message SET stream = 7"),
    ("tell of a stream that is another's", f"{TELL} VALUES ('urgent', 7, 'clinic', now())"),
    ("tell of another's stream by its key", f"{TELL} VALUES ('urgent', 7, 'shop', now())"),
    ("put a message under another's notification", f"{PUT} SELECT '{{clinic}}', 'queued', NULL, {WITH}"),
]


@pytest.mark.parametrize(("what", "statement"), TRICKS, ids=[what for what, _ in TRICKS])
def test_a_bound_login_with_sql_of_its_own_can_not(
    what: str, statement: str, application: Callable[[str], Notifier], clinics: UUID, bench: Bench
) -> None:
    shop = application("shop")
    ours = shop.enqueue(otp(), source="shop", send_date=LATER)
    trick = statement.format(shop=ours.id, clinic=clinics, request=_message(bench, clinics).hex)
    with pytest.raises(Unavailable, match="another source's"), shop._database.begin() as session:
        session.execute(text(trick))


WIDENINGS = ["SET ROLE esms_source", "SET esms.source = '=clinic'", "SET row_security = off", "SET ROLE esms_producer"]


@pytest.mark.parametrize("widening", WIDENINGS)
def test_a_bound_login_can_not_widen_what_it_sees(
    widening: str, application: Callable[[str], Notifier], clinics: UUID
) -> None:
    shop = application("shop")
    seen = 0
    with suppress(Unavailable), shop._database.begin() as session:
        session.execute(text(widening))
        seen = session.scalar(text("SELECT count(*) FROM notification")) or 0
    assert seen == 0


def test_tables_of_its_own_do_not_lie_to_what_runs_with_the_owners_rights(
    application: Callable[[str], Notifier], clinics: UUID
) -> None:
    """A temporary table comes first by its name."""
    shop = application("shop")
    with shop._database.begin() as session:
        session.execute(text("CREATE TEMP TABLE producer_source (role_name text, source text)"))
        session.execute(text("INSERT INTO producer_source VALUES (session_user, 'clinic')"))
        assert session.scalar(text("SELECT count(*) FROM notification")) == 0
        session.rollback()


def test_a_login_in_the_role_that_was_bound_to_nothing_sees_nothing(
    producers: Producers, application: Callable[[str], Notifier], clinics: UUID, database: Database
) -> None:
    shop = application("shop")
    with database.begin() as session:
        session.execute(text("DELETE FROM producer_source"))
    assert _rows(shop, "SELECT count(*) FROM notification") == 0
    with pytest.raises(NotFound):
        shop.of_source("clinic").status(clinics)


def test_in_the_callers_transaction_it_is_narrowed_for_its_own_part_alone(
    database: Database, database_url: str, clinics: UUID
) -> None:
    with Notifier.from_env({"DATABASE_URL": database_url}, source="shop") as shop, database.begin() as session:
        before = session.scalar(text("SELECT current_user"))
        shop.enqueue(otp(), reference="A", session=session)
        with pytest.raises(Invalid):
            shop.enqueue(otp(), source="clinic", session=session)
        with pytest.raises(Conflict):
            shop.enqueue(otp(content="x"), reference="A", session=session)
        assert session.scalar(text("SELECT current_user")) == before
        assert session.scalar(text("SELECT count(*) FROM notification")) == 2


def test_an_operator_sees_every_source(url_as: Callable[[str], str], clinics: UUID, bench: Bench) -> None:
    with Notifier.from_env({"DATABASE_URL": url_as(Role.PRODUCER)}) as operator:
        assert operator.find("R1") == clinics
        assert operator.cancel(clinics).moved == 1


def test_a_notifier_for_a_source_becomes_none_for_another(database_url: str) -> None:
    alone = "this Notifier is for 'shop' alone"
    with Notifier.from_env({"DATABASE_URL": database_url}, source="shop") as shop, pytest.raises(Invalid, match=alone):
        shop.of_source("clinic")


def test_without_the_roles_a_notifier_for_a_source_refuses_instead_of_seeing_all(
    as_role: As, url_as: Callable[[str], str]
) -> None:
    environ = {"DATABASE_URL": url_as(Role.REPORT)}
    told = r"nothing in .* keeps sources apart for us: let an administrator"
    with Notifier.from_env(environ, source="shop") as shop, pytest.raises(Unavailable, match=told):
        shop.reports.campaign_names()


def test_claims_and_an_operators_questions_pay_nothing_for_it(as_role: As) -> None:
    """A condition that is always true is planned away; one for each row would show as a filter."""
    for role in (Role.WORKER, Role.PRODUCER):
        with as_role(role).begin() as session:
            session.execute(text("SET LOCAL enable_seqscan = off"))
            plan = "\n".join(
                session.scalars(text("EXPLAIN SELECT * FROM contact WHERE phones @> ARRAY['+84901000001']"))
            )
        assert "contact_phones_idx" in plan
        assert "sources_of_session" not in plan


def _rows(shop: Notifier, query: str) -> Any:
    with shop._database.begin() as session:
        return session.scalar(text(query))


def _message(bench: Bench, of: Any) -> UUID:
    id_ = getattr(of, "id", of)
    with bench.database.begin() as session:
        found: UUID = session.scalar(text("SELECT id FROM message WHERE notification_id = :id"), {"id": id_})
        return found


def test_of_many_those_that_name_another_source_are_refused_each(bench: Bench, database_url: str) -> None:
    with Notifier.from_env({"DATABASE_URL": database_url}, source="shop") as shop:
        first, second, third = shop.enqueue_each(
            [Enqueue(request=otp()), Enqueue(request=otp(), source="clinic"), Enqueue(request=otp(), source="shop")]
        )
    assert isinstance(second, Invalid) and second.field == "source"
    assert isinstance(first, Ticket) and isinstance(third, Ticket)
    assert {bench.notifier.status(each.id).source for each in (first, third)} == {"shop"}
