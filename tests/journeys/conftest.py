"""Real Celery worker and beat processes, as `esms-worker up` starts them, on this xdist worker's own servers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis

from tests import canary
from tests.support import Bench, as_producer, as_worker
from worker.api.notifier import Notifier
from worker.cli.up import Installation, start_apps, stop_together
from worker.devkit.simulator import Running
from worker.settings import environment

QUICK = {
    "WORKER_TICK": "0.5",
    "WORKER_ASK_AGAIN_AFTER": "0.5",
    "WORKER_POLL_FIRST_AFTER": "0.2",
    "WORKER_SENT_DATA_AFTER": "0.5",
    "WORKER_SENT_DATA_COMPLETE": "0.5",
    "WORKER_DENIED_AFTER": "0.5",
    "WORKER_DENIED_AFTER_BULK": "0.5",
    "WORKER_CONNECT_TIMEOUT": "1",
    "WORKER_READ_TIMEOUT": "2",
    "WORKER_TOTAL_TIMEOUT": "3",
    "WORKER_LEASE": "15",
}

Crew = Callable[..., Installation]


def environ_of(database_url: str, redis_url: str, simulator: Running) -> dict[str, str]:
    """All that a worker process reads."""
    addresses = {
        "DATABASE_URL": as_worker(database_url),
        "REDIS_URL": redis_url,
        "ESMS_BRANDNAME": "sangbrand",
    }
    provider = {"ESMS_REST_URL": simulator.rest_url, "ESMS_VOICE_URL": simulator.voice_url}
    ours = ("WORKER_", "ESMS_", "CELERY_", "DATABASE_", "REDIS_")
    rest = {name: value for name, value in environment().items() if not name.startswith(ours)}
    return rest | addresses | provider | canary.ENVIRON | QUICK


@contextmanager
def crew_at_work(environ: dict[str, str], said: list[str]) -> Iterator[Installation]:
    """An urgent worker, a worker for the rest, and beat."""
    installation = Installation(Path.cwd(), environ, simulated=True)
    try:
        start_apps(installation, 1, tell=lambda part, line: said.append(f"{part}: {line}"))
        yield installation
    finally:
        stop_together(installation.apps)


def environ_of_crew(database_url: str, redis_url: str, simulator: Running) -> dict[str, str]:
    """The workers' environment; the broker is empty."""
    with Redis.from_url(redis_url) as redis:
        redis.flushdb()
    return environ_of(database_url, redis_url, simulator)


def lines_without_keys() -> Iterator[list[str]]:
    """What the crew wrote; no key among it."""
    lines: list[str] = []
    yield lines
    assert not canary.sings("\n".join(lines))


def crew_of(environ: dict[str, str], said: list[str]) -> Iterator[Installation]:
    """At work meanwhile."""
    with crew_at_work(environ, said) as installation:
        yield installation


# Of one test. Where one crew is for all tests of a module, that makes them of itself.
said = pytest.fixture(lines_without_keys)
crew = pytest.fixture(crew_of)


@pytest.fixture
def environ(bench: Bench, database_url: str, redis_url: str) -> dict[str, str]:
    return environ_of_crew(database_url, redis_url, bench.simulator)


@pytest.fixture
def app(environ: dict[str, str]) -> Iterator[Notifier]:
    """An application that enqueues, by the login of its own kind."""
    url = as_producer(environ["DATABASE_URL"])
    with Notifier.from_env(environ | {"DATABASE_URL": url}) as notifier:
        yield notifier
