"""Redis answers and takes nothing: a replica after a fail-over, a full disk, too few replicas, one that still reads its
data. Workers bear with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from celery import Celery
from redis import Redis
from sqlalchemy import text

from tests.faults.link import Link
from tests.faults.processes import Crew, environ_of
from tests.faults.refusing import Slow, Trouble, a_full_disk, a_replica, loading, no_memory, refusing, too_few_replicas
from tests.faults.stock import Stock
from tests.support import Bench, eventually
from worker import Notifier
from worker.devkit.valkey import Valkey

pytestmark = [pytest.mark.long, pytest.mark.journey]


@pytest.mark.parametrize("trouble", [a_replica, a_full_disk, too_few_replicas, loading])
def test_workers_stay_and_go_on_when_redis_takes_something_again(
    trouble: Trouble, bench: Bench, database_url: str, tmp_path: Path
) -> None:
    said: list[str] = []
    with installed(bench, database_url, tmp_path, said) as (valkey, crew, stock), crew:
        stock.hand_over(stock.sms(1))
        eventually(lambda: len(bench.simulator.ledger().sms) == 1)
        before = [child.pid for child in crew.all]
        with refusing(valkey, trouble):
            stock.hand_over(stock.sms(2))
            eventually(lambda: any("work:" in line and "Trying" in line for line in said))
        by_task(stock, valkey, 3)
        eventually(lambda: len(bench.simulator.ledger().sms) == 6)
        assert [child.pid for child in crew.all if child.alive] == before
        with Redis.from_url(valkey.url) as redis:
            eventually(lambda: redis.hlen("unacked") == 0)


def test_a_worker_that_starts_while_redis_has_no_memory_takes_the_tasks_that_fill_it(
    bench: Bench, database_url: str, tmp_path: Path
) -> None:
    with installed(bench, database_url, tmp_path, []) as (valkey, crew, stock):
        with crew:
            by_task(stock, valkey, 1)
            eventually(lambda: len(bench.simulator.ledger().sms) == 1)
        by_task(stock, valkey, 3)
        with refusing(valkey, no_memory), crew:
            eventually(lambda: stored(bench) == 4)


def stored(bench: Bench) -> int:
    with bench.database.begin() as session:
        return int(session.scalar(text("SELECT count(*) FROM message")) or 0)


@contextmanager
def installed(bench: Bench, database_url: str, folder: Path, said: list[str]) -> Iterator[tuple[Valkey, Crew, Stock]]:
    """A worker and a beat that are to be started, a Redis, and what is handed over."""
    with Slow(folder / "valkey", durable=False) as valkey, Link(bench.simulator.address) as link:
        environ = environ_of(database_url, valkey.url, link, folder)
        with Notifier.from_env(environ) as notifier:
            crew = Crew(environ, folder, link, workers={"work": 2}, beats=1, said=said.append)
            yield valkey, crew, Stock(notifier, "taken", first=800)


def by_task(stock: Stock, valkey: Valkey, count: int) -> None:
    """As an application does that has only the broker."""
    with Celery("an-app", broker=valkey.url, set_as_current=False) as app:
        stock.by_task(app, count)
