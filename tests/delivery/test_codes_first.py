"""A code waits for nothing that could as well be done after it."""

from __future__ import annotations

import pytest
from redis import Redis
from sqlalchemy import event

from tests import canary
from tests.support import Bench, as_worker, otp
from worker import runtime
from worker.lifecycle import Lane


def test_a_task_that_was_rung_for_a_code_asks_whether_it_may_send_and_then_claims_it(
    bench: Bench, database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from worker import tasks

    environ = canary.ENVIRON | {"DATABASE_URL": as_worker(database_url), "REDIS_URL": redis_url}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(runtime, "_current", None)
    with Redis.from_url(redis_url) as redis:
        redis.flushdb()
    tasks.deliver_urgent()  # as beat rings: that somebody listens is noted, the rules are read
    bench.put()
    parts, asked = runtime.current(), list[str]()
    parts.bell.ring({Lane.URGENT})
    event.listen(parts.database.engine, "before_cursor_execute", lambda _, __, statement, *___: asked.append(statement))
    tasks.deliver_urgent()
    assert ["restored_at" in asked[0], "'sending'" in asked[1]] == [True, True], asked[:2]
    parts.database.close()
    parts.bell.close()
