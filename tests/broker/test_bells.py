"""Who hears a bell: the task that was rung, or another that listens while it waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from celery.beat import Scheduler
from redis import Redis

from worker.bell import Bell, mark_of
from worker.lifecycle import Lane
from worker.queues import Task, configuration, make_app
from worker.settings import Pace, Settings

URGENT = Task.DELIVER_URGENT
WAITS = 60_000  # milliseconds


@pytest.fixture
def bell(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bell]:
    """Who waits, and what was rung, is believed for long: the test may be slow."""
    monkeypatch.setattr("worker.bell.WAITS", WAITS)
    monkeypatch.setattr("worker.bell.RUNG", 10 * WAITS)
    with Redis.from_url(redis_url) as redis:
        redis.flushdb()
    bell = Bell(redis_url, redis_url)
    yield bell
    bell.close()


def tasks_rung(redis_url: str) -> int:
    with Redis.from_url(redis_url) as redis:
        return int(redis.llen("urgent"))


def moments_pass(redis_url: str) -> None:
    """As many as somebody is believed to wait: Redis keeps everything for so much less."""
    with Redis.from_url(redis_url) as redis:
        for key in redis.scan_iter("esms-worker:*"):
            if (left := redis.pttl(key)) > 0:  # what nothing takes away stays
                redis.pexpire(key, left - WAITS)


def test_a_bell_that_was_overheard_is_answered_once(bell: Bell) -> None:
    bell.ring({Lane.URGENT})
    assert bell.overhear(URGENT)
    assert not bell.overhear(URGENT)
    assert not bell.answer(URGENT)
    assert bell.answer(URGENT), "beat's, or one whose bell nobody overheard"


def test_a_task_knows_whether_somebody_has_rung_or_only_beat(bell: Bell) -> None:
    bell.ring({Lane.URGENT})
    assert (bell.answer(URGENT), bell.was_rung) == (True, True)
    assert (bell.answer(URGENT), bell.was_rung) == (True, False)
    assert (bell.answer(Task.POLL), bell.was_rung) == (True, False)


@pytest.mark.parametrize("hear", [Bell.answer, Bell.overhear])
def test_that_a_bell_was_rung_is_known_for_some_moments_after_it_was_heard(
    bell: Bell, hear: Callable[[Bell, Task], object]
) -> None:
    hear(bell, URGENT)  # beat's, which nobody rang
    assert not bell.was_rung_lately(URGENT)
    bell.ring({Lane.URGENT})
    hear(bell, URGENT)
    assert [bell.was_rung_lately(task) for task in (URGENT, Task.DELIVER)] == [True, False]


def test_without_redis_nobody_can_tell_whether_a_bell_was_rung() -> None:
    assert not Bell("amqp://127.0.0.1", None).was_rung_lately(URGENT)


def test_what_is_rung_after_it_was_overheard_is_rung_anew(bell: Bell, redis_url: str) -> None:
    for _ in range(2):
        bell.ring({Lane.URGENT})
        assert bell.overhear(URGENT)
    assert tasks_rung(redis_url) == 2
    assert [bell.answer(URGENT) for _ in range(3)] == [False, False, True]


def test_no_task_is_rung_while_somebody_waits_who_hears_the_bell(bell: Bell, redis_url: str) -> None:
    for _ in range(2):
        assert bell.overhear(URGENT, wait=True) is False
        bell.ring({Lane.URGENT})
        bell.ring({Lane.URGENT})
        assert bell.overhear(URGENT, wait=True)
    assert tasks_rung(redis_url) == 0
    assert (bell.answer(URGENT), bell.was_rung) == (True, False)


@pytest.mark.parametrize("rung", [False, True])
def test_who_asks_without_waiting_on_is_counted_on_no_longer(bell: Bell, redis_url: str, rung: bool) -> None:
    bell.overhear(URGENT, wait=True)
    bell.ring({Lane.URGENT} if rung else set())
    assert bell.overhear(URGENT) is rung
    bell.ring({Lane.URGENT})
    assert tasks_rung(redis_url) == 1


def test_nobody_waits_for_a_bell_that_was_rung_already(bell: Bell, redis_url: str) -> None:
    bell.ring({Lane.URGENT})
    assert bell.overhear(URGENT, wait=True)
    bell.ring({Lane.URGENT})
    assert tasks_rung(redis_url) == 2
    assert [bell.answer(URGENT) for _ in range(2)] == [False, True]


def test_who_waits_and_dies_is_forgotten_once_beat_has_rung(bell: Bell, redis_url: str) -> None:
    bell.overhear(URGENT, wait=True)
    bell.ring({Lane.URGENT})
    assert tasks_rung(redis_url) == 0
    assert bell.answer(URGENT), "beat's"
    bell.ring({Lane.URGENT})
    assert tasks_rung(redis_url) == 1


def test_who_waits_is_believed_for_moments_only(bell: Bell, redis_url: str) -> None:
    bell.overhear(URGENT, wait=True)
    moments_pass(redis_url)
    bell.ring({Lane.URGENT})
    assert tasks_rung(redis_url) == 1


def test_a_bell_that_is_overheard_late_spares_no_task_since_none_was_rung(bell: Bell, redis_url: str) -> None:
    bell.overhear(URGENT, wait=True)
    bell.ring({Lane.URGENT})
    moments_pass(redis_url)
    assert bell.overhear(URGENT)
    assert bell.answer(URGENT)


def test_the_task_of_a_producer_of_the_former_release_is_overheard_as_before(bell: Bell, redis_url: str) -> None:
    bell.overhear(URGENT, wait=True)
    with Redis.from_url(redis_url) as redis:
        redis.set(mark_of(URGENT), 1, nx=True)
    assert bell.overhear(URGENT)
    assert [bell.answer(URGENT) for _ in range(2)] == [False, True]


def test_who_waits_for_codes_hears_nothing_of_others(bell: Bell, redis_url: str) -> None:
    bell.overhear(URGENT, wait=True)
    bell.ring({Lane.BULK})
    bell.again(URGENT)
    with Redis.from_url(redis_url) as redis:
        assert (redis.llen("deliver"), redis.llen("urgent")) == (1, 1), "who rings again wants a task"


def test_without_a_redis_nobody_overhears_and_every_task_looks() -> None:
    bell = Bell("redis://127.0.0.1:1/0", "redis://127.0.0.1:1/0")
    assert bell.answer(URGENT)
    assert not bell.overhear(URGENT)
    assert bell.overhear(URGENT, wait=True) is None
    assert Bell(None, None).answer(URGENT)
    assert Bell(None, None).overhear(URGENT, wait=True) is None


def test_beat_rings_each_of_its_bells_within_a_tick_and_no_two_at_once() -> None:
    environ = {"DATABASE_URL": "postgresql+psycopg://u@h/d", "REDIS_URL": "redis://h"}
    pace = Pace.from_environ({"WORKER_TICK": "10"})
    app = make_app(lambda: configuration(Settings.from_environ(environ), pace))
    entries = Scheduler(app).schedule.values()
    waits = sorted(0.0 if due else wait for due, wait in (entry.is_due() for entry in entries))
    assert waits[-1] < 10
    assert min(later - sooner for sooner, later in pairwise(waits)) > 1
