"""Attempts that stay when a message is sent again, and one settlement for each change of a status."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.history.sums import by_status, daily, fold_all, latency, raw
from tests.support import HTTP_CALL, Bench, otp, settle
from worker import Ticket, ledger
from worker.database import Database
from worker.ledger import Outcome
from worker.lifecycle import Status
from worker.migrating import migrate

NOW = timedelta(0)


def rows(database: Database, query: str) -> list[Any]:
    with database.begin() as session:
        return list(session.execute(text(query)).all())


def send(bench: Bench, status: Status, **facts: Any) -> None:
    """Claim one and record what became of it."""
    [claim] = bench.claim(most=1)
    with bench.database.begin() as session:
        ledger.record(
            session, [Outcome(claim=claim, status=status, poll_wait=NOW, wait=NOW, http_call=HTTP_CALL, **facts)]
        )


def fail(bench: Bench) -> Ticket:
    """A code that was accepted and did not arrive."""
    ticket = bench.put()
    send(bench, Status.ACCEPTED, code="100", sms_id="sms-1")
    with bench.database.begin() as session:
        [poll] = ledger.claim_polls(session, most=1, lease=NOW)
        settle(session, poll, Status.UNDELIVERED)
    return ticket


def test_each_change_of_a_status_is_one_row_that_tells_what_it_changed_from(bench: Bench) -> None:
    fail(bench)
    told = rows(bench.database, "SELECT was, status, was_code, code FROM settlement ORDER BY id")
    assert [tuple(row) for row in told] == [
        (None, "queued", None, None),
        ("queued", "sending", None, None),
        ("sending", "accepted", None, "100"),
        ("accepted", "undelivered", "100", "100"),
    ]


def test_what_changes_no_status_leaves_no_row(bench: Bench) -> None:
    ticket = bench.put()
    for change in ("attempts = attempts + 1", "status = status", "reason = 'test'"):
        bench.set(ticket, **dict([change.split(" = ")]))
    assert rows(bench.database, "SELECT count(*) FROM settlement") == [(1,)]


def test_what_is_undone_leaves_no_row(bench: Bench) -> None:
    ticket = bench.put()
    with pytest.raises(ZeroDivisionError), bench.database.begin() as session:
        ledger.cancel(session, [ticket.id])
        raise ZeroDivisionError
    assert rows(bench.database, "SELECT status FROM settlement") == [("queued",)]


def test_an_attempt_stays_as_it_came_to_its_end_when_it_is_sent_again(bench: Bench) -> None:
    ticket = fail(bench)
    bench.notifier.retry(ticket.id)
    send(bench, Status.ACCEPTED, code="100", sms_id="sms-2")
    kept = "number, generation, sms_type, sms_id, status, code, wanted_by, tries, accepted_at IS NOT NULL"
    [attempt] = rows(bench.database, f"SELECT {kept} FROM attempt")
    assert tuple(attempt) == (0, 0, 7, "sms-1", "undelivered", "100", None, 1, True)
    [(generation, by, sms_id)] = rows(bench.database, "SELECT generation, wanted_by, sms_id FROM message")
    assert (generation, by, sms_id) == (1, "a person", "sms-2")


def test_what_did_not_arrive_yesterday_stays_so_in_yesterdays_sums_when_it_arrives_today(bench: Bench) -> None:
    ticket = fail(bench)
    days = "wanted_at = wanted_at - interval '1 day', created_at = created_at - interval '1 day'"
    with bench.database.begin() as session:
        session.execute(text(f"UPDATE message SET {days}"))
    bench.notifier.retry(ticket.id)
    fold_all(bench.database)
    with bench.database.begin() as session:
        found = {(key[0], key[7]): messages for key, messages in daily(session).items()}
        assert daily(session) == raw(session)
    yesterday, today = sorted({day for day, _ in found})
    assert (today - yesterday, found) == (
        timedelta(days=1),
        {(yesterday, "undelivered"): 1, (today, "queued"): 1},
    )


def test_what_esms_surely_did_not_take_is_an_attempt_that_came_back_to_queued(bench: Bench) -> None:
    bench.put()
    send(bench, Status.QUEUED, code="103", reason="test", renew_request_id=True)
    [attempt] = rows(bench.database, "SELECT status, code, reason, generation FROM attempt")
    assert tuple(attempt) == ("queued", "103", "test", 0)


def test_a_former_versions_retry_begins_a_generation_too(bench: Bench) -> None:
    ticket = fail(bench)
    bench.set(ticket, status="'queued'", renewals="renewals + 1", sms_id="NULL", code="NULL", settled_at="NULL")
    fold_all(bench.database)
    assert by_status(bench.database) == {"undelivered": 1, "queued": 1}


@pytest.mark.long
def test_messages_of_before_are_filled_in_whatever_happened_to_them_since(empty_database_url: str) -> None:
    with Database(empty_database_url) as database:
        migrate(database, "0014")
        _put_as_before(database, ["queued", "queued", "rejected", "accepted", "delivered"])
        migrate(database)
        _set(database, 1, "status = 'cancelled'")
        _set(database, 2, "status = 'queued', renewals = 1, generation = 1, wanted_at = now()")
        _set(database, 3, "status = 'delivered', network = 'viettel', settled_at = now()")
        _set(database, 2, "status = 'cancelled'")
        more = True
        while more:
            with database.begin() as session:
                more = ledger.fill(session, most=2)
        fold_all(database)
        assert by_status(database) == {"queued": 1, "cancelled": 2, "rejected": 1, "delivered": 2}
        with database.begin() as session:
            assert daily(session) == raw(session)


@pytest.mark.long
def test_what_was_added_up_by_days_alone_is_added_up_by_months_and_only_once_where_a_migration_is_run_again(
    empty_database_url: str,
) -> None:
    alike = "date '2025-01-20' + n, 'shop', '', 'service', 'normal', 2, ''"
    with Database(empty_database_url) as database:
        migrate(database, "0049")
        with database.begin() as session:
            for sums in (
                f"INSERT INTO report_latency SELECT {alike}, 'accepted', n % 2, n FROM generate_series(1, 60) AS n",
                f"INSERT INTO report_daily SELECT {alike}, 'queued', '', n, n, 0, 0 FROM generate_series(1, 60) AS n",
            ):
                session.execute(text(sums))
        for _ in range(2):
            migrate(database)
            with database.begin() as session:
                assert sum(latency(session).values()) == sum(daily(session).values()) == 1830
                session.execute(text("UPDATE alembic_version SET version_num = '0049'"))


def _set(database: Database, number: int, change: str) -> None:
    with database.begin() as session:
        session.execute(text(f"UPDATE message SET {change} WHERE phone = :phone"), {"phone": f"+8490000000{number}"})


def _put_as_before(database: Database, statuses: list[str]) -> None:
    put = text("""
        WITH n AS (
            INSERT INTO notification (id, kind, source, content, options, hand_over, fingerprint)
            VALUES (gen_random_uuid(), 'sms', 'shop', 'Ma: 1', '{"sms_type": 7}', false, '') RETURNING id
        )
        INSERT INTO message (id, notification_id, phone, lane, status, grouped, due_at, accepted_at)
        SELECT gen_random_uuid(), n.id, :phone, 'urgent', :status, false, now(), now() FROM n
    """)
    with database.begin() as session:
        for number, status in enumerate(statuses):
            session.execute(put, {"phone": f"+8490000000{number}", "status": status})


def test_a_moved_date_takes_the_message_to_its_new_day(bench: Bench) -> None:
    ticket = bench.put(send_date=datetime.now(UTC) + timedelta(hours=1))
    fold_all(bench.database)
    bench.notifier.move(ticket.id, datetime.now(UTC) + timedelta(days=3))
    fold_all(bench.database)
    with bench.database.begin() as session:
        assert list(daily(session).values()) == [1]
        assert daily(session) == raw(session)


def test_a_session_that_changed_one_row_changes_thousands_in_no_more_than_their_time(bench: Bench) -> None:
    """The plan that its first statement left must not compare each of them with each."""
    bench.notifier.enqueue(otp([f"09{n:08}" for n in range(20_000)]))
    with bench.database.begin() as session:
        one = "UPDATE message SET status = 'cancelled' WHERE id = (SELECT id FROM message LIMIT 1)"
        session.execute(text(one))
        session.execute(text("UPDATE message SET status = 'cancelled'"))
        cancelled = session.scalars(text("SELECT count(*) FROM settlement WHERE status = 'cancelled'")).one()
    assert cancelled == 20_000
