"""Redis goes away while everybody is at work: nobody waits for it then, so somebody must see it afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest
from redis import Redis

from tests.faults.killing import How
from tests.faults.link import Link
from tests.faults.processes import Crew, environ_of
from tests.faults.stock import Stock
from tests.support import Bench, eventually
from worker import Notifier
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
