"""A beat that Redis lets not ring looks for it each tick, says so in one line, and is heard once Redis takes it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest
from redis import Redis

from tests.faults.refusing import Slow, Trouble, a_replica, loading, no_memory, refusing
from tests.support import eventually
from worker.broker import guard_transports
from worker.broker.beat import Scheduler
from worker.queues import configuration, make_app
from worker.settings import Pace, Settings

TICKS = 9  # in vain: as Celery looks, they take longer than a test waits

pytestmark = pytest.mark.long


@pytest.fixture
def valkey(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Slow]:
    guard_transports()
    monkeypatch.setenv("WORKER_TICK", "1")
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/none")
    with Slow(tmp_path / "valkey", durable=False) as valkey:
        monkeypatch.setenv("REDIS_URL", valkey.url)
        yield valkey


@contextmanager
def beating() -> Iterator[None]:
    """A beat from now on, as its process has one."""
    over = Event()

    def beat(scheduler: Scheduler) -> None:
        while not over.is_set():
            over.wait(scheduler.tick())

    with make_app() as app:
        app.conf.update(configuration(Settings.from_environ(), Pace.from_environ()))
        thread = Thread(target=beat, args=[Scheduler(app)])
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


def rung(valkey: Slow) -> int:
    with Redis.from_url(valkey.url) as redis:
        return int(redis.llen("housekeeping"))


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records if each.levelname in ("WARNING", "ERROR")]


@pytest.mark.parametrize("trouble", [a_replica, no_memory, loading])
def test_it_is_heard_soon_after_redis_takes_something_again(
    trouble: Trouble, valkey: Slow, caplog: pytest.LogCaptureFixture
) -> None:
    with ExitStack() as stack:
        with refusing(valkey, trouble):
            stack.enter_context(beating())
            eventually(lambda: len(told(caplog)) >= TICKS)
        eventually(lambda: rung(valkey) > 0)
    assert all(each.startswith("ring.failed error=") and "\n" not in each for each in told(caplog))
