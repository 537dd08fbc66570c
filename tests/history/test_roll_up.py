"""The fold: by two at once, after a dump was restored elsewhere, and of what a person decided about."""

from __future__ import annotations

from threading import Barrier, Thread

from sqlalchemy import text

from tests.history.sums import ZONE, by_status, daily, fold_all, latency, raw
from tests.history.test_settlements import rows, send
from tests.support import Bench, otp
from worker import ledger
from worker.api.decisions import Answer
from worker.lifecycle import Status


def test_a_held_message_that_is_sent_again_is_held_in_no_days_sums_any_more(bench: Bench) -> None:
    ticket = bench.put()
    send(bench, Status.HELD, reason="test")
    yesterday = "wanted_at = wanted_at - interval '1 day', created_at = created_at - interval '1 day'"
    bench.set(ticket, **dict(each.split(" = ") for each in yesterday.split(", ")))
    fold_all(bench.database)
    assert by_status(bench.database) == {"held": 1}
    [held] = bench.notifier.held.list()
    bench.notifier.held.resolve(held.id, Answer.SEND_AGAIN)
    fold_all(bench.database)
    assert by_status(bench.database) == {"queued": 1}
    with bench.database.begin() as session:
        assert daily(session) == raw(session)
    assert rows(bench.database, "SELECT status FROM attempt") == [("held",)]


def test_any_number_that_fold_at_once_add_each_settlement_up_once(bench: Bench) -> None:
    bench.notifier.enqueue(otp([f"09{n:08}" for n in range(300)]))
    start, errors = Barrier(3), list[Exception]()
    threads = [Thread(target=_fold, args=(bench, start, errors)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    fold_all(bench.database)
    assert (errors, by_status(bench.database)) == ([], {"queued": 300})


def _fold(bench: Bench, start: Barrier, errors: list[Exception]) -> None:
    start.wait()
    try:
        for _ in range(100):
            with bench.database.begin() as session:
                ledger.fold(session, ZONE, most=7)
    except Exception as error:  # noqa: BLE001 — the test tells
        errors.append(error)


def test_a_dump_that_was_restored_on_another_server_comes_to_the_same_sums(bench: Bench) -> None:
    """There, the transactions of its settlements have not been yet, or were others'."""
    bench.notifier.enqueue(otp([f"09{n:08}" for n in range(30)]))
    bench.deliver()
    fold_all(bench.database)
    with bench.database.begin() as session:
        before = daily(session), latency(session)
        elsewhere = "CASE WHEN id % 2 = 0 THEN transaction + 1000000000 ELSE transaction / 2 + 3 END"
        session.execute(text(f"UPDATE settlement SET transaction = {elsewhere}"))
        session.execute(text("UPDATE roll_up SET server = 1"))
    fold_all(bench.database, most=20)
    bench.put(otp("0909999999"))
    fold_all(bench.database, most=20)
    with bench.database.begin() as session:
        assert daily(session) == raw(session)
        assert sum(daily(session).values()) == sum(before[0].values()) + 1
        assert latency(session) == before[1]
