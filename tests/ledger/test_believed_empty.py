"""Where Postgres believes its tables to be empty, what is asked by a key is found by it, and that is set right soon."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.ledger.test_ledger_plans import BELIEVED_EMPTY, FEW, PAGES, UNDER_WAY, pages, put, told, undone, walked
from tests.ledger.test_miscounted import MANY, counted, outside, put_in, times
from tests.plans import pages_of
from tests.support import Bench, otp
from worker import ledger
from worker.database import Database
from worker.ledger import Claim, Floors, Gate
from worker.lifecycle import Lane, Status

BY_KEY = {
    "message": "SELECT FROM message WHERE id = %(id)s",
    "to be changed": "UPDATE message SET reason = '' WHERE id = %(id)s",
    "one after the other": "SELECT m.* FROM notification AS n JOIN message AS m ON m.id = n.id WHERE n.id = %(id)s",
    "notification": "SELECT FROM notification WHERE id = %(id)s",
}
OF_ONE = 20  # pages; of all that stand there, a walk along an index takes hundreds


def claim_alone(session: Session) -> tuple[list[Claim], bool]:
    gate = Gate(None, ZoneInfo("Asia/Ho_Chi_Minh"), timedelta(minutes=2), 20)
    gate.look(session)
    return ledger.claim_alone(session, Lane.NORMAL, most=FEW, lease=timedelta(minutes=2), floors=Floors(), gate=gate)


def test_a_message_is_found_by_its_key_alone_where_postgres_believes_that_there_are_none(database: Database) -> None:
    with undone(database) as session:
        session.execute(text("TRUNCATE message CASCADE"))  # what other tests took away stands in the key's index still
        put(session, 1, UNDER_WAY, Status.DELIVERED)
        session.execute(text(BELIEVED_EMPTY))
        asked = {"id": UUID(int=UNDER_WAY // 2)}
        looked_at = {name: pages_of(session.connection(), sql, asked) for name, sql in BY_KEY.items()}
    assert {name: count for name, count in looked_at.items() if count > OF_ONE} == {}


def test_who_is_rung_for_walks_over_nothing_though_nobody_has_looked_whether_it_is_counted(bench: Bench) -> None:
    put_in(bench, 2 * MANY)
    with undone(bench.database) as session:
        assert len(claim_alone(session)[0]) == FEW
        session.rollback()
        assert pages(session, lambda session, _: claim_alone(session), []) <= PAGES


def test_the_next_tick_counts_anew_what_was_counted_while_nothing_of_it_was_there(bench: Bench) -> None:
    many = 2 * MANY  # so few settlements take little room
    put_in(bench, many, meanwhile="ANALYZE message, notification, settlement")
    assert counted(bench) == {"message": 0, "notification": 0}
    bench.look_after_ledger()
    assert counted(bench) == {"message": many, "notification": many}
    with bench.database.begin() as session:
        rows = "SELECT reltuples FROM pg_class WHERE relname = 'settlement'"
        assert session.scalar(text(rows)) == many


def test_a_table_that_only_others_are_miscounted_beside_is_not_counted_with_them(bench: Bench) -> None:
    put_in(bench, meanwhile="ANALYZE notification")
    before = times(bench)
    told(bench.workers, ledger.count_anew)
    assert counted(bench)["notification"] == MANY
    assert times(bench) == before


def test_of_many_that_come_at_once_one_counts_and_the_others_go_on(bench: Bench, database_url: str) -> None:
    put_in(bench)
    before = times(bench)

    def look(_: int) -> None:
        with Database(database_url, limits={"statement_timeout": "20s"}) as worker:
            told(worker, ledger.count_anew)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(look, range(8)))
    assert counted(bench) == {"message": MANY, "notification": MANY}
    assert times(bench) == before + 1


def test_it_is_counted_beside_transactions_that_stay_open(bench: Bench, database_url: str) -> None:
    """A dump, which looks at the past, and an application that has put in something and not committed it."""
    with Database(database_url) as others, others.engine.connect() as dump, others.begin() as application:
        dump = dump.execution_options(isolation_level="REPEATABLE READ")
        dump.execute(text("SELECT count(*) FROM message"))
        bench.notifier.enqueue(otp(), session=application)
        put_in(bench)
        with bench.workers.begin() as session:
            session.execute(text("SET LOCAL statement_timeout = '20s'"))
            ledger.count_anew(session)
        assert counted(bench) == {"message": MANY, "notification": MANY}


def test_codes_of_a_producer_that_stays_walk_over_nothing_while_others_put_in_many(bench: Bench) -> None:
    """Its plans are of when there was nothing, and Postgres has just counted nothing again."""
    for place in range(12):
        bench.put(otp(f"0904{place:06}"))
    outside(bench.database, "DELETE FROM notification")
    put_in(bench)
    for each in (bench.database, bench.notifier._database):  # what they looked at before is counted now, not later
        told(each, lambda session: session)
    before = walked(bench.database)
    for place in range(20):
        bench.put(otp(f"0905{place:06}"), reference=str(place), source="shop")
    told(bench.notifier._database, lambda session: session)
    assert walked(bench.database) - before < MANY  # not once over all of them
