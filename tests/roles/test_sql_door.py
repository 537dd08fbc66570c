"""Applications of any language hand over in their own transaction, by the functions of the schema esms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text

from tests.support import Bench
from worker import Notifier
from worker.api.inbox import Inbox
from worker.api.producers import Producers
from worker.bell import Bell

Connection = psycopg.Connection[Any]


@pytest.fixture
def shop(producers: Producers, worker_number: int) -> Iterator[Connection]:
    """An application that knows SQL and nothing else, bound to the source shop."""
    login = producers.add(f"shop_{worker_number}", ["shop"], sql_only=True)
    with psycopg.connect(login.url) as connection:  # as any driver takes it
        yield connection


@pytest.fixture
def inbox(bench: Bench) -> Inbox:
    return Inbox(bench.database, bench.settings, Bell(None, None))


def ask(connection: Connection, statement: str, *values: object) -> Any:
    """The first column of the first row."""
    row = connection.execute(statement, values).fetchone()
    return row[0] if row else None


def status(connection: Connection, id_: UUID) -> list[tuple[str, str | None, str | None]]:
    return connection.execute("SELECT status, field, reason FROM esms.status(%s)", [id_]).fetchall()


ONE = "SELECT esms.enqueue_sms('shop', %s, '0901 000 001', %s, 7)"


def test_it_becomes_a_message_with_the_id_that_was_answered_and_is_sent(
    shop: Connection, inbox: Inbox, bench: Bench
) -> None:
    id_ = ask(shop, ONE, "R1", "Ma: 1")
    assert status(shop, id_) == [("received", None, None)]
    shop.commit()
    assert not inbox.take_in()
    assert not inbox.take_in()
    bench.deliver()
    assert [row[0] for row in status(shop, id_)] == ["accepted"]
    assert bench.notifier.find("R1", "shop") == id_
    assert bench.notifier.show(id_).id.version == 7
    assert ask(shop, "SELECT status FROM esms.status('shop', 'R1')") == "accepted"


def test_what_is_rolled_back_was_never_there(shop: Connection, inbox: Inbox, bench: Bench) -> None:
    id_ = ask(shop, ONE, "R1", "Ma: 1")
    shop.rollback()
    inbox.take_in()
    assert status(shop, id_) == []
    assert bench.notifier.reports.summary().lines["status"] == []


def test_every_kind_with_every_field_arrives_as_it_was_given(shop: Connection, inbox: Inbox, bench: Bench) -> None:
    asked = {
        "sms": """SELECT esms.enqueue_sms('shop', 'many', ARRAY['0901000001', '0901000002'], 'Hen 8h', sms_type => 2,
            brandname => 'sangbrand', purpose => 'reminder', campaign => 'tet', send_date => now() + interval '1 day',
            expires_at => now() + interval '2 days')""",
        "template": "SELECT esms.enqueue_template_call('shop', NULL, '0901000001', '17', variables => ARRAY['a', 'b'])",
        "record": "SELECT esms.enqueue_record_call('shop', '', '0901000001', '18', ivr => '3', max_retry => 2)",
    }
    ids = {name: ask(shop, statement) for name, statement in asked.items()}
    shop.commit()
    inbox.take_in()
    shown = {name: bench.notifier.show(id_) for name, id_ in ids.items()}
    assert [len(each.messages) for each in shown.values()] == [2, 1, 1]
    assert (shown["sms"].campaign, shown["sms"].kind) == ("tet", "sms")
    assert shown["template"].reference is shown["record"].reference is None
    with bench.database.begin() as session:
        options = session.scalars(text("SELECT options FROM notification ORDER BY kind")).all()
    assert options == [
        {"ivr": "3", "max_retry": 2},
        {"sms_type": 2, "brandname": "sangbrand"},
        {"variables": ["a", "b"]},
    ]


def test_what_is_refused_stands_there_with_its_field_and_reason_and_stops_no_other(
    shop: Connection, inbox: Inbox, bench: Bench
) -> None:
    wrong = ask(shop, "SELECT esms.enqueue_sms('shop', 'R1', '12', 'Ma: 1', 7)")
    lacking = ask(shop, "SELECT esms.enqueue_sms('shop', 'R2', NULL::text, 'Ma: 1', 7)")
    good = ask(shop, ONE, "R3", "Ma: 1")
    shop.commit()
    inbox.take_in()
    [(state, field, reason)] = status(shop, wrong)
    assert (state, field) == ("refused", "to")
    assert reason
    assert status(shop, lacking)[0][:2] == ("refused", "to")
    assert status(shop, good)[0][0] == "queued"
    with bench.database.begin() as session:
        kept = session.scalars(text("SELECT fields FROM inbox WHERE state = 'refused'")).all()
    assert sorted(kept, key=len) == [{"sms_type": 7}, {"sms_type": 7, "to": "12"}]  # for who corrects it: no text


def test_a_repeat_stands_where_the_first_one_does_and_another_text_is_refused(
    shop: Connection, inbox: Inbox, bench: Bench
) -> None:
    first, again, other = (ask(shop, ONE, "R1", content) for content in ("Ma: 1", "Ma: 1", "Ma: 2"))
    shop.commit()
    inbox.take_in()
    bench.deliver()
    assert status(shop, first) == status(shop, again)
    assert status(shop, first)[0][0] == "accepted"
    assert status(shop, other)[0][:2] == ("refused", "reference")
    assert not str(status(shop, other)[0][2]).startswith("reference")  # which its field says
    assert bench.notifier.reports.summary().lines["status"][0].total == 1


def test_it_can_be_cancelled_before_and_after_it_was_taken_in_and_not_once_it_has_gone(
    shop: Connection, inbox: Inbox, bench: Bench
) -> None:
    before, after, gone = (ask(shop, ONE, reference, "Ma: 1") for reference in ("R1", "R2", "R3"))
    assert ask(shop, "SELECT esms.cancel(%s)", before) == 1
    shop.commit()
    inbox.take_in()
    assert ask(shop, "SELECT esms.cancel(%s)", after) == 1
    shop.commit()
    bench.deliver()
    assert ask(shop, "SELECT esms.cancel(%s)", gone) == 0
    assert [status(shop, id_)[0][0] for id_ in (before, after, gone)] == ["cancelled", "cancelled", "accepted"]


def test_a_cancel_that_meets_the_worker_that_takes_it_in_cancels_the_message(
    shop: Connection, inbox: Inbox, bench: Bench
) -> None:
    """A row that is being cancelled is left alone; one that is being taken in is waited for."""
    id_ = ask(shop, ONE, "R1", "Ma: 1")
    shop.commit()
    assert ask(shop, "SELECT esms.cancel(%s)", id_) == 1
    inbox.take_in()
    shop.rollback()
    inbox.take_in()
    bench.deliver()
    assert status(shop, id_)[0][0] == "accepted"


def test_people_and_meetings_are_kept_as_the_sources_own(shop: Connection, inbox: Inbox, bench: Bench) -> None:
    bench.notifier.templates.save("visit", content="Hen {title}")
    bench.notifier.contacts.upsert(source="clinic", key="9", name="Lan", phones="0901234567")
    lan = ask(shop, """SELECT esms.upsert_contact('shop', '1', '{"name": "Lan", "phones": ["0901000001"]}')""")
    mai = ask(shop, """SELECT esms.upsert_contact('shop', '1', '{"name": "Mai"}')""")
    visit = """{"title": "Kham", "starts_at": "2030-01-01T09:00", "offsets": ["1d"], "template": "visit",
        "brandname": "sangbrand", "version": 1, "attendees": [%s]}"""
    event = ask(shop, "SELECT esms.upsert_event('shop', '7', %s)", visit % '{"key": "1", "phone": "0901000001"}')
    wrong = ask(shop, "SELECT esms.upsert_event('shop', '8', %s)", visit.replace("starts_at", "begins") % "")
    other = ask(shop, "SELECT esms.upsert_event('shop', '9', %s)", visit % '{"key": "9"}')
    ended = ask(shop, "SELECT esms.cancel_event('shop', '7', '2')")
    shop.commit()
    inbox.take_in()
    assert [status(shop, id_)[0][0] for id_ in (lan, mai, event, ended)] == ["stored"] * 4
    assert status(shop, wrong)[0][:2] == ("refused", "begins")
    assert status(shop, other)[0][0] == "refused"
    assert bench.notifier.contacts.show("1", source="shop").name == "Mai"
    assert bench.notifier.reminders.event(source="shop", key="7").event.cancelled_at


def test_another_sources_neither_exist_nor_can_be_moved_and_no_table_is_touched(
    shop: Connection, inbox: Inbox, bench: Bench
) -> None:
    theirs = bench.put(source="clinic", reference="R1")
    waiting = ask_as_operator(bench, "SELECT esms.enqueue_sms('clinic', 'R9', '0901000001', 'Ma: 1', 7)")
    for id_ in (theirs.id, waiting):
        assert status(shop, id_) == []
        assert ask(shop, "SELECT esms.cancel(%s)", id_) == 0
    assert ask(shop, "SELECT count(*) FROM esms.status('clinic', 'R1')") == 0
    for statement in (
        "SELECT esms.enqueue_sms('clinic', 'R2', '0901000001', 'Ma: 1', 7)",
        "SELECT esms.enqueue_sms(NULL, 'R2', '0901000001', 'Ma: 1', 7)",
        *(f"SELECT * FROM {table}" for table in ("inbox", "notification", "message", "contact", "producer_source")),
        "CREATE FUNCTION esms.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            shop.execute(statement)
        shop.rollback()


def ask_as_operator(bench: Bench, statement: str) -> Any:
    with bench.database.begin() as session:
        return session.scalar(text(statement))


def test_one_that_is_a_fault_of_ours_to_take_is_refused_and_holds_up_no_other(
    shop: Connection, inbox: Inbox, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = ask(shop, ONE, "R1", "Ma: 1"), ask(shop, ONE, "R2", "Ma: 2")
    shop.commit()
    with bench.database.begin() as session:  # no door writes this, and intake does not expect it
        wrong = "UPDATE inbox SET fields = '[]' WHERE id = :id"
        session.execute(text(wrong), {"id": bad})
    inbox.take_in()
    assert [status(shop, id_)[0][0] for id_ in (good, bad)] == ["queued", "refused"]


def test_only_one_worker_takes_in_at_a_time_and_the_answered_are_forgotten_in_time(
    shop: Connection, inbox: Inbox, bench: Bench
) -> None:
    wrong = ask(shop, "SELECT esms.enqueue_sms('shop', 'R1', '12', 'Ma: 1', 7)")
    shop.commit()
    with bench.database.begin() as session:
        session.execute(text("SELECT pg_advisory_xact_lock(72038812)"))
        inbox.take_in()
        assert status(shop, wrong)[0][0] == "received"
    inbox.take_in()
    bench.look_after_ledger()
    assert status(shop, wrong)[0][0] == "refused"
    with bench.database.begin() as session:
        session.execute(text("UPDATE inbox SET at = at - interval '31 days'"))
    bench.look_after_ledger()
    assert status(shop, wrong) == []


def test_a_notifiers_login_may_call_them_too(bench: Bench, application: Any, inbox: Inbox) -> None:
    notifier: Notifier = application("shop")
    with notifier._database.begin() as session:
        id_ = session.scalar(text("SELECT esms.enqueue_sms('shop', 'R1', '0901000001', 'Ma: 1', 7)"))
    inbox.take_in()
    assert notifier.status(id_).id == id_
