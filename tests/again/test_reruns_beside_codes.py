"""A rerun gives way to codes, by no more than three quarters of its time; and to nothing where none are under way."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

import pytest
from redis import Redis
from sqlalchemy import text

from tests.support import Bench, eventually
from worker import Failed, Sms, SmsType, again, ledger, runtime
from worker.api.operation import Operation
from worker.bell import mark_of
from worker.lifecycle import Lane
from worker.queues import Task

GO_ON = (
    "UPDATE message SET status = 'delivered', accepted_at = now(), settled_at = now() WHERE status = 'queued'",
    "UPDATE rerun SET state = 'going', look_at = now()",
)


def going(bench: Bench, failed: int, campaign: str = "tet") -> None:
    """So many failed, the first hundred of them have arrived, and the rest is to follow."""
    sms = [Sms(to=f"09010{n:05d}", content="Don hang", sms_type=SmsType.NOTIFY) for n in range(failed)]
    bench.notifier.enqueue_many(sms, campaign=campaign)
    execute(bench, "UPDATE message SET status = 'undelivered', settled_at = now() WHERE status = 'queued'")
    assert bench.notifier.again.retry(Failed(campaign=campaign)).rest == failed - 100
    execute(bench, *GO_ON)


def execute(bench: Bench, *statements: str) -> None:
    with bench.database.begin() as session:
        for statement in statements:
            session.execute(text(statement))


def queued(bench: Bench) -> int:
    with bench.database.begin() as session:
        return int(session.scalar(text("SELECT count(*) FROM message WHERE status = 'queued'")) or 0)


@pytest.fixture
def of_twenty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("worker.again.reruns"), "BESIDE_CODES", 20)


@pytest.mark.usefixtures("of_twenty")
def test_while_codes_are_under_way_a_step_is_short_and_the_rerun_rests_after_it(bench: Bench) -> None:
    going(bench, 150)
    went = again.go_on(bench.database, bench.settings, codes_come=lambda: True)
    assert (queued(bench), went.more, went.rest > 0) == (20, True, True)


@pytest.mark.usefixtures("of_twenty")
def test_while_there_are_none_it_goes_on_at_once_and_with_all_that_a_step_takes(bench: Bench) -> None:
    going(bench, 150)
    went = again.go_on(bench.database, bench.settings, codes_come=lambda: False)
    assert (queued(bench), went) == (50, again.Went(more=True, lanes=frozenset({Lane.NORMAL})))


@pytest.mark.usefixtures("of_twenty")
def test_codes_that_never_cease_do_not_keep_it_from_its_end(bench: Bench) -> None:
    going(bench, 150)

    def is_over() -> bool:
        again.go_on(bench.database, bench.settings, codes_come=lambda: True)
        return queued(bench) == 50

    eventually(is_over)


def test_while_one_rests_nobody_goes_on_with_another_and_no_clock_makes_it_rest_for_ever(bench: Bench) -> None:
    going(bench, 102, "tet")
    going(bench, 102, "sale")
    rests = "UPDATE rerun SET look_at = now() + interval '{}' WHERE chosen ->> 'campaign' = 'tet'"
    with bench.database.begin() as session:  # by one clock
        session.execute(text(rests.format("0.4 s")))
        assert ledger.next_rerun(session) is None
        session.execute(text(rests.format("1 hour")))
        found = ledger.next_rerun(session)
    assert found and found.chosen["campaign"] == "sale"


def test_a_worker_learns_of_codes_by_their_bell_and_rings_for_none_that_it_did_not_queue(
    bench: Bench, redis_url: str, worker_tasks: ModuleType
) -> None:
    going(bench, 150)
    with Redis.from_url(redis_url) as redis:
        redis.flushdb()
        parts = runtime.current()
        parts.bell.ring({Lane.URGENT})
        assert parts.bell.overhear(Task.DELIVER_URGENT)
        worker_tasks.send_again()
        assert [bool(redis.exists(mark_of(task))) for task in (Task.DELIVER_URGENT, Task.DELIVER)] == [False, True]
    assert (queued(bench), parts.bell.was_rung_lately(Task.DELIVER_URGENT)) == (50, True)


def rename(bench: Bench, table: str, to: str) -> None:
    with bench.database.begin() as session:
        session.execute(text(f"ALTER TABLE {table} RENAME TO {to}"))


def test_what_fails_at_one_kind_of_sending_again_is_told_and_keeps_no_other_waiting(
    bench: Bench, worker_tasks: ModuleType
) -> None:
    going(bench, 150)
    operation = Operation(bench.settings, database=bench.database)
    rename(bench, "sweep", "sweep_away")
    try:
        worker_tasks.send_again()
        assert queued(bench) == 50
        [trouble] = operation.troubles()
        assert trouble.startswith("go on with sweeps (since ")
    finally:
        rename(bench, "sweep_away", "sweep")
    worker_tasks.send_again()
    assert operation.troubles() == []
