"""Enqueueing: on disk or not at all, once per reference, and rung only after the commit."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Thread
from uuid import RFC_4122, UUID

import pytest
from redis import Redis
from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.orm import Session

from tests.support import Bench, as_producer, eventually, otp
from worker import Conflict, Enqueue, Invalid, Notifier, RecordCall, Retry, Sms, TemplateCall, Ticket, Unavailable
from worker.actor import Actor, Via, acting
from worker.database import Database
from worker.errors import WorkerError
from worker.ids import uuid7s, uuid7s_as_text
from worker.intake.storing import AT_ONCE
from worker.queues import Task


def count(database: Database, table: str = "message") -> int:
    with database.begin() as session:
        return int(session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


def test_the_same_reference_gives_back_the_first_ticket_and_stores_nothing(bench: Bench) -> None:
    first = bench.put(otp(), reference="signup:42", source="shop")
    again = bench.put(otp(), reference="signup:42", source="shop")
    assert again.id == first.id
    assert (first.repeated, again.repeated) == (False, True)
    assert count(bench.database) == 1


def transactions(bench: Bench, enqueue: Callable[[Notifier], object]) -> list[bool]:
    """Of each statement that this takes: is it a transaction by itself?"""
    found: list[bool] = []

    def note(connection: Connection, *_: object) -> None:
        found.append(bool(connection.connection.driver_connection.autocommit))  # type: ignore[union-attr]

    with Database(bench.settings.database_url) as database:
        notifier = Notifier(bench.settings, database=database)
        notifier.enqueue(otp("0901000099"))  # whether it may go ahead of the disk is known from here on
        event.listen(database.engine, "before_cursor_execute", note)
        enqueue(notifier)
    return found


def test_a_code_is_handed_over_in_one_round_trip_and_on_disk_after_another(bench: Bench) -> None:
    assert transactions(bench, lambda notifier: notifier.enqueue(otp())) == [True, True]
    assert count(bench.database) == 2


def test_what_takes_more_than_one_statement_is_one_transaction(bench: Bench) -> None:
    def by_a_person(notifier: Notifier) -> None:
        with acting(Actor("lan", Via.COMMAND)):
            notifier.enqueue(otp())

    ways: list[Callable[[Notifier], object]] = [
        by_a_person,
        lambda notifier: notifier.enqueue(otp(), retry_undelivered=Retry()),
        lambda notifier: notifier.enqueue(otp(), purpose="reminder"),
        lambda notifier: notifier.enqueue_many([otp(), otp()]),
        lambda notifier: notifier.enqueue_many([otp()] * (AT_ONCE + 1)),
        lambda notifier: notifier.enqueue_each([Enqueue(request=otp()), Enqueue(request=otp("1"))], atomic=True),
        lambda notifier: notifier.rehearse(otp()),
    ]
    for number, way in enumerate(ways):
        assert True not in transactions(bench, way), number


def test_the_same_number_in_another_spelling_is_the_same_content(bench: Bench) -> None:
    first = bench.put(otp("0901234567"), reference="r")
    assert bench.put(otp("+84 901 234 567"), reference="r").id == first.id


def test_the_same_reference_with_another_content_is_refused(bench: Bench) -> None:
    bench.put(otp(), reference="r", source="shop")
    with pytest.raises(Conflict, match="another content"):
        bench.put(otp(content="Ma: 9999"), reference="r", source="shop")
    assert count(bench.database) == 1


def test_the_same_reference_for_another_purpose_is_refused(bench: Bench) -> None:
    sms = Sms(to="0901234567", content="Giam gia", sms_type=4)
    first = bench.put(sms, reference="r")
    assert bench.put(sms, reference="r", purpose="service").id == first.id  # which it had by its type
    with pytest.raises(Conflict):
        bench.put(sms, reference="r", purpose="advertising")


def test_two_sources_may_use_the_same_reference(bench: Bench) -> None:
    assert bench.put(otp(), reference="r", source="a").id != bench.put(otp(), reference="r", source="b").id


def test_ten_threads_with_one_reference_make_one_notification(bench: Bench) -> None:
    tickets: list[Ticket] = []
    threads = [Thread(target=lambda: tickets.append(bench.put(otp(), reference="r"))) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({ticket.id for ticket in tickets}) == 1
    assert sum(not ticket.repeated for ticket in tickets) == 1
    assert count(bench.database) == 1


def test_a_recipient_that_is_named_twice_gets_one_message_and_is_reported(bench: Bench) -> None:
    ticket = bench.put(otp(["0901234567", "+84901234567", "0901234568"]))
    assert ticket.messages == 2
    assert ticket.duplicates == ("+84901234567",)
    assert count(bench.database) == 2


def test_in_the_callers_transaction_it_is_stored_with_it(bench: Bench, database_url: str) -> None:
    engine = create_engine(database_url)
    with Session(engine) as session, session.begin():
        bench.notifier.enqueue(otp(), session=session)
        assert count(bench.database) == 0
    assert count(bench.database) == 1
    engine.dispose()


def test_in_the_callers_transaction_it_is_gone_with_its_rollback(bench: Bench, database_url: str) -> None:
    engine = create_engine(database_url)
    with Session(engine) as session:
        bench.notifier.enqueue(otp(), session=session)
        session.rollback()
    assert count(bench.database) == 0
    engine.dispose()


def test_an_error_inside_the_callers_transaction_leaves_nothing_to_commit(bench: Bench, database_url: str) -> None:
    engine = create_engine(database_url)
    with Session(engine) as session:
        bench.notifier.enqueue(otp(), reference="r", session=session)
        with pytest.raises(Invalid):
            bench.notifier.enqueue_many([*(otp(f"0901{n:06d}") for n in range(5001)), otp("12")], session=session)
        with pytest.raises(Conflict):
            items: list[Sms | Enqueue] = [otp("0901000007"), Enqueue(request=otp(content="other"), reference="r")]
            bench.notifier.enqueue_many(items, session=session)
        session.commit()
    assert count(bench.database) == 1
    engine.dispose()


def test_a_forked_producer_loses_nothing(bench: Bench) -> None:
    """As under gunicorn's preload: the parent has used its notifier before it forks."""
    bench.put(otp("0902000000"))
    children = [_enqueue_in_child(bench, child) for child in range(3)]
    assert [os.waitpid(pid, 0)[1] for pid in children] == [0, 0, 0]
    assert count(bench.database) == 1 + 3 * 50


def _enqueue_in_child(bench: Bench, child: int) -> int:
    if pid := os.fork():
        return pid
    try:
        for n in range(50):
            bench.notifier.enqueue(otp(f"090{child + 3}0001{n:02d}"))
    finally:
        os._exit(0)


def test_a_read_only_database_is_unavailable_and_shows_nobodys_text(bench: Bench, database_url: str) -> None:
    url = database_url + "?options=-c%20default_transaction_read_only%3Don"
    engine = create_engine(url, hide_parameters=True)
    with Session(engine) as session, pytest.raises(Exception) as raised:
        bench.notifier.enqueue(otp(content="my secret"), session=session)
    assert "my secret" not in str(raised.value)
    engine.dispose()


@pytest.fixture
def rung(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url) as redis:
        redis.flushdb()
        yield redis


@pytest.fixture
def ringing(bench: Bench, database_url: str, redis_url: str) -> Iterator[Notifier]:
    environ = {
        "DATABASE_URL": as_producer(database_url),
        "REDIS_URL": redis_url,
        "ESMS_BRANDNAME": "sangbrand",
    }
    with Notifier.from_env(environ) as notifier:
        yield notifier


def bells(redis: Redis, queue: str) -> int:
    return int(redis.llen(queue))


def test_a_code_rings_the_urgent_queue_and_a_call_the_other(ringing: Notifier, rung: Redis) -> None:
    ringing.enqueue(otp())
    ringing.enqueue(RecordCall(to="0901000001", record_id="2001"))
    assert (bells(rung, "urgent"), bells(rung, "deliver")) == (1, 1)


def test_a_bell_that_nobody_has_answered_is_not_rung_again(ringing: Notifier, rung: Redis) -> None:
    unanswered = f"esms-worker:rung:{Task.DELIVER_URGENT}"
    eventually(lambda: ringing.enqueue(otp()) and rung.persist(unanswered))  # it may have lapsed on a slow machine
    before = bells(rung, "urgent")
    for n in range(1, 20):
        ringing.enqueue(otp(f"0901001{n:03d}"))
    assert bells(rung, "urgent") == before > 0


def test_what_is_due_later_does_not_ring(ringing: Notifier, rung: Redis) -> None:
    ringing.enqueue(otp(), send_date=datetime.now(UTC) + timedelta(hours=1))
    assert bells(rung, "urgent") == 0


def test_the_bell_is_rung_after_the_callers_commit_and_not_before(
    ringing: Notifier, rung: Redis, database_url: str
) -> None:
    engine = create_engine(database_url)
    with Session(engine) as session:
        ringing.enqueue(otp(), session=session)
        assert bells(rung, "urgent") == 0
        session.commit()
    assert bells(rung, "urgent") == 1
    engine.dispose()


def test_a_savepoint_does_not_ring_and_many_enqueues_ring_once(
    ringing: Notifier, rung: Redis, database_url: str
) -> None:
    engine = create_engine(database_url)
    with Session(engine) as session:
        for n in range(20):
            ringing.enqueue(otp(f"0901000{n + 100}"), session=session)
        with session.begin_nested():
            ringing.enqueue(otp("0901000200"), session=session)
        assert bells(rung, "urgent") == 0
        session.commit()
        rung.flushdb()
        session.commit()
    assert bells(rung, "urgent") == 0
    engine.dispose()


def test_a_rollback_does_not_ring(ringing: Notifier, rung: Redis, database_url: str) -> None:
    engine = create_engine(database_url)
    with Session(engine) as session:
        ringing.enqueue(otp(), session=session)
        session.rollback()
    assert bells(rung, "urgent") == 0
    engine.dispose()


def test_enqueueing_succeeds_without_redis(bench: Bench, database_url: str) -> None:
    with Notifier.from_env(
        {"DATABASE_URL": as_producer(database_url), "REDIS_URL": "redis://127.0.0.1:1/0"}
    ) as notifier:
        ticket = notifier.enqueue(otp())
        assert bench.status(ticket) == "queued"


def test_without_postgres_the_error_names_the_variable_and_not_the_password() -> None:
    with Notifier.from_env({"DATABASE_URL": "postgresql+psycopg://u:s3cret@127.0.0.1:1/x"}) as notifier:
        with pytest.raises(Unavailable, match=r"DATABASE_URL: no Postgres answers at 127\.0\.0\.1:1/x") as raised:
            notifier.enqueue(otp())
        assert "s3cret" not in str(raised.value)


def test_without_a_schema_the_error_says_migrate(empty_database_url: str) -> None:
    with (
        Notifier.from_env({"DATABASE_URL": empty_database_url}) as notifier,
        pytest.raises(Unavailable, match="esms-worker migrate"),
    ):
        notifier.enqueue(otp())


def test_many_are_stored_all_or_none_and_the_error_tells_which(bench: Bench) -> None:
    wanted = [otp(f"0901{n:06d}") for n in range(6000)] + [otp("12")]
    with pytest.raises(Invalid, match="item 6000: to: "):
        bench.notifier.enqueue_many(wanted)
    assert count(bench.database) == 0


@pytest.mark.long
def test_many_are_stored_chunk_by_chunk_and_what_fails_while_the_next_is_checked_is_told(bench: Bench) -> None:
    bench.put(otp("0901000000", content="another"), reference="taken")
    wanted = [Enqueue(request=otp(f"0902{n:06d}"), reference=f"r{n}") for n in range(3 * AT_ONCE + 1)]
    tickets = bench.notifier.enqueue_many(wanted)
    places = (0, AT_ONCE, 3 * AT_ONCE)
    assert [bench.notifier.status(tickets[n].id).reference for n in places] == [f"r{n}" for n in places]
    with pytest.raises(Conflict):
        bench.notifier.enqueue_many([Enqueue(request=otp(), reference="taken"), *([otp("0901000002")] * 2 * AT_ONCE)])
    assert count(bench.database) == 3 * AT_ONCE + 2


@pytest.mark.long
def test_what_postgres_refuses_of_many_is_told_though_others_were_on_their_way_to_it(bench: Bench) -> None:
    wanted = [otp(f"0902{n:06d}") for n in range(4 * AT_ONCE)]
    with _refusing(bench.database, phone="+84902000001"), pytest.raises(WorkerError, match="23514"):
        bench.notifier.enqueue_many(wanted)
    assert count(bench.database) == 0
    assert len(bench.notifier.enqueue_many(wanted)) == len(wanted)


@contextmanager
def _refusing(database: Database, phone: str) -> Iterator[None]:
    with database.begin() as session:
        session.execute(text(f"ALTER TABLE message ADD CONSTRAINT refused_here CHECK (phone <> '{phone}')"))
    yield
    with database.begin() as session:
        session.execute(text("ALTER TABLE message DROP CONSTRAINT refused_here"))


def test_many_come_back_as_tickets_in_order(bench: Bench) -> None:
    items = [Enqueue(request=otp(f"0901{n:06d}"), reference=f"r{n}") for n in range(12)]
    first = bench.notifier.enqueue_many(items[::2])
    tickets = bench.notifier.enqueue_many(items)
    assert [ticket.repeated for ticket in tickets] == [True, False] * 6
    assert [ticket.id for ticket in tickets[::2]] == [ticket.id for ticket in first]


def test_what_is_common_to_many_goes_with_each(bench: Bench) -> None:
    bench.notifier.enqueue_many([otp("0901000001"), otp("0901000002")], campaign="tet", source="hr")
    assert bench.notifier.cancel_campaign("tet").moved == 2


def test_many_on_different_terms_are_stored_as_if_they_came_one_by_one(bench: Bench) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    many = [f"0902{place:06d}" for place in range(45)]
    wanted = [
        Enqueue(request=otp("0901000001"), reference="a"),
        Enqueue(request=otp("0901000002"), reference="b", campaign="codes", expires_at=tomorrow),
        Enqueue(request=Sms(to=["0901000003", "0901000004"], content="Xin chào", sms_type=3, unicode=True)),
        Enqueue(request=Sms(to=many, content="Sale", sms_type=1, brandname="Shop"), send_date=tomorrow),
        Enqueue(request=Sms(to="0901000005", content="x", brandname="Shop"), send_date=tomorrow, hand_over=True),
        Enqueue(request=TemplateCall(to=["0901000006", "0901000007"], template_id="7", variables=["a", "b"])),
        Enqueue(request=RecordCall(to="0901000009", record_id="8", max_retry=2), purpose="reminder"),
        Enqueue(request=otp("0901000008"), source="hr", reference="a"),
    ]
    together = [stored(bench, ticket) for ticket in bench.notifier.enqueue_many(wanted)]
    with bench.database.begin() as session:
        session.execute(text("TRUNCATE notification CASCADE"))
    alone = [stored(bench, bench.notifier.enqueue_many([item])[0]) for item in wanted]
    assert together == alone
    assert [len(messages) for _, messages in together] == [1, 1, 2, 45, 1, 2, 1, 1]


def stored(bench: Bench, ticket: Ticket) -> tuple[object, list[object]]:
    """What stands there of it, but for ids and the moment."""
    notification = """
        SELECT kind, purpose, source, reference, campaign, content, template_id, options, hand_over, fingerprint,
            send_date, expires_at FROM notification WHERE id = :id
    """
    messages = """
        SELECT m.phone, m.lane, m.status, m.grouped,
            CASE WHEN m.due_at > m.created_at + interval '1 hour' THEN m.due_at END AS due,
            m.expires_at - coalesce(n.expires_at, n.send_date, m.created_at) AS horizon,
            m.request_id IS NOT NULL AS shared, count(*) OVER (PARTITION BY m.request_id) AS sharing
        FROM message AS m JOIN notification AS n ON n.id = m.notification_id WHERE n.id = :id ORDER BY m.id
    """
    with bench.database.begin() as session:
        found = session.execute(text(notification), {"id": ticket.id}).one()
        return found, list(session.execute(text(messages), {"id": ticket.id}))


def test_a_number_is_stored_as_e164(bench: Bench) -> None:
    ticket = bench.put(Sms(to="0901 234.567", content="x", sms_type=7))
    assert bench.message(ticket)["phone"] == "+84901234567"


def test_ids_sort_by_time(bench: Bench) -> None:
    ids: list[UUID] = [bench.put(otp(f"0901000{n:03d}")).id for n in range(100, 103)]
    assert all(id_.version == 7 for id_ in ids)


def test_ids_made_together_are_different_in_order_and_of_their_kind() -> None:
    ids = uuid7s(10_000)
    assert ids == sorted(set(ids))
    assert {(id_.version, id_.variant) for id_ in ids} == {(7, RFC_4122)}
    assert {(id_.version, id_.variant) for id_ in map(UUID, uuid7s_as_text(100))} == {(7, RFC_4122)}
