"""While codes are under way, whatever else is sent leaves them idle cores; and eSMS's answers alone bound it else."""

from __future__ import annotations

import time
from itertools import count
from math import inf
from types import ModuleType

import pytest
from redis import Redis

from tests.support import Bench, eventually, otp
from worker import Sms, SmsType, runtime
from worker.delivery import GivingWay
from worker.delivery.giving_way import ASK_EVERY
from worker.lifecycle import Lane
from worker.queues import Task

CODES, OTHERS, FEW = 40, 40, 5


def others(many: int) -> list[Sms]:
    return [Sms(to=f"09010{n:05d}", content="Don hang", sms_type=SmsType.NOTIFY) for n in range(many)]


@pytest.mark.parametrize(("lane", "many", "bounded"), [(Lane.NORMAL, OTHERS, True), (Lane.URGENT, CODES, False)])
def test_others_are_in_flight_by_as_many_as_codes_leave_them_and_codes_by_any_number(
    bench: Bench, lane: Lane, many: int, bounded: bool
) -> None:
    bench.notifier.enqueue_many(others(many) if bounded else [otp(f"09020{n:05d}") for n in range(many)])
    bench.simulator.set(latency=0.02, magic_numbers=False)
    seen: list[int] = []

    def watch() -> bool:
        seen.append(bench.sending.in_flight)
        return False

    bench.deliver([lane], most_of_others=lambda: FEW, stopping=watch)
    assert len(bench.simulator.ledger().sms) == many
    assert (max(seen) <= FEW) == bounded


def test_a_worker_gives_way_once_a_code_was_rung_for_and_no_longer_when_none_came_for_a_while(
    worker_tasks: ModuleType, redis_url: str
) -> None:
    parts = runtime.current()
    assert parts.giving_way.most() == inf
    parts.bell.ring({Lane.URGENT})
    parts.bell.answer(Task.DELIVER_URGENT)
    eventually(lambda: parts.giving_way.most() == parts.pace.sends_beside_codes)
    with Redis.from_url(redis_url) as redis:
        redis.flushdb()  # or it takes some seconds
    eventually(lambda: parts.giving_way.most() == inf)


def test_whether_codes_come_is_asked_once_a_second_and_not_for_each_send() -> None:
    asked, began = count(), time.monotonic()
    way = GivingWay(lambda: next(asked) >= 0, FEW)
    assert [way.most() for _ in range(1000)] == [FEW] * 1000
    assert next(asked) <= 1 + (time.monotonic() - began) / ASK_EVERY
