"""At DEBUG, too, no library in a worker says a number or a text of what came by the broker."""

from __future__ import annotations

import sys

import pytest
from celery import Celery
from sqlalchemy import text

from tests.hostile.broker_messages import NO_TASKS
from tests.hostile.floods import push_redis
from tests.support import Bench, eventually
from worker.devkit.processes import Child

pytestmark = [pytest.mark.long, pytest.mark.journey]

WORKER = ["-m", "celery", "-A", "worker.tasks", "--quiet", "worker", "-Q", "enqueue", "-c", "1", "--loglevel=DEBUG"]


def test_a_worker_at_debug_says_no_number_and_no_text(environ: dict[str, str], bench: Bench, redis_url: str) -> None:
    said: list[str] = []
    ready = lambda _: any("process.ready" in line for line in said)  # noqa: E731
    with Child("intake", [sys.executable, *WORKER], env=environ, on_line=said.append, ready=ready, ready_within=60):
        with Celery("another-app", broker=redis_url, set_as_current=False) as other:
            secret = {"to": "0912345678", "content": "mat thu 31"}
            other.send_task("worker.enqueue_sms", kwargs=secret | {"sms_type": 7, "reference": "r"}, queue="enqueue")
            other.send_task("worker.enqueue_sms", kwargs=secret | {"a\nERROR forged": "x"}, queue="enqueue")
            other.send_task("worker.enqueue_sms", kwargs=secret | {"sms_type": "0912345678" * 500}, queue="enqueue")
            other.send_task("worker.enqueue_sms", args=["0912345678", "mat thu 31"], queue="enqueue")
            push_redis(redis_url, [("enqueue", item) for item in NO_TASKS.values()])
            other.send_task("worker.enqueue_sms", kwargs=secret | {"sms_type": 7, "reference": "last"}, queue="enqueue")
        eventually(lambda: there(bench, "last"))
    told = "\n".join(said)
    assert "intake.refused" in told
    assert any("DEBUG" in line for line in said)
    words = ("0912345678", "912345678", "mat thu 31")
    assert [line for line in said if any(word in line for word in words)] == []
    assert not [line for line in said if line.startswith("ERROR forged")]
    assert max(map(len, said)) < 3000


def there(bench: Bench, reference: str) -> bool:
    with bench.database.begin() as session:
        return bool(session.execute(text("SELECT 1 FROM notification WHERE reference = :r"), {"r": reference}).first())
