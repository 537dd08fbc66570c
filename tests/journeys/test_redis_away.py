"""Redis goes away while everybody is at work, or has no memory left: nothing that it held is lost, nobody goes deaf."""

from __future__ import annotations

from pathlib import Path

import pytest
from celery import Celery
from redis import Redis
from sqlalchemy import text

from tests.faults.killing import How
from tests.faults.link import Link
from tests.faults.processes import Crew, environ_of
from tests.faults.stock import Stock
from tests.support import Bench, eventually
from worker import Notifier, SmsType
from worker.devkit.valkey import Valkey

pytestmark = [pytest.mark.long, pytest.mark.journey]

SEEN = ("Couldn't ack", "Connection to broker lost")


def test_a_worker_whose_task_ended_while_redis_was_away_hears_the_next_bell(
    bench: Bench, database_url: str, tmp_path: Path
) -> None:
    said: list[str] = []
    with Valkey(tmp_path / "valkey", durable=False) as valkey, Link(bench.simulator.address) as link:
        environ = environ_of(database_url, valkey.url, link, tmp_path)
        crew = Crew(environ, tmp_path, link, workers={"work": 1}, beats=0, said=said.append)
        with crew, Notifier.from_env(environ) as notifier:
            crew.strike_at("claim after commit", How.FREEZE)
            stock = Stock(notifier, "away")
            stock.hand_over(stock.sms(1))
            eventually(lambda: crew.orders.landed())
            with Redis.from_url(valkey.url) as redis:
                eventually(lambda: redis.hlen("unacked") == 1)
            valkey.stop()
            crew.wake("work")
            eventually(lambda: any(words in line for line in said for words in SEEN))
            valkey.start()
            stock.hand_over(stock.sms(1))
            eventually(lambda: len(bench.simulator.ledger().sms) == 2)


def test_what_a_worker_takes_from_a_redis_without_memory_is_done_and_the_worker_stays(
    bench: Bench, database_url: str, tmp_path: Path
) -> None:
    with Valkey(tmp_path / "valkey", durable=False) as valkey, Link(bench.simulator.address) as link:
        environ = environ_of(database_url, valkey.url, link, tmp_path)
        crew = Crew(environ, tmp_path, link, workers={"work": 1}, beats=0, said=lambda _: None)
        with crew, Notifier.from_env(environ) as notifier, Redis.from_url(valkey.url) as redis:
            crew.freeze("work")
            stock = Stock(notifier, "full", first=800)
            with Celery("an-app", broker=valkey.url, set_as_current=False) as app:
                stock.by_task(app, 3)
            redis.config_set("maxmemory", 1)
            crew.wake("work")
            eventually(lambda: stored(bench) == 3)
            redis.config_set("maxmemory", 0)
            stock.hand_over(stock.sms(1, SmsType.NOTIFY))
            eventually(lambda: len(bench.simulator.ledger().sms) == 4)
            assert crew.workers["work"].alive


def stored(bench: Bench) -> int:
    with bench.database.begin() as session:
        return int(session.scalar(text("SELECT count(*) FROM message")) or 0)
