"""What Postgres counted while it was not committed is counted anew by whoever sends, before anything is planned so."""

from __future__ import annotations

import pytest
from sqlalchemy import event, text

from tests.ledger.test_ledger_plans import claim, pages, told
from tests.support import Bench
from worker import Sms, ledger
from worker.database import Database
from worker.intake.storing import AT_ONCE

MANY = 4000
ROWS = text("SELECT relname, reltuples FROM pg_class WHERE relname IN ('message', 'notification')")
TIMES = text("SELECT analyze_count FROM pg_stat_user_tables WHERE relname = 'message'")


def outside(database: Database, statement: str) -> None:
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(statement))


def put_in(bench: Bench, count: int = MANY, meanwhile: str = "ANALYZE message, notification") -> None:
    """A campaign; as autovacuum may, Postgres counts before it is committed."""
    texts = [Sms(to=f"090{place:04}001", content="Chao", sms_type=2) for place in range(count)]
    with bench.database.begin() as session:
        bench.notifier.enqueue_many(texts, session=session)
        outside(bench.database, meanwhile)


def counted(bench: Bench) -> dict[str, float]:
    with bench.database.begin() as session:
        return dict(map(tuple, session.execute(ROWS)))


def times(bench: Bench) -> int:
    with bench.database.begin() as session:
        return int(session.scalar(TIMES) or 0)


def count_anew(bench: Bench) -> bool:
    """Has it counted messages?"""
    before = times(bench)
    told(bench.workers, ledger.count_anew)
    return times(bench) > before


def send_some(bench: Bench) -> None:
    """One claim's worth."""
    looks = iter([False])
    bench.deliver(stopping=lambda: next(looks, True))


def sent(bench: Bench) -> int:
    with bench.database.begin() as session:
        return int(session.scalar(text("SELECT count(*) FROM message WHERE attempts > 0")) or 0)


def test_a_campaign_that_was_counted_before_it_was_committed_is_counted_anew_by_who_sends_it(bench: Bench) -> None:
    put_in(bench)
    assert counted(bench) == {"message": 0, "notification": 0}
    send_some(bench)
    assert counted(bench) == {"message": MANY, "notification": MANY}
    assert sent(bench)


def test_what_was_counted_right_is_not_counted_again(bench: Bench) -> None:
    put_in(bench)
    with bench.workers.begin() as session:
        ledger.count_anew(session)
    before = times(bench)
    send_some(bench)
    assert before
    assert times(bench) == before


def test_what_is_empty_or_was_never_counted_is_not_counted_for_its_pages(bench: Bench) -> None:
    assert not count_anew(bench)
    put_in(bench, meanwhile="SELECT 1")
    assert not count_anew(bench)
    with bench.database.begin() as session:
        session.execute(text("DELETE FROM message"))
    outside(bench.database, "ANALYZE message")
    assert counted(bench)["message"] == 0
    assert not count_anew(bench)


def test_it_is_counted_as_well_where_postgres_has_heard_of_nothing_since(bench: Bench) -> None:
    """As after a crash, and where it counted while others committed."""
    put_in(bench)
    outside(bench.database, "SELECT pg_stat_reset_single_table_counters(CAST('message' AS regclass))")
    assert count_anew(bench)


def test_until_it_is_counted_a_claim_walks_over_messages_once_and_not_for_each_that_it_claims(bench: Bench) -> None:
    put_in(bench, 1000)
    with bench.database.begin() as session:
        looked_at = pages(session, lambda session, _: claim(session), [])
        all_pages = session.scalar(text("SELECT pg_total_relation_size('message') / 8192")) or 0
    assert looked_at < all_pages + 30 * 100  # those of what it claims, by their keys


def test_who_puts_in_many_asks_once_how_much_there_is_and_the_next_time_anew(bench: Bench) -> None:
    asked: list[str] = []
    engine = bench.notifier._database.engine
    event.listen(engine, "before_cursor_execute", lambda _, __, statement, *___: asked.append(statement))
    texts = [Sms(to="0901234001", content="Chao", sms_type=2)] * (3 * AT_ONCE)
    for times in (1, 2):
        bench.notifier.enqueue_many(texts)
        assert sum("pg_relation_size" in statement for statement in asked) == times


def test_nobody_waits_for_a_table_that_is_vacuumed_or_changed(bench: Bench) -> None:
    put_in(bench, 600)
    with bench.database.begin() as session:
        session.execute(text("LOCK TABLE message IN SHARE UPDATE EXCLUSIVE MODE"))
        with bench.workers.begin() as worker:
            worker.execute(text("SET LOCAL statement_timeout = '10s'"))
            ledger.count_anew(worker)
        send_some(bench)
    assert sent(bench)


def test_a_worker_sends_as_well_where_no_migration_made_the_function_yet(bench: Bench) -> None:
    with bench.database.begin() as session:
        session.execute(text("DROP FUNCTION count_anew()"))
        ledger.count_anew(session)
        session.rollback()


@pytest.mark.parametrize("who", ["workers", "database"])
def test_who_may_send_may_have_it_counted(bench: Bench, who: str) -> None:
    put_in(bench)
    with getattr(bench, who).begin() as session:
        ledger.count_anew(session)
    assert counted(bench) == {"message": MANY, "notification": MANY}
