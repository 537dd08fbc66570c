"""Whatever is pushed into the queues: intake goes on, the good ones arrive, nobody dies, what is no task is counted.

`make hostile` does it with 10,000; `ESMS_HOSTILE` says how many.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable

import psutil
import pytest
from redis import Redis
from sqlalchemy import text

from tests.hostile.broker_messages import NO_TASKS, Item, good, hostile
from tests.hostile.floods import Pushed, push_amqp, push_redis
from tests.journeys.test_rabbitmq import rabbitmq, rabbitmq_node
from tests.rabbitmq import SERVER
from tests.support import Bench, eventually
from worker.api.operation import Operation
from worker.cli.up import Installation
from worker.queues import Queue

__all__ = ["rabbitmq", "rabbitmq_node"]

pytestmark = [pytest.mark.journey, pytest.mark.long, pytest.mark.timeout(1200)]

COUNT = int(os.environ.get("ESMS_HOSTILE", "500"))
PATIENCE = 60 + COUNT / 10  # seconds
GROWTH_MOST = 150 * 1024**2  # bytes by which a process may have grown


def flood(push: Callable[[Pushed], None], crew: Installation, bench: Bench, said: list[str]) -> None:
    """Hostile ones into every queue, a good one among each ten into `enqueue`; everybody must outlive it."""
    parents = {app.name: app.pid for app in crew.apps}
    before = {process.pid: process.memory_info().rss for process in family(crew)}
    wanted = [f"good-{number}" for number in range(COUNT // 10)]
    mixed: list[tuple[str, Item]] = list(hostile(COUNT))
    for number, reference in enumerate(wanted):
        mixed.insert(number * 11, ("enqueue", good(reference)))
    push(mixed)
    eventually(lambda: arrived(bench) == len(wanted), within=PATIENCE)
    assert {app.name: app.pid for app in crew.apps if app.alive} == parents
    assert {process.pid for process in family(crew)} == set(before), "a process of a pool died"
    assert not [line for line in said if "Traceback" in line]
    grown = max(process.memory_info().rss - before[process.pid] for process in family(crew))
    assert grown < GROWTH_MOST
    sys.stdout.write(f"tried {len(mixed):,}, died 0, a process grew by {grown / 1024**2:.0f} MB at most\n")


def family(crew: Installation) -> list[psutil.Process]:
    """Every worker process, and beat."""
    parents = [psutil.Process(app.pid) for app in crew.apps if app.pid]
    return [process for parent in parents for process in [parent, *parent.children(recursive=True)]]


def arrived(bench: Bench) -> int:
    with bench.database.begin() as session:
        query = "SELECT count(*) FROM notification WHERE source = 'legacy' AND reference LIKE 'good-%'"
        return int(session.execute(text(query)).scalar_one())


def refused(bench: Bench) -> dict[tuple[str, str], int]:
    operation = Operation(bench.settings, database=bench.database)
    return {(row.queue, row.reason): row.times for row in operation.refused()}


def left(redis_url: str) -> list[str]:
    """What waits in the queues, by name and number, and each task that nobody has acknowledged."""
    with Redis.from_url(redis_url) as redis:
        waiting = {queue.value: redis.llen(queue.value) for queue in Queue}
        open_tasks = [str(json.loads(each)[0]["headers"].get("task")) for each in redis.hvals("unacked")]
    return [f"{number} in {queue}" for queue, number in waiting.items() if number] + open_tasks


def come_to_rest(crew: Installation, redis_url: str, within: float) -> None:
    """Everything that was pushed is done with. Beat stops first: on a busy machine some tick of it is always open."""
    [beat] = [app for app in crew.apps if app.name == "beat"]
    beat.stop()
    eventually(lambda: not left(redis_url), within=within, tell=lambda: left(redis_url))


def test_what_is_pushed_into_redis_stops_nobody(
    crew: Installation, bench: Bench, redis_url: str, said: list[str]
) -> None:
    flood(lambda pushed: push_redis(redis_url, pushed), crew, bench, said)
    come_to_rest(crew, redis_url, within=PATIENCE)


def test_each_that_is_no_task_is_counted_once(crew: Installation, bench: Bench, redis_url: str) -> None:
    push_redis(redis_url, [("enqueue", item) for item in NO_TASKS.values()])
    eventually(lambda: sum(refused(bench).values()) == len(NO_TASKS))
    come_to_rest(crew, redis_url, within=PATIENCE)
    assert sum(refused(bench).values()) == len(NO_TASKS)
    assert {queue for queue, _ in refused(bench)} == {"enqueue"}


@pytest.mark.skipif(SERVER is None, reason="no rabbitmq-server here")
@pytest.mark.xdist_group("rabbitmq")
class TestRabbitMQ:
    """The same by RabbitMQ."""

    @pytest.fixture
    def environ(self, environ: dict[str, str], rabbitmq: str) -> dict[str, str]:
        return environ | {"CELERY_BROKER_URL": rabbitmq}

    def test_what_is_pushed_into_rabbitmq_stops_nobody(
        self, crew: Installation, bench: Bench, environ: dict[str, str], said: list[str]
    ) -> None:
        flood(lambda pushed: push_amqp(environ["CELERY_BROKER_URL"], pushed), crew, bench, said)
