"""After a fail-over a name leads to another server, and the one of before answers old connections, and refuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import make_url

from tests.faults.hosts import at
from tests.faults.link import Link
from tests.faults.refusing import a_replica, refusing
from tests.support import eventually
from worker.bell import Bell
from worker.devkit.valkey import Valkey
from worker.lifecycle import Lane
from worker.limiter import Limiter
from worker.settings import Rates


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Valkey, Valkey]]:
    """The primary of before, and the one afterwards, with the same password."""
    with Valkey(tmp_path / "old", durable=False) as old, Valkey(tmp_path / "new", durable=False) as new:
        with Redis.from_url(new.url) as redis:
            redis.config_set("requirepass", str(make_url(old.url).password))
        yield old, new


def rung(bell: Bell, redis: Redis) -> int:
    """How many bells there are, after one more try."""
    bell.ring({Lane.NORMAL})
    return int(redis.llen("deliver"))


@pytest.mark.long
def test_a_bell_that_was_refused_rings_where_the_name_leads_then(
    pair: tuple[Valkey, Valkey], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = pair
    monkeypatch.setattr("worker.bell.MUTED", 0.0)
    with Link(("127.0.0.1", old.port)) as link, Redis.from_url(at(old.url, ("127.0.0.1", new.port))) as redis:
        url = at(old.url, link.address)
        bell = Bell(url, url)
        bell.ring({Lane.NORMAL})
        link.lead_next_to(("127.0.0.1", new.port))
        with refusing(old, a_replica):
            eventually(lambda: rung(bell, redis))
        bell.close()


def test_a_limiter_that_was_refused_asks_where_the_name_leads_then(
    pair: tuple[Valkey, Valkey], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = pair
    monkeypatch.setattr("worker.limiter.MUTED", 0.0)
    rates = Rates(**dict.fromkeys(("urgent", "normal", "bulk", "voice", "poll")), sends=1000)
    with Link(("127.0.0.1", old.port)) as link, Redis.from_url(at(old.url, ("127.0.0.1", new.port))) as redis:
        limiter = Limiter(at(old.url, link.address), rates, account="account")
        limiter.take("bulk", 1)
        link.lead_next_to(("127.0.0.1", new.port))
        with refusing(old, a_replica):
            eventually(lambda: limiter.take("bulk", 1) and redis.keys("esms-worker:rate:*"))
        limiter.close()
